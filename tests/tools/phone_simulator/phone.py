"""One phone's day: measure, queue, send; and at the end compare with what the server holds.

The simulator uses the standard library only, as an example for app developers: store.py (what a
phone keeps), sync.py (when it sends, what each answer means), backoff.py.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from tests.tools.phone_simulator.backoff import Backoff
from tests.tools.phone_simulator.client import Client
from tests.tools.phone_simulator.clock import Clock
from tests.tools.phone_simulator.store import QUEUED, REFUSED, Store
from tests.tools.phone_simulator.sync import StoppedError, Sync
from tests.tools.phone_simulator.walk import Walk

CHECK_MOST = 1_000  # ids that the server takes in one question
OFFLINE_SHARE = 0.15  # of the pauses between two tests, the radio goes off in so many
OFFLINE_S = (2.0, 12.0)
CHAOS_CUTS = 0.15  # share of posts that a phone cuts off itself
CHAOS_BROKEN = 0.02  # share of measurements that the server has to refuse
HURRY_S = 3.0  # what a phone in a hurry waits at most after a failure
DRAIN_S = 180.0  # after the last test, time to get everything across


class EndedError(Exception):
    """The time for getting everything across is over."""


@dataclass(slots=True)
class Tally:
    """What a phone made and what became of it."""

    made: int = 0
    refused: int = 0
    held: int = 0
    listed: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrongly_held: list[str] = field(default_factory=list)
    attempts: int = 0
    retries: int = 0
    cuts: int = 0
    broken: int = 0  # answers of 500: the server's own fault, and never to be seen
    problem: str | None = None

    @property
    def good(self) -> bool:
        """Whether everything made and not refused is held, once."""
        return not (self.missing or self.doubled or self.wrongly_held or self.problem)


class Phone:
    """A phone with its store, its server and its luck."""

    def __init__(
        self,
        url: str,
        store: Path,
        seed: str,
        *,
        rate: float,
        chaos: bool,
        code: str | None = None,
        hurry: bool = False,
    ) -> None:
        """In a `hurry` it never loses its radio and waits for seconds at most: for short trials."""
        rng = random.Random(seed)
        self._code = code
        self.clock = Clock()
        self._offline = 0.0 if hurry else OFFLINE_SHARE
        self._rng, self._gaps = rng, random.Random(f"{seed} gaps")
        self._gap_s = 60.0 / rate
        cuts, broken = (CHAOS_CUTS, CHAOS_BROKEN) if chaos else (0.0, 0.0)
        self._client = Client(url, random.Random(f"{seed} cuts"), cuts, self.clock)
        self._store = Store(store)
        self._walk = Walk(random.Random(f"{seed} walk"), broken, self.clock)
        backoff = Backoff(rng, most=HURRY_S) if hurry else None
        self._sync = Sync(self._client, self._store, rng, self._pause, backoff)
        self._stop_at = float("inf")
        self._halt = threading.Event()

    def halt(self) -> None:
        """End soon, from another thread."""
        self._halt.set()

    def run(self, seconds: float) -> Tally:
        """Measure for a while, send everything, compare."""
        tally = Tally()
        measuring = threading.Thread(target=self._measure, args=(time.monotonic() + seconds,))
        self._stop_at = time.monotonic() + seconds + DRAIN_S
        try:
            if self._code:  # first: what was measured before is not the team's
                self._sync.join(self._sync.register(), self._code)
            measuring.start()
            token = self._sync.register()
            while measuring.is_alive() or self._store.ids(QUEUED):
                if self._sync.send_once(token):
                    self._pause(self._rest())
            self._compare(token, tally)
        except (EndedError, StoppedError, RuntimeError) as error:
            tally.problem = f"{type(error).__name__} {error}".strip()
        finally:
            self._halt.set()
            if measuring.ident:
                measuring.join()
            tally.made = len(self._store.ids())
            tally.refused = len(self._store.ids(REFUSED))
            tally.attempts, tally.retries = self._sync.attempts, self._sync.retries
            tally.cuts, tally.broken = self._client.cuts, self._client.broken
            self._store.close()
        return tally

    def _measure(self, until: float) -> None:
        while time.monotonic() < until and not self._halt.is_set():
            self._store.add(self._walk.measure())
            gap = self._gap_s * self._gaps.uniform(0.5, 1.5)
            self._walk.move(gap)
            self._halt.wait(min(gap, max(0.0, until - time.monotonic())))

    def _rest(self) -> float:
        """Seconds until the next sending: a moment, or a stretch without coverage."""
        if self._rng.random() < self._offline and time.monotonic() < self._stop_at - DRAIN_S:
            return self._rng.uniform(*OFFLINE_S)
        return self._rng.uniform(0.2, 1.0) * min(self._gap_s, 2.0)

    def _pause(self, seconds: float) -> None:
        if time.monotonic() > self._stop_at or self._halt.wait(seconds):
            raise EndedError("the server did not take everything in time")

    def _compare(self, token: str, tally: Tally) -> None:
        """Ask the server what it holds of this phone, in two ways."""
        self._client.chaos = 0.0
        made, refused = self._store.ids(), set(self._store.ids(REFUSED))
        held: set[str] = set()
        for start in range(0, len(made), CHECK_MOST):
            ids = {"ids": made[start : start + CHECK_MOST]}
            body = self._sync.ask(partial(self._client.post, "measurements/check", ids, token))
            held.update(body["held"])
        listed = Counter(self._listed(token))
        tally.held, tally.listed = len(held), listed.total()
        tally.missing = [id for id in made if id not in refused and not {id} <= held & set(listed)]
        tally.doubled = [id for id, times in listed.items() if times > 1]
        tally.wrongly_held = [id for id in listed if id in refused or id not in held]

    def _listed(self, token: str) -> list[str]:
        ids: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            path = f"measurements?{urlencode(query)}"
            body = self._sync.ask(partial(self._client.get, path, token))
            ids += [item["id"] for item in body["items"]]
            cursor = body["next"]
            if cursor is None:
                return ids
