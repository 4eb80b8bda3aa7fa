"""Plans made within minutes, kept by a process: phones ask often, and a plan changes slowly."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# A phone that asks again sees its team's own samples within this time; pins are seen at once.
FRESH = timedelta(minutes=5)

# Campaigns that run at the same time, times two kinds of network; each holds some megabytes.
KEPT_MOST = 20

Items = Mapping[int, list[dict[str, Any]]]  # by team


@dataclass(slots=True)
class _Plan:
    """One answer, and the lock of whoever makes it."""

    making: threading.Lock = field(default_factory=threading.Lock)
    made_at: datetime | None = None
    items: Items = field(default_factory=dict)


class RecentPlans:
    """What teams were told, by what it depends on; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # never held while a plan is made
        self._kept: dict[Any, _Plan] = {}

    def items(self, key: Any, now: datetime, make: Callable[[], Items]) -> Items:
        """The kept answer, or a fresh one; threads that want the same wait for it."""
        plan = self._of(key)
        with plan.making:
            if plan.made_at is None or not plan.made_at <= now < plan.made_at + FRESH:
                plan.items, plan.made_at = make(), now
            return plan.items

    def _of(self, key: Any) -> _Plan:
        """The place of an answer, the last to go."""
        with self._lock:
            plan = self._kept[key] = self._kept.pop(key, _Plan())
            while len(self._kept) > KEPT_MOST:
                self._kept.pop(next(iter(self._kept)))
            return plan
