"""The pool of autocommit connections: every post runs two statements, each its own transaction.

SQLAlchemy's pool begins, counts and resets around each use: that costs a post as much CPU time as
its statements do.
"""

import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from psycopg import Connection, Cursor, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool
from sqlalchemy import Engine, event

# These statements find rows by an index. PostgreSQL caches a plan made while the table was small:
# with its default disk costs that plan reads the whole table, with the dead rows of all posts.
PREFER_INDEXES = "set random_page_cost = 1.1"
# One thread opens connections: a worker process needs a handful in its life.
OPENERS = 1


class AutocommitConnection(Connection[DictRow]):
    """A connection that keeps one cursor: a new one costs as much as the rest of the checkout."""

    @cached_property
    def kept_cursor(self) -> Cursor[DictRow]:
        return self.cursor()


class Pool(ConnectionPool[AutocommitConnection]):
    """A pool that answers at once while the database is away.

    psycopg_pool tries again for minutes, with growing pauses, and its clients wait. A request
    instead gets 503 as soon as opening fails, and the next request tries again.
    """

    def reconnect_failed(self) -> None:
        """Fail the clients that wait for a connection which cannot be opened."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for client in waiting:
            client.fail(OperationalError("no connection could be opened"))


class Connections:
    """Opens the pool at first use, closes it with the engine; a process that forks has none."""

    def __init__(
        self, engine: Engine, most: int, wait_s: float, arguments: Mapping[str, Any]
    ) -> None:
        _, address = engine.dialect.create_connect_args(engine.url)
        own = {"autocommit": True, "row_factory": dict_row}
        self._arguments: dict[str, Any] = {**address, **arguments, **own}
        self._most, self._wait_s = most, wait_s
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def cursor(self) -> Iterator[Cursor[DictRow]]:
        """Lend the cursor of a connection that the server has not closed."""
        pool = self._pool or self._open()
        connection = pool.getconn()
        while is_dead(connection):
            connection.close()
            pool.putconn(connection)  # drops it and opens another
            connection = pool.getconn()
        try:
            yield connection.kept_cursor
        finally:
            pool.putconn(connection)  # drops it if it broke

    def _open(self) -> Pool:
        with self._lock:
            if not self._pool:
                self._pool = Pool(
                    connection_class=AutocommitConnection,
                    kwargs=self._arguments,
                    configure=prefer_indexes,
                    min_size=0,
                    max_size=self._most,
                    timeout=self._wait_s,
                    reconnect_timeout=0,
                    num_workers=OPENERS,
                    open=True,
                )
            return self._pool

    def _close(self, engine: Engine) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool:
            pool.close()


def prefer_indexes(connection: Connection[Any]) -> None:
    connection.execute(PREFER_INDEXES)


def is_dead(connection: Connection[Any]) -> bool:
    """Whether the server has closed an idle connection: else there is nothing to read.

    A `check` of the pool would cost a round trip, and a second's pause for each dead connection.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
