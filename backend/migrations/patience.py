"""Migrate while phones post: a migration that blocks posts gives way and tries again."""

import random
import time
from collections.abc import Callable

from psycopg.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

# Posts that come meanwhile wait behind a migration that waits for its lock, so it must not be long.
LOCK_TIMEOUT_S = 3
PAUSE_S = (0.5, 2.0)
TRIES = 20  # about a minute and a half in which some job holds a table


def patiently(engine: Engine, work: Callable[[Connection], None]) -> None:
    """Do the work in one transaction, all of it or nothing, as often as it takes."""
    for left in reversed(range(TRIES)):
        try:
            with engine.begin() as connection:
                connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT_S}s'"))
                work(connection)
            return
        except OperationalError as error:
            in_the_way = isinstance(error.orig, DeadlockDetected | LockNotAvailable)
            if not in_the_way or not left:
                raise
            time.sleep(random.uniform(*PAUSE_S))  # noqa: S311
