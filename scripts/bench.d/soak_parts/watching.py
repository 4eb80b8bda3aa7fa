"""Sample the memory of the server and its database connections every few seconds."""

import statistics
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from ingest_parts.load import Target

EVERY_S = 5.0
CONNECTIONS = "select count(*) from pg_stat_activity where usename = current_user"


@dataclass
class Watch:
    """What was seen while it was open."""

    target: Target
    megabytes: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        """How much more memory in the last tenth of the time than in the first."""
        tenth = max(1, len(self.megabytes) // 10)
        first, last = self.megabytes[:tenth], self.megabytes[-tenth:]
        return statistics.median(last) / statistics.median(first) - 1

    def _sample(self) -> None:
        with psycopg.connect(self.target.database, autocommit=True) as connection:
            while not self._over.wait(EVERY_S):
                self.megabytes.append(memory(self.target.web))
                [count] = connection.execute(CONNECTIONS).fetchone() or (0,)
                self.connections.append(count - 1)  # but this one


def memory(parent: int) -> float:
    """Return the megabytes of a process and its children; shared memory counts once."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    total = 0
    for pid in (str(parent), *children):
        with suppress(OSError):  # one that has just ended
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1_024


def settle(target: Target, most_s: float = 30.0) -> None:
    """Wait until all changes of counts are folded."""
    deadline = time.monotonic() + most_s
    with psycopg.connect(target.database, autocommit=True) as connection:
        while time.monotonic() < deadline:
            [waiting] = connection.execute("select count(*) from count_deltas").fetchone() or (0,)
            if not waiting:
                return
            time.sleep(0.5)
