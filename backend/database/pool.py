"""The pool of autocommit connections, for the statements of posts.

SQLAlchemy's pool begins and resets a transaction around each use, which costs a post as much CPU
time as its statements.
"""

import atexit
import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, OperationalError
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool
from sqlalchemy import Engine, event

# The statements of every post find rows by an index. PostgreSQL keeps a plan made while the table
# was small: with its default disk costs that plan reads the whole table, with the dead rows of all
# posts.
PREFER_INDEXES = "set random_page_cost = 1.1"
# The server ends the session of a machine that vanished after half a minute, and frees its locks;
# by Linux's defaults it would wait for two hours. No effect on a socket of the same machine.
KEEPALIVES = """
    set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4;
    set tcp_user_timeout = 30000
"""
SESSION = f"{PREFER_INDEXES}; {KEEPALIVES}"
# For unknown values the planner expects ten ids in a list, where a post has one, and so would plan
# the first statement of a post anew each time: 0.8 ms of processor time.
PLAN_ONCE = f"{SESSION}; set plan_cache_mode = force_generic_plan"
# One thread opens connections: a worker process needs a handful in its life.
OPENERS = 1


class Pool(ConnectionPool[Connection[DictRow]]):
    """A pool that fails at once while the database is unavailable.

    psycopg_pool retries for minutes while its clients wait. Here a request fails as soon as a
    connection cannot be opened, and the next request tries again.
    """

    def reconnect_failed(self) -> None:
        """Fail the clients that wait for a connection."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for client in waiting:
            client.fail(OperationalError("no connection could be opened"))


class Connections:
    """Opens the pool at first use, which is after a fork, and closes it with the engine."""

    def __init__(
        self, engine: Engine, most: int, wait_s: float, arguments: Mapping[str, Any]
    ) -> None:
        _, address = engine.dialect.create_connect_args(engine.url)
        own = {"autocommit": True, "row_factory": dict_row}
        self._arguments: dict[str, Any] = {**address, **arguments, **own}
        self._most, self.wait_s = most, wait_s
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def connection(self) -> Iterator[Connection[DictRow]]:
        """Yield a live connection."""
        pool = self._pool or self._open()
        connection = pool.getconn()
        while is_dead(connection):
            connection.close()
            pool.putconn(connection)  # drops it and opens another
            connection = pool.getconn()
        try:
            yield connection
        finally:
            pool.putconn(connection)  # drops it if it broke

    def _open(self) -> Pool:
        with self._lock:
            if not self._pool:
                self._pool = Pool(
                    kwargs=self._arguments,
                    configure=_plan_once,
                    min_size=0,
                    max_size=self._most,
                    timeout=self.wait_s,
                    reconnect_timeout=0,
                    num_workers=OPENERS,
                    open=True,
                )
                # As the pool is deleted, Python 3.13 would wait in vain for its threads, and 3.14
                # would refuse to.
                atexit.register(self._pool.close)
            return self._pool

    def _close(self, engine: Engine) -> None:
        with self._lock:
            pool, self._pool = self._pool, None
        if pool:
            atexit.unregister(pool.close)
            pool.close()


def _plan_once(connection: Connection[Any]) -> None:
    """Set what `begin_session` sets, and let a new connection keep the plans of its statements."""
    connection.execute(PLAN_ONCE)


def begin_session(connection: Connection[Any], *of_the_pool: Any) -> None:
    """Set the disk costs and keepalives of a new connection."""
    connection.execute(SESSION)
    connection.commit()


def is_dead(connection: Connection[Any]) -> bool:
    """Return whether the server has closed an idle connection: then its socket is readable.

    A `check` of the pool costs a round trip, and a pause of a second for each dead connection.
    """
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
