"""Cache of plans, per process: phones request them often, and a plan changes slowly."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

# The delay with which new samples change a plan; pins are part of the key and act at once.
FRESH = timedelta(minutes=5)

# Concurrent campaigns times two kinds of network; each plan takes some megabytes.
PLANS_MOST = 20

Items = Mapping[int, list[dict[str, Any]]]  # by team


@dataclass(slots=True)
class _Entry:
    """A cached plan, and the lock under which it is made."""

    making: threading.Lock = field(default_factory=threading.Lock)
    made_at: datetime | None = None
    items: Items = field(default_factory=dict)


class PlanCache:
    """Items of plans by key, thread-safe; the least recently used are dropped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # released while a plan is made
        self._entries: dict[Any, _Entry] = {}

    def get(self, key: Any, now: datetime, make: Callable[[], Items]) -> Items:
        """Return the cached items, else make them; other threads with the same key wait."""
        entry = self._entry(key)
        with entry.making:
            if entry.made_at is None or not entry.made_at <= now < entry.made_at + FRESH:
                entry.items, entry.made_at = make(), now
            return entry.items

    def _entry(self, key: Any) -> _Entry:
        """Return the entry of a key and mark it as the most recently used."""
        with self._lock:
            entry = self._entries[key] = self._entries.pop(key, _Entry())
            while len(self._entries) > PLANS_MOST:
                self._entries.pop(next(iter(self._entries)))
            return entry
