"""The bytes of a speed test, loaded and sent in bounded numbers so that the API never waits."""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO

from backend.accounts.rate_limits import network_of
from backend.errors import Problem

# One transfer: the fastest phones take about a second for it, and no test wants a longer one.
TRANSFER_MOST = 25_000_000
# What one phone may move in an hour: a full test each minute, which nobody who walks can use up.
PHONE_MOST_PER_HOUR = 4_000_000_000
# Phones that are told apart within an hour; names are free, and must not fill the memory. Further
# ones share what their address may move.
PHONES_MOST = 50_000
# Large enough that sending costs no time, small enough that a slow phone's slot is seen to move.
CHUNK = 65_536
# Nothing shortens it: no line between packs by a window as wide.
NOISE = memoryview(os.urandom(1_048_576))
# A phone asks for its next transfer as soon as it has the last byte of the one before, whose slot
# is given back a moment later.
SLOT_WAIT_S = 0.05
# A transfer ends soon; whoever finds every slot taken asks again after this.
BUSY_RETRY_S = 1


class TransferLimiter:
    """Who may move how much right now, as far as this process knows."""

    def __init__(self, at_once: int, bytes_per_hour: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._most = {"address": bytes_per_hour, "phone": PHONE_MOST_PER_HOUR}
        self._lock = threading.Lock()
        self._hour: datetime | None = None
        self._spent: Counter[tuple[str, str]] = Counter()

    def enter(self, client: Mapping[str, str], size: int, now: datetime) -> Callable[[], None]:
        """Take a slot for a transfer; what is returned gives it back, however often called."""
        if not self._slots.acquire(timeout=SLOT_WAIT_S):
            raise _refused(BUSY_RETRY_S)
        try:
            self._spend(client, size, now)
        except Problem:
            self._slots.release()
            raise
        return _once(self._slots.release)

    def _spend(self, client: Mapping[str, str], size: int, now: datetime) -> None:
        """Book a transfer on whoever asks; refuse it once the hour's share is used up."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            if hour != self._hour:
                self._hour, self._spent = hour, Counter()
            if any(self._spent[key] + size > self._most[key[0]] for key in client.items()):
                raise _refused(3600 - int((now - hour).total_seconds()))
            for key in client.items():
                if key[0] == "address" or key in self._spent or len(self._spent) < PHONES_MOST:
                    self._spent[key] += size


def client_keys(address: str, phone: str | None) -> dict[str, str]:
    """On whom a transfer is booked: the line's address, and the phone where it tells its name."""
    keys = {"address": network_of(address)}
    return keys | ({"phone": phone} if phone else {})


def noise(size: int) -> Iterator[bytes]:
    """So many bytes that cannot be packed."""
    sent = 0
    while sent < size:
        start = sent % len(NOISE)
        part = NOISE[start : start + min(CHUNK, size - sent)]
        sent += len(part)
        yield bytes(part)


def discard(stream: IO[bytes]) -> int:
    """Read a body and keep nothing; how long it was."""
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        if size > TRANSFER_MOST:
            raise Problem(413, "too_large")
    return size


def _refused(wait_s: int) -> Problem:
    return Problem(429, "too_many_requests", headers={"Retry-After": str(wait_s)})


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """Do something at the first call only."""
    left = [act]
    return lambda: left.pop()() if left else None
