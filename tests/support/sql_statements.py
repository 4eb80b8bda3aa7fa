"""Record SQL statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from backend.database.extensions import db


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
