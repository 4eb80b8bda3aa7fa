"""The speed test: transfers limited in number and bytes so that they do not delay the API.

Served by the app or by a separate process (SPEED_PORT).
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import IO, Any

from flask import Blueprint, Response, current_app, g, request

from backend.accounts.rate_limits import network_of
from backend.errors import Problem
from backend.fields import QueryWhole, Strict, Text
from backend.http.requests import Parser, clock_now

# Bytes of one transfer: about a second for the fastest phones.
TRANSFER_MOST = 25_000_000
# Bytes of one phone in an hour: a full test each minute.
PHONE_MOST_PER_HOUR = 4_000_000_000
# Phones counted separately within an hour, because clients choose the names and must not fill the
# memory. Further phones share the limit of their address.
PHONES_MOST = 50_000
# Large enough for fast sending, small enough to notice progress of slow phones.
CHUNK = 65_536
# Incompressible: larger than the windows of usual compression.
NOISE = memoryview(os.urandom(1_048_576))
# A phone starts its next transfer right after the last byte of the one before, whose slot is
# released a moment later.
SLOT_WAIT_S = 0.05
# Retry-After if all slots are taken; a transfer ends soon.
BUSY_RETRY_S = 1


class TransferLimiter:
    """Limits of one process: concurrent transfers, bytes per hour by address and phone."""

    def __init__(self, at_once: int, bytes_per_hour: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._most = {"address": bytes_per_hour, "phone": PHONE_MOST_PER_HOUR}
        self._lock = threading.Lock()
        self._hour: datetime | None = None
        self._bytes_moved: Counter[tuple[str, str]] = Counter()

    def acquire(self, client: Mapping[str, str], size: int, now: datetime) -> Callable[[], None]:
        """Acquire a slot for a transfer; return an idempotent function that releases it."""
        if not self._slots.acquire(timeout=SLOT_WAIT_S):
            raise _refused(BUSY_RETRY_S)
        try:
            self._count_bytes(client, size, now)
        except Problem:
            self._slots.release()
            raise
        return _once(self._slots.release)

    def _count_bytes(self, client: Mapping[str, str], size: int, now: datetime) -> None:
        """Count the bytes of a transfer; 429 if the limit of the hour is exceeded."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            if hour != self._hour:
                self._hour, self._bytes_moved = hour, Counter()
            if any(self._bytes_moved[key] + size > self._most[key[0]] for key in client.items()):
                raise _refused(3600 - int((now - hour).total_seconds()))
            for key in client.items():
                if (
                    key[0] == "address"
                    or key in self._bytes_moved
                    or len(self._bytes_moved) < PHONES_MOST
                ):
                    self._bytes_moved[key] += size


def client_keys(address: str, phone: str | None) -> dict[str, str]:
    """Return the keys of a client's counters: its network, and the name of the phone if sent."""
    keys = {"address": network_of(address)}
    return keys | ({"phone": phone} if phone else {})


def noise(size: int) -> Iterator[bytes]:
    """Yield incompressible bytes."""
    sent = 0
    while sent < size:
        start = sent % len(NOISE)
        part = NOISE[start : start + min(CHUNK, size - sent)]
        sent += len(part)
        yield bytes(part)


def discard(stream: IO[bytes]) -> int:
    """Read a body without storing it; return its size."""
    size = 0
    while part := stream.read(CHUNK):
        size += len(part)
        if size > TRANSFER_MOST:
            raise Problem(413, "too_large")
    return size


def _refused(wait_s: int) -> Problem:
    return Problem(429, "too_many_requests", headers={"Retry-After": str(wait_s)})


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """Return a function that acts on its first call only."""
    left = [act]
    return lambda: left.pop()() if left else None


speed_bp = Blueprint("speed", __name__)
arguments = Parser().use_args

# The test may run against another host (SPEED_URL), and the page reads the timing of transfers.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Server-Timing, Retry-After",
    "Timing-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx passes bytes on as they come
}


class TransferSchema(Strict):
    """The size of a transfer, and the name of the phone chosen by the page."""

    bytes = QueryWhole(0, TRANSFER_MOST, required=True)
    phone = Text(most=40, load_default=None)


class SentSchema(TransferSchema):
    """A transfer whose size is that of its body."""

    bytes = QueryWhole(0, TRANSFER_MOST, load_default=0)


def new_transfer_limiter(
    config: Mapping[str, Any], processes: int | None = None
) -> TransferLimiter:
    """Return the limiter of one process: its share of the slots, at most half its threads."""
    share = config["SPEED_AT_ONCE"] // (processes or config["WEB_CONCURRENCY"])
    at_once = share if processes else min(share, config["WEB_THREADS"] // 2)
    return TransferLimiter(max(1, at_once), config["SPEED_GB_PER_HOUR"] * 1_000_000_000)


@speed_bp.after_request
def _for_any_page(response: Response) -> Response:
    response.headers.update(OPEN_TO_ALL)
    return response


@speed_bp.get("/do/down")
@arguments(TransferSchema, location="query")
def send_down(query: dict[str, Any]) -> Response:
    """Send the requested number of incompressible bytes."""
    finish = _start_transfer(query["bytes"], query["phone"])
    answer = Response(noise(query["bytes"]), content_type="application/octet-stream")
    answer.content_length = query["bytes"]
    answer.call_on_close(finish)
    return _timed(answer)


@speed_bp.post("/do/up")
@arguments(SentSchema, location="query")
def take_up(query: dict[str, Any]) -> Response:
    """Receive a body and discard it."""
    size = request.content_length
    if size is None or size > TRANSFER_MOST:
        raise Problem(413 if size else 411, "too_large" if size else "length_required")
    finish = _start_transfer(size, query["phone"])
    try:
        discard(request.stream)
    finally:
        finish()
    return _timed(Response(status=204))


def _start_transfer(size: int, phone: str | None) -> Any:
    """Acquire a slot for a transfer; a ping without bytes needs none."""
    if not size:
        return lambda: None
    limiter: TransferLimiter = current_app.extensions["transfer_limiter"]
    return limiter.acquire(client_keys(request.remote_addr or "", phone), size, clock_now())


def _timed(answer: Response) -> Response:
    """Add the server's time, which is not part of the line's time."""
    took_ms = (time.perf_counter() - g.began) * 1e3
    answer.headers["Server-Timing"] = f"cfRequestDuration;dur={took_ms:.3f}"
    return answer
