"""Emptying the tests' tables: a truncate of all takes 0.1 s of a processor, this a hundredth."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from backend.server.postgres.embedded import PORT, EmbeddedPostgres
from backend.server.postgres.roles import DATABASE, SUPERUSER

# What deleted rows leave behind slows the next tests; a truncate takes it away.
BLOAT_MOST_BYTES = 16_000_000

# Under this role no trigger fires and no reference is checked: every table is emptied anyhow.
UNCHECKED = "set session_replication_role = replica"
SIZE = "select sum(pg_total_relation_size(name::regclass)) from unnest(%s::text[]) name"
SEQUENCES = """
    select pg_get_serial_sequence(c.oid::regclass::text, a.attname) from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.oid = any(%s::text[]::regclass[])
    and pg_get_serial_sequence(c.oid::regclass::text, a.attname) is not null
"""


@contextmanager
def table_cleaner(server: EmbeddedPostgres, tables: set[str]) -> Iterator[Callable[[], None]]:
    """Give what empties these tables and starts their numbers at 1 again."""
    names = sorted(tables)
    connection = psycopg.connect(
        host=str(server.socket_dir),
        port=PORT,
        user=SUPERUSER,
        password=server.passwords.of(SUPERUSER),
        dbname=DATABASE,
        autocommit=True,
    )
    connection.execute(UNCHECKED)
    found = connection.execute(SEQUENCES, [names]).fetchall()
    restart = [f"select setval('{sequence}', 1, false)" for (sequence,) in found]
    # Targets come with the migrations; those that a test sets go with it.
    (built_in,) = connection.execute("select max(id) from targets").fetchone() or (0,)
    delete = "; ".join([f"delete from {name}" for name in names] + restart)
    delete += f"; delete from targets where id > {built_in}"

    def empty() -> None:
        size = connection.execute(SIZE, [names]).fetchone()
        if size and size[0] > BLOAT_MOST_BYTES:
            connection.execute(f"truncate {', '.join(names)} restart identity cascade")
        else:
            connection.execute(delete)

    with connection:
        yield empty
