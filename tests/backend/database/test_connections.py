"""Connections for statements that are transactions of their own: lent, bounded, never dead."""

import subprocess
import sys
import threading
import time

import pytest
from flask import Flask
from psycopg import OperationalError
from psycopg_pool import PoolTimeout
from sqlalchemy.exc import IntegrityError

from backend.database.extensions import db, fetch, fetch_autocommit
from backend.database.pool import Connections

MINE = "select pg_backend_pid() as pid"
END = "select pg_terminate_backend(%(pid)s) as ended"


def test_a_statement_is_committed_on_return(app: Flask) -> None:
    with app.app_context():
        fetch_autocommit("insert into demo_months values ('2026-10') returning month", {})
        with pytest.raises(IntegrityError):
            fetch_autocommit("insert into demo_months values ('2026-10') returning month", {})
        assert fetch_autocommit("select month from demo_months", {}) == [{"month": "2026-10"}]


def test_a_connection_is_lent_again_unless_it_has_died(app: Flask) -> None:
    with app.app_context():
        one = pool(most=1, wait_s=5)
        first = pid_of(one)
        assert pid_of(one) == first
        with db.engine.connect() as other:
            other.exec_driver_sql(END, {"pid": first})
            while other.exec_driver_sql(
                "select from pg_stat_activity where pid = %(pid)s", {"pid": first}
            ).all():
                other.rollback()  # or it would see the same activity again
        assert pid_of(one) != first
        db.engine.dispose()


def test_no_more_are_opened_than_may_be(app: Flask) -> None:
    with app.app_context():
        few = pool(most=1)
        with few.connection(), pytest.raises(PoolTimeout), few.connection():
            pass
        with few.connection() as connection:
            assert connection.execute("select 1 as one").fetchall() == [{"one": 1}]
        db.engine.dispose()
        assert connection.closed
        with few.connection() as another:  # the pool opens again
            assert another is not connection
        db.engine.dispose()


def test_nothing_connects_or_starts_a_thread_before_the_first_statement(app: Flask) -> None:
    with app.app_context():
        before = set(threading.enumerate())
        one = pool(most=1)
        assert set(threading.enumerate()) == before
        with one.connection():
            started = set(threading.enumerate()) - before
        assert started
        db.engine.dispose()
        assert not any(thread.is_alive() for thread in started)


def test_a_connection_that_broke_in_use_is_replaced(app: Flask) -> None:
    with app.app_context():
        one = pool(most=1, wait_s=5)
        with pytest.raises(OperationalError), one.connection() as broken:
            broken.execute(END.replace("%(pid)s", "pg_backend_pid()"))
        with one.connection() as connection:
            assert connection.execute("show random_page_cost").fetchall() == [
                {"random_page_cost": "1.1"}
            ]
        db.engine.dispose()


def test_both_pools_prefer_indexes(app: Flask) -> None:
    with app.app_context():
        for run in (fetch, fetch_autocommit):
            assert run("show random_page_cost", {}) == [{"random_page_cost": "1.1"}]


def test_statements_of_posts_are_planned_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = "select custom_plans from pg_prepared_statements where statement like 'select month%'"
    with app.app_context():
        # One connection, which sees all of them.
        monkeypatch.setitem(app.extensions, "connections", pool(most=1, wait_s=30))
        for n in range(8):  # the driver prepares what it sees often
            fetch_autocommit(
                "select month from demo_months where month = %(month)s", {"month": str(n)}
            )
        assert fetch_autocommit(plans, {}) == [{"custom_plans": 0}]
        db.engine.dispose()


def test_a_database_that_is_away_fails_at_once_and_not_after_the_wait(app: Flask) -> None:
    with app.app_context():
        away = pool(most=2, wait_s=30, host="/nowhere")
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(OperationalError), away.connection():
                pass
            assert time.monotonic() - began < 5
        db.engine.dispose()


def test_a_process_that_never_closes_the_pool_ends_at_once_and_without_a_word(app: Flask) -> None:
    program = f"""
from sqlalchemy import create_engine
from backend.database.pool import Connections
engine = create_engine({app.config["DATABASE_URL"]!r})
pool = Connections(engine, 2, 3, {{}})
with pool.connection() as connection:
    print(connection.execute("select 1 as one").fetchall())
"""
    words = [sys.executable, "-W", "error", "-c", program]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("[{'one': 1}]\n", "", 0)


def pool(most: int, wait_s: float = 0.5, **arguments: str) -> Connections:
    """A pool of a test's own, closed with the engine."""
    return Connections(db.engine, most, wait_s, arguments)


def pid_of(connections: Connections) -> int:
    """The server's process behind the connection that is lent."""
    with connections.connection() as connection:
        [row] = connection.execute(MINE).fetchall()
    return int(row["pid"])
