"""A migration that meets posts gives way to them, and is done in the end."""

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from psycopg.errors import DeadlockDetected
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from backend.migrations import patience
from backend.migrations.patience import patiently


@pytest.fixture
def engine(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(patience, "PAUSE_S", (0.05, 0.1))
    monkeypatch.setattr(patience, "LOCK_TIMEOUT_S", 1)
    engine = create_engine(app.config["DATABASE_OWNER_URL"])
    with engine.begin() as connection:
        connection.execute(text("create table patience_a (n int); create table patience_b (n int)"))
    yield engine
    with engine.begin() as connection:
        connection.execute(text("drop table patience_a; drop table patience_b"))
    engine.dispose()


def lock(connection: Connection, table: str) -> None:
    connection.execute(text(f"lock table {table} in access exclusive mode"))


@pytest.mark.slow
def test_it_waits_for_who_holds_the_table(engine: Engine) -> None:
    holder = engine.connect()
    lock(holder, "patience_a")
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        if len(tries) == 2:
            holder.rollback()
        connection.execute(text("alter table patience_a add column more int"))

    patiently(engine, work)
    holder.close()
    assert len(tries) == 2


# PostgreSQL looks for a deadlock once, after a second of waiting.
HAS_WAITED = text("""
    select from pg_locks where not granted and relation = 'patience_a'::regclass
    and waitstart < clock_timestamp() - interval '2 s'
""")


@pytest.mark.slow
def test_a_deadlock_ends_one_try_and_not_the_migration(engine: Engine) -> None:
    """Each holds what the other wants; PostgreSQL ends whoever came to wait last."""
    faults: list[type[BaseException]] = []

    def hold_the_other() -> None:
        with engine.connect() as connection:
            lock(connection, "patience_b")
            lock(connection, "patience_a")

    other = threading.Thread(target=hold_the_other)

    def work(connection: Connection) -> None:
        connection.execute(text("set local lock_timeout = '20s'"))  # it must be the deadlock
        lock(connection, "patience_a")
        if not faults:
            other.start()
            while other.is_alive() and connection.execute(HAS_WAITED).first() is None:
                time.sleep(0.05)
        try:
            connection.execute(text("alter table patience_b add column more int"))
        except OperationalError as error:
            faults.append(type(error.orig))
            raise

    patiently(engine, work)
    other.join()
    assert faults == [DeadlockDetected]
    with engine.connect() as connection:
        connection.execute(text("select more from patience_b"))


def test_what_is_wrong_in_itself_is_not_tried_again(engine: Engine) -> None:
    tries: list[int] = []

    def work(connection: Connection) -> None:
        tries.append(1)
        connection.execute(text("alter table nowhere add column more int"))

    with pytest.raises(ProgrammingError):
        patiently(engine, work)
    assert len(tries) == 1


@pytest.mark.slow
def test_patience_has_an_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TRIES", 2)
    with engine.connect() as holder:
        lock(holder, "patience_a")
        with pytest.raises(OperationalError):
            patiently(engine, lambda connection: lock(connection, "patience_a"))
