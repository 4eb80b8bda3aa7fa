"""Connections for statements that are transactions of their own, as every post runs two of them.

SQLAlchemy's pool begins, counts and resets around each use, and a cursor is made for each: that
costs a post as much of the processor as what it asks the database.
"""

import select
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from psycopg.rows import dict_row
from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout

LOOK_EVERY_S = 0.005  # whether one has come back, where all are in use
# What is asked here is found by an index. The plan that PostgreSQL keeps was made while the table
# was small: by its own reckoning of disks it would read all of that, with every dead row that posts
# leave behind.
BY_INDEX = "set random_page_cost = 1.1"


class Ready(NamedTuple):
    """The cursor of an idle connection, and what tells that the server has closed it."""

    cursor: Any
    poll: select.poll

    @property
    def is_dead(self) -> bool:
        return self.cursor.connection.closed or bool(self.poll.poll(0))

    def close(self) -> None:
        self.cursor.connection.close()


class Connections:
    """At most so many, opened as they are needed; the one that was used last is lent first."""

    def __init__(self, engine: Engine, most: int, wait_s: float) -> None:
        self._engine, self._wait_s = engine, wait_s
        self._places = deque[Ready | None]([None] * most)  # None: not opened yet
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Lend a connection's cursor; a connection that an error went through is closed."""
        ready = self._taken()
        try:
            if ready and ready.is_dead:
                ready.close()
                ready = None
            ready = ready or self._opened()
            yield ready.cursor
        except BaseException:
            if ready:
                ready.close()
            self._places.appendleft(None)
            raise
        self._places.append(ready)

    def _taken(self) -> Ready | None:
        deadline = time.monotonic() + self._wait_s
        while True:
            try:
                return self._places.pop()
            except IndexError:
                if time.monotonic() > deadline:
                    raise PoolTimeout("every connection is in use") from None
                time.sleep(LOOK_EVERY_S)

    def _opened(self) -> Ready:
        lent = self._engine.raw_connection()
        driver: Any = lent.driver_connection
        lent.detach()
        driver.autocommit = True
        driver.execute(BY_INDEX)
        return Ready(driver.cursor(row_factory=dict_row), closing(driver))

    def _close(self, engine: Engine) -> None:
        for _ in range(len(self._places)):
            ready = self._places.popleft()
            if ready:
                ready.close()
            self._places.append(None)


def closing(driver: Any) -> select.poll:
    """What tells that the server has closed an idle connection: else there is nothing to read."""
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return poll
