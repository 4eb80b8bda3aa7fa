"""Turns at a place of the machine that few may have at a time.

A party that had the place waits as long as it had it, while others ask: of those who ask, the one
whose waiting time ends or ended first has the next turn. A party that asks alone never waits, as an
office behind one address. Processes share the state by a file in VAR_DIR.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple
from uuid import uuid4

POLL_S = 0.05
# Requests of a process that wait, of its four threads.
WAITING = 2
# Who has not polled for so long is gone.
GONE_S = 1.0
# A waiting time that ended so long ago is forgotten, and none is longer.
KEPT_S = 60.0


class Ask(NamedTuple):
    """A request that waits: whose, since when, its last poll, and the process that it waits in."""

    party: str
    since: float
    seen: float
    process: int


@dataclass(slots=True)
class State:
    """When the waiting times of parties end, and who asks; times of the system's clock."""

    ready: dict[str, float] = field(default_factory=dict)
    asks: dict[str, Ask] = field(default_factory=dict)

    def forget(self, now: float) -> None:
        """Remove what counts no longer; the clock begins anew with the machine."""
        self.asks = {id: ask for id, ask in self.asks.items() if 0 <= now - ask.seen < GONE_S}
        self.ready = {party: at for party, at in self.ready.items() if abs(now - at) <= KEPT_S}

    def order(self, process: int | None = None) -> list[str]:
        """Return the asks in the order of their turns, all or those of a process."""

        def turn(id: str) -> tuple[float, float]:
            ask = self.asks[id]
            return self.ready.get(ask.party, 0.0), ask.since

        asking = (id for id, ask in self.asks.items() if process in (None, ask.process))
        return sorted(asking, key=turn)

    def charge(self, party: str, seconds: float, now: float) -> None:
        """Let a party wait for as long as it had a place; for the sum, if it had several."""
        begins = max(self.ready.get(party, 0.0), now)
        self.ready[party] = min(begins + seconds, now + KEPT_S)


class Turns:
    """The places of one name, and the file of their turns."""

    def __init__(self, folder: Path, name: str, places: int) -> None:
        self._file = folder / f"{name}.json"
        self._places = [folder / f"{name}-{number}.lock" for number in range(places)]

    @contextmanager
    def turn(self, party: str, wait_s: float) -> Iterator[bool]:
        """Wait for a turn of a party, and yield whether it came.

        Few requests of a process wait, the first by their turns: threads stay free for others.
        """
        place = self._wait(party, wait_s)
        if place is None:
            yield False
            return
        began = time.monotonic()
        try:
            with place:
                yield True
        finally:
            now = time.monotonic()
            with self._state() as state:
                state.charge(party, now - began, now)

    def _wait(self, party: str, wait_s: float) -> IO[str] | None:
        """Return a place once it is this party's turn; None after a while, or for others."""
        id, since, process = uuid4().hex, time.monotonic(), os.getpid()
        while True:
            now = time.monotonic()
            with self._state() as state:
                state.asks[id] = Ask(party, since, now, process)
                state.forget(now)
                place = self._take() if state.order()[0] == id else None
                may_wait = id in state.order(process)[:WAITING]
                if place is not None or not may_wait or now - since >= wait_s:
                    del state.asks[id]
                    return place
            time.sleep(POLL_S)

    def _take(self) -> IO[str] | None:
        """Return the lock of a free place; closing it, or the end of the process, frees it."""
        for path in self._places:
            file = path.open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
            else:
                return file
        return None

    @contextmanager
    def _state(self) -> Iterator[State]:
        """Read the state, and write it back with the changes; other processes wait."""
        with self._file.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            state = _read(file.read())
            yield state
            file.seek(0)
            file.truncate()
            json.dump({"ready": state.ready, "asks": state.asks}, file)


def _read(written: str) -> State:
    """Return a state; an empty one where a process was killed while it wrote."""
    try:
        found = json.loads(written)
        return State(found["ready"], {id: Ask(*ask) for id, ask in found["asks"].items()})
    except (ValueError, LookupError, TypeError):
        return State()
