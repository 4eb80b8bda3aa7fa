"""Plans made within minutes, kept by a process: phones ask often, and a plan changes slowly."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

# A phone that asks again sees its team's own samples within this time; pins are seen at once.
FRESH = timedelta(minutes=5)

# Campaigns that run at the same time, times two kinds of network; each holds some megabytes.
KEPT_MOST = 20

Items = Mapping[int, list[dict[str, Any]]]  # by team


class RecentPlans:
    """What teams were told, by what it depends on; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Any, tuple[datetime, Items]] = {}

    def items(self, key: Any, now: datetime, make: Callable[[], Items]) -> Items:
        """The kept answer, or a fresh one; threads that want the same wait for it."""
        with self._lock:
            made_at, items = self._kept.get(key, (None, None))
            if made_at is None or items is None or not made_at <= now < made_at + FRESH:
                self._kept.pop(key, None)
                items = make()
                self._kept[key] = (now, items)
            while len(self._kept) > KEPT_MOST:
                self._kept.pop(next(iter(self._kept)))
            return items
