"""Filling a table without key and indexes, which are made afterwards: much quicker."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def bare(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Take keys and indexes off a table, and put them back at the end."""
    constraints = connection.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = %s::regclass and contype in ('p', 'f') order by contype desc",
        [table],
    ).fetchall()
    for name, _ in constraints:
        connection.execute(f"alter table {table} drop constraint {name}")
    indexes = connection.execute(
        "select indexname, indexdef from pg_indexes where tablename = %s", [table]
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"drop index {name}")
    yield
    for name, definition in constraints:
        connection.execute(f"alter table {table} add constraint {name} {definition}")
    for _, definition in indexes:
        connection.execute(definition)
