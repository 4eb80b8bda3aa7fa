"""Connections for statements that are transactions of their own: lent, bounded, never dead."""

import pytest
from flask import Flask
from sqlalchemy.exc import IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from backend.database.extensions import db, fetch_autocommit
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
        [first], [again] = fetch_autocommit(MINE, {}), fetch_autocommit(MINE, {})
        assert first == again
        with db.engine.connect() as other:
            other.exec_driver_sql(END, first)
            while other.exec_driver_sql(
                "select from pg_stat_activity where pid = %(pid)s", first
            ).all():
                other.rollback()  # or it would see the same activity again
        assert fetch_autocommit(MINE, {}) != [first]


def test_no_more_are_opened_than_may_be(app: Flask) -> None:
    with app.app_context():
        few = Connections(db.engine, most=1, wait_s=0.01)
        with few.cursor(), pytest.raises(PoolTimeout), few.cursor():
            pass
        with few.cursor() as cursor:
            assert cursor.execute("select 1 as one").fetchall() == [{"one": 1}]
        db.engine.dispose()
        assert cursor.connection.closed
