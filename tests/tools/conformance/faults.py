"""Which fault each request meets: every kind several times, with answers in between."""

import threading
from dataclasses import dataclass, field

from tests.tools.conformance.log import DEVICES, Exchange

# Of posts of samples. `lost`: processed without an answer; `half`: with half of one; `refused`: a
# field of one sample is broken on the way, so that the server refuses it.
LOST, HALF, ERROR, BUSY, LIMITED, LARGE, REFUSED = (
    "lost", "half", "500", "503", "429", "413", "refused",
)  # fmt: skip
REVOKED = "401"
KINDS = (LOST, ERROR, HALF, LIMITED, REFUSED, BUSY, LARGE)
STATUSES = {ERROR: 500, BUSY: 503, LIMITED: 429, LARGE: 413, REVOKED: 401}
RETRY_AFTER_S = 2
# Failures in a row, to see a client wait longer after each.
STREAK = 5
# Posts without a fault before the token is revoked: what was queued can arrive.
CLEAN = 3


@dataclass
class DevicePlan:
    """The faults that the posts of one device still meet."""

    left: list[str]
    streak: int = STREAK
    begun: bool = False  # the streak, which nothing interrupts
    clean: int = CLEAN
    calm: bool = False  # whether the last post met no fault
    revoked: bool = False
    waiting: set[str] = field(default_factory=set)  # ids of samples to be sent again

    def next_fault(self, samples: int) -> str | None:
        """Return the fault of the next post with a number of samples; every second has one."""
        if self.revoked:
            return REVOKED
        fitting = [kind for kind in self.left if kind != LARGE or samples > 1]
        if fitting and not (self.begun and self.streak):
            self.calm = not self.calm
            if self.calm:
                return None
            self.left.remove(fitting[0])
            return fitting[0]
        if self.streak:
            self.begun = True
            self.streak -= 1
            return ERROR
        self.clean -= 1
        self.revoked = self.clean <= 0 and not self.waiting
        return REVOKED if self.revoked else None

    def note(self, one: Exchange) -> None:
        """Note which samples a client still has to send."""
        ids = {sample.id for sample in one.samples}
        self.waiting = self.waiting | ids if one.failed else self.waiting - ids


@dataclass
class Faults:
    """The plans of all devices: each kind of fault so many times."""

    times: int = 2
    kinds: tuple[str, ...] = KINDS
    streak: int = STREAK
    _plans: dict[str, DevicePlan] = field(default_factory=dict)
    _registered: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, one: Exchange) -> str | None:
        """Return the fault that a request meets."""
        with self._lock:
            if (one.method, one.path) == ("POST", DEVICES):
                return self._of_registration()
            plan = self._plans.get(one.token or "")
            if one.is_post and one.token:
                plan = plan or self._plans.setdefault(one.token, self._plan())
                return plan.next_fault(len(one.samples))
            return REVOKED if plan and plan.revoked else None

    def note(self, one: Exchange) -> None:
        """Note how a request ended."""
        with self._lock:
            if one.is_post and one.token in self._plans:
                self._plans[one.token].note(one)

    def _plan(self) -> DevicePlan:
        kinds = [kind for _ in range(self.times) for kind in self.kinds]
        return DevicePlan(kinds, self.streak)

    def _of_registration(self) -> str | None:
        """Lose the answer to the first registration."""
        first, self._registered = not self._registered, True
        return LOST if first else None

    @property
    def over(self) -> bool:
        """Whether every device that posted met all its faults."""
        with self._lock:
            return bool(self._plans) and all(plan.revoked for plan in self._plans.values())
