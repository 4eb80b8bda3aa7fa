"""Record SQL statements, or execute one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Executable, event

from backend.database.extensions import db

# `reasons.category` of a row of measurements, as statements write it out.
CATEGORY = """
    case when cardinality(reasons) > 0 then reasons[1]
        when 'counted_by_admin' = any(marks) then 'counted_by_admin'
        when 'withdrawn' = any(marks) then 'withdrawn'
        when assurance = 'witnessed' then 'counted_witnessed'
        when assurance = 'ticketed' then 'counted_ticketed'
        else 'counted' end
"""


@contextmanager
def recorded_statements(app: Flask) -> Iterator[list[str]]:
    """Yield the list of statements that sessions of an app send."""
    recorded: list[str] = []

    def record(*arguments: Any) -> None:
        recorded.append(arguments[2])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", record)
    try:
        yield recorded
    finally:
        event.remove(engine, "before_cursor_execute", record)


def execute(app: Flask, statement: Executable, values: Any = None) -> None:
    """Execute a statement and commit."""
    with app.app_context():
        db.session.execute(statement, values)
        db.session.commit()
