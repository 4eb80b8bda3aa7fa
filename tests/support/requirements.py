"""The assurance that an installation requires of samples, in tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy import create_engine, text

ALWAYS = datetime(1990, 1, 1, tzinfo=UTC)
# The rows of other tests and of the migrations stay.
ADD = text("""
    insert into counting_rules (from_at, by, reason, counts_from)
    values (:from_at, 'test', 'A test.', :counts_from) returning id
""")
DELETE = text("delete from counting_rules where id > :last")


@contextmanager
def counting_from(app: Flask, counts_from: str, from_at: datetime = ALWAYS) -> Iterator[None]:
    """Require an assurance within a block, as the role that may; also of what commands add."""
    engine = create_engine(app.config["DATABASE_OWNER_URL"])
    with engine.begin() as connection:
        last = connection.execute(text("select max(id) from counting_rules")).scalar_one()
        connection.execute(ADD, {"from_at": from_at, "counts_from": counts_from})
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(DELETE, {"last": last})
        engine.dispose()
