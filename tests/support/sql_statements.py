"""What the database is asked meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from backend.database.extensions import db


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that sessions of an app send."""
    seen: list[str] = []

    def see(*told: Any) -> None:
        seen.append(told[2])

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", see)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", see)
