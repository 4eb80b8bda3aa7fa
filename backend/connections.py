"""Connections for statements that are transactions of their own, as every post runs two of them.

SQLAlchemy's pool begins, counts and resets around each use, which costs a post as much as what it
asks the database.
"""

import select
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeout


class Connections:
    """At most so many, opened as they are needed; the one that was used last is taken first."""

    def __init__(self, engine: Engine, most: int, wait_s: float) -> None:
        self._engine, self._wait_s = engine, wait_s
        self._may_take = threading.BoundedSemaphore(most)
        self._idle: deque[Any] = deque()
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def one(self) -> Iterator[Any]:
        """Lend a connection of the driver; what an error went through is not lent again."""
        if not self._may_take.acquire(timeout=self._wait_s):
            raise PoolTimeout("every connection is in use")
        try:
            driver = self._living() or self._opened()
            try:
                yield driver
            except BaseException:
                driver.close()
                raise
            self._idle.append(driver)
        finally:
            self._may_take.release()

    def _living(self) -> Any | None:
        with suppress(IndexError):  # none is left
            while True:
                driver = self._idle.pop()
                if not is_dead(driver):
                    return driver
                driver.close()
        return None

    def _opened(self) -> Any:
        lent = self._engine.raw_connection()
        driver: Any = lent.driver_connection
        lent.detach()
        driver.autocommit = True
        return driver

    def _close(self, engine: Engine) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()


def is_dead(driver: Any) -> bool:
    """Whether the server has closed an idle connection, as when it was started again.

    There is nothing to read unless it was closed, and looking costs a microsecond; SQLAlchemy's
    own pre-ping asks the server each time.
    """
    if driver.closed:
        return True
    poll = select.poll()
    poll.register(driver.fileno(), select.POLLIN)
    return bool(poll.poll(0))
