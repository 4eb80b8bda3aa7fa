"""A simulated phone: measure, queue, send; at the end compare with the server.

The simulator uses the standard library only, as an example for app developers: store.py (data on
the phone), hosts.py (the nearest measuring host), speed_test.py (tickets and tests), sync.py
(sending and the meaning of each answer), backoff.py. Tests transfer their bytes; place, network and
the slower of two rates are simulated.
"""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.tools.phone_simulator.backoff import Backoff
from tests.tools.phone_simulator.client import Client
from tests.tools.phone_simulator.clock import Clock
from tests.tools.phone_simulator.speed_test import CHAOS_CUTS as HOST_CUTS
from tests.tools.phone_simulator.speed_test import SpeedTester
from tests.tools.phone_simulator.store import QUEUED, REFUSED, Store
from tests.tools.phone_simulator.sync import StoppedError, Sync
from tests.tools.phone_simulator.walk import Walk

MAX_CHECK = 1_000  # ids in one request
OFFLINE_SHARE = 0.15  # of the pauses between two tests, in which the radio is off
OFFLINE_S = (2.0, 12.0)
CHAOS_CUTS = 0.15  # share of posts that the phone cuts
CHAOS_BROKEN = 0.02  # share of invalid measurements
HURRY_S = 3.0  # longest wait after a failure with `hurry`
DRAIN_S = 180.0  # time to send everything after the last test


class EndedError(Exception):
    """The time for sending everything is over."""


@dataclass(slots=True)
class Tally:
    """Measurements of a phone and their outcome."""

    made: int = 0
    refused: int = 0
    stored: int = 0
    listed: int = 0
    witnessed: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrongly_stored: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)  # not witnessed after a complete test
    attempts: int = 0
    retries: int = 0
    cuts: int = 0
    broken: int = 0  # answers with 500: faults of the server
    problem: str | None = None

    @property
    def good(self) -> bool:
        """Whether every measurement is stored once or was refused, and proven if it can be."""
        wrong = self.missing or self.doubled or self.wrongly_stored or self.unproven
        return not (wrong or self.problem)


class Phone:
    """A phone with its store and its server."""

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
        tickets: bool = True,
    ) -> None:
        """With `hurry`, for short trials, the radio is always on and waits take seconds.

        Without `tickets` no bytes are transferred, and all samples are `claimed`.
        """
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
        self._tester = self._new_tester(url, seed, chaos) if tickets else None
        self._stop_at = float("inf")
        self._halt = threading.Event()

    def _new_tester(self, url: str, seed: str, chaos: bool) -> SpeedTester:
        rng = random.Random(f"{seed} tests")
        client = Client(url, rng, CHAOS_CUTS if chaos else 0.0, self.clock)
        return SpeedTester(client, self._store, rng, HOST_CUTS if chaos else 0.0, self._halt_wait)

    def _halt_wait(self, seconds: float) -> None:
        self._halt.wait(seconds)

    def halt(self) -> None:
        """Stop the phone, from another thread."""
        self._halt.set()

    def run(self, seconds: float) -> Tally:
        """Measure for some time, send everything, compare with the server."""
        tally = Tally()
        measuring = threading.Thread(target=self._measure, args=(seconds,))
        self._stop_at = time.monotonic() + seconds + DRAIN_S
        try:
            token = self._sync.register()  # tickets need it
            if self._code:  # earlier samples would not belong to the team
                self._sync.join(token, self._code)
            measuring.start()
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

    def _measure(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        phone = self._store.identity()
        token = phone.token if phone else None
        while time.monotonic() < until and not self._halt.is_set():
            body = self._walk.measure()
            run = None
            if self._tester and token and body["status"] == "finished":
                run = self._tester.test(token)
            self._store.add(body, run)
            gap = self._gap_s * self._gaps.uniform(0.5, 1.5)
            self._walk.move(gap)
            self._halt.wait(min(gap, max(0.0, until - time.monotonic())))

    def _rest(self) -> float:
        """Return seconds until the next sending, sometimes a time without coverage."""
        if self._rng.random() < self._offline and time.monotonic() < self._stop_at - DRAIN_S:
            return self._rng.uniform(*OFFLINE_S)
        return self._rng.uniform(0.2, 1.0) * min(self._gap_s, 2.0)

    def _pause(self, seconds: float) -> None:
        if time.monotonic() > self._stop_at or self._halt.wait(seconds):
            raise EndedError("the server did not take everything in time")

    def _compare(self, token: str, tally: Tally) -> None:
        """Compare with the server's check of ids and its list of measurements."""
        self._client.chaos = 0.0
        made, refused = self._store.ids(), set(self._store.ids(REFUSED))
        stored: set[str] = set()
        for start in range(0, len(made), MAX_CHECK):
            ids = {"ids": made[start : start + MAX_CHECK]}
            body = self._sync.ask(partial(self._client.post, "measurements/check", ids, token))
            stored.update(body["held"])
        items = self._listed(token)
        listed = Counter(item["id"] for item in items)
        witnessed = {item["id"] for item in items if item.get("assurance") == "witnessed"}
        tally.witnessed = len(witnessed)
        tally.unproven = [
            id for id in self._store.complete() if id not in refused and id not in witnessed
        ]
        tally.stored, tally.listed = len(stored), listed.total()
        tally.missing = [
            id for id in made if id not in refused and not {id} <= stored & set(listed)
        ]
        tally.doubled = [id for id, times in listed.items() if times > 1]
        tally.wrongly_stored = [id for id in listed if id in refused or id not in stored]

    def _listed(self, token: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            path = f"measurements?{urlencode(query)}"
            body = self._sync.ask(partial(self._client.get, path, token))
            items += body["items"]
            cursor = body["next"]
            if cursor is None:
                return items
