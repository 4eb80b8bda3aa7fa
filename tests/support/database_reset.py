"""Empty the tables between tests in half a millisecond, where a truncate of all takes 0.1 s."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from backend.server.postgres.embedded import PORT, EmbeddedPostgres
from backend.server.postgres.roles import DATABASE, SUPERUSER

# Dead rows slow the next tests; beyond this size tables are truncated.
MAX_BLOAT_BYTES = 8_000_000

# Run no triggers and check no references: every table is emptied.
UNCHECKED = "set session_replication_role = replica"
# Indexes are left out: asking for their sizes takes longer than emptying the tables.
SIZE = """
    select sum(pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0))
    from pg_class where oid = any(%s::text[]::regclass[])
"""
SEQUENCES = """
    select pg_get_serial_sequence(c.oid::regclass::text, a.attname) from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.oid = any(%s::text[]::regclass[])
    and pg_get_serial_sequence(c.oid::regclass::text, a.attname) is not null
"""


SEEDED = ("targets", "host_keys")
# The own measuring host is registered by the migration.
OWN_HOST = (
    "delete from measuring_hosts where url is not null",
    "update measuring_hosts set revoked_at = null, reason = null where revoked_at is not null",
    "update host_keys set replaced_at = null where replaced_at is not null",
)


@contextmanager
def table_cleaner(server: EmbeddedPostgres, tables: set[str]) -> Iterator[Callable[[], None]]:
    """Yield a function that empties tables and restarts their sequences at 1."""
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
    steps = [f"if exists (select from {name}) then delete from {name}; end if" for name in names]
    steps += [f"perform setval('{sequence}', 1, false)" for (sequence,) in found]
    # Migrations create rows of some tables; only those of tests are deleted.
    largest = {table: _largest_id(connection, table) for table in SEEDED}
    steps += [f"delete from {table} where id > {number}" for table, number in largest.items()]
    steps += OWN_HOST
    # The session keeps the plans of a function: single statements take three times as long.
    connection.execute(
        f"create procedure pg_temp.empty() language plpgsql as $$ begin {'; '.join(steps)}; end $$"
    )

    def empty() -> None:
        size = connection.execute(SIZE, [names]).fetchone()
        if size and size[0] > MAX_BLOAT_BYTES:
            connection.execute(f"truncate {', '.join(names)} restart identity cascade")
        connection.execute("call pg_temp.empty()")

    with connection:
        yield empty


def _largest_id(connection: psycopg.Connection, table: str) -> int:
    (largest,) = connection.execute(f"select max(id) from {table}").fetchone() or (
        0,
    )  # a name of SEEDED
    return int(largest or 0)
