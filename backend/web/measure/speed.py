"""The speed test: transfers limited in number and bytes so that they do not delay the API.

Served by the app or by a separate process (SPEED_PORT).
"""

import errno
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import chain
from typing import IO, Any, TypedDict
from uuid import UUID

from flask import Blueprint, Response, current_app, g, request

from backend.accounts.rate_limits import network_of
from backend.errors import Problem, invalid
from backend.fields import QueryWhole, Strict, Text
from backend.http.requests import Parser, clock_now, read_object
from backend.witness.keys import host_key, installation_key, own_host_id
from backend.witness.measuring_host import NONCE_LENGTH, STATE_FILE, MeasuringHost
from backend.witness.statements import (
    MAX_TOKEN,
    PROFILES,
    WITNESS,
    key_id,
    network_prefix,
    read_statement,
)
from config.workers import THREADS

# Bytes of one transfer: 0.4 s of a line of 1 Gbit/s.
MAX_TRANSFER = 50_000_000
# Bytes of one client address in an hour: a team of 50 phones behind one of a carrier needs 30 GB.
MAX_ADDRESS_PER_HOUR = 40_000_000_000
# As many times of this for tests with a ticket, each of which has a bound of its own: transfers
# without one cannot use it up.
TICKET_FACTOR = 5
# Large enough for fast sending, small enough to notice progress of slow phones.
CHUNK = 65_536
# Incompressible: larger than the windows of usual compression.
NOISE = memoryview(os.urandom(1_048_576))
# A phone starts its next transfer right after the last byte of the one before, whose slot is
# released a moment later.
SLOT_WAIT_S = 0.05
# A transfer that takes longer gives its slot to others: the page gives up after 30 s.
TRANSFER_S = 40.0
# The part of the slots that one address may take: a team behind one carrier address measures
# together, and others still find one.
ADDRESS_SHARE = 0.75
# Retry-After if all slots are taken; a transfer ends soon.
BUSY_RETRY_S = 1


class Transfer:
    """A transfer with its slot, which counts what moves."""

    def __init__(self, end: Callable[[int], None]) -> None:
        self.moved = 0
        self._end = [end]

    def count(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Count parts as they move."""
        for part in parts:
            yield part
            self.moved += len(part)

    def finish(self) -> None:
        """Give the slot back, at the first call only."""
        if self._end:
            self._end.pop()(self.moved)


class TransferLimiter:
    """Limits of one process: concurrent transfers, bytes per hour of an address."""

    def __init__(self, at_once: int, bytes_per_hour: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._address_most = max(1, int(ADDRESS_SHARE * at_once))
        self._running: Counter[str] = Counter()  # by address
        self._most = {False: bytes_per_hour, True: TICKET_FACTOR * bytes_per_hour}
        self._lock = threading.Lock()
        self._hour: datetime | None = None
        self._bytes_moved: Counter[tuple[str, bool]] = Counter()

    def begin(self, address: str, size: int, now: datetime, *, ticket: bool = False) -> Transfer:
        """Begin a transfer, which takes a slot; 429 where an hour's bytes would be exceeded.

        Only what moved is charged, at its end: a request that ends at once costs nothing.
        """
        if not self._slots.acquire(timeout=SLOT_WAIT_S):
            raise _refused(BUSY_RETRY_S)
        hour = now.replace(minute=0, second=0, microsecond=0)
        with self._lock:
            if hour != self._hour:
                self._hour, self._bytes_moved = hour, Counter()
            self._running[address] += 1
            full = self._running[address] > self._address_most
            spent = self._bytes_moved[address, ticket] + size > self._most[ticket]
        transfer = Transfer(partial(self._end, address, ticket))
        if full or spent:
            transfer.finish()
            raise _refused(BUSY_RETRY_S if full else 3600 - int((now - hour).total_seconds()))
        return transfer

    def _end(self, address: str, ticket: bool, moved: int) -> None:
        with self._lock:
            self._running[address] -= 1
            self._running += Counter()  # without addresses at 0
            self._bytes_moved[address, ticket] += moved
        self._slots.release()


def noise(size: int) -> Iterator[bytes]:
    """Yield incompressible bytes; the connection ends after TRANSFER_S."""
    sent, until = 0, time.monotonic() + TRANSFER_S
    while sent < size:
        if time.monotonic() > until:
            raise OSError(errno.ECONNRESET, "the transfer took too long")
        start = sent % len(NOISE)
        part = NOISE[start : start + min(CHUNK, size - sent)]
        sent += len(part)
        yield bytes(part)


def received(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the parts of a body; 408 after TRANSFER_S or a stall."""
    size, until = 0, time.monotonic() + TRANSFER_S
    try:
        while part := stream.read(CHUNK):
            size += len(part)
            if size > MAX_TRANSFER:
                raise Problem(413, "too_large")
            yield part
            if time.monotonic() > until:
                raise TimeoutError
    except TimeoutError:
        raise Problem(408, "transfer_too_slow") from None


@contextmanager
def _receiving_ends() -> Iterator[None]:
    """End this request's body after TRANSFER_S, also where single bytes keep a read waiting."""
    connection: socket.socket | None = request.environ.get("gunicorn.socket")
    if connection is None:  # not under gunicorn
        yield
        return
    timer = threading.Timer(TRANSFER_S, connection.shutdown, [socket.SHUT_RD])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _refused(wait_s: int) -> Problem:
    return Problem(429, "too_many_requests", headers={"Retry-After": str(wait_s)})


speed_bp = Blueprint("speed", __name__)
arguments = Parser().use_args

# The test may run against another host (SPEED_URL), and the page reads the timing of transfers.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Expose-Headers": "Server-Timing, Retry-After",
    "Timing-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx passes bytes on as they come
}


# A ticket in JSON.
MAX_TICKET_BODY = MAX_TOKEN + 1_000


class TransferQuery(TypedDict):
    """The size of a transfer, and its test."""

    bytes: int
    test: str | None  # null: of no test
    nonce: str | None  # of the previous ping's answer


class TransferSchema(Strict):
    """The size of a transfer, and its test."""

    bytes = QueryWhole(0, MAX_TRANSFER, required=True)
    test = Text(most=40, load_default=None)
    nonce = Text(most=NONCE_LENGTH, load_default=None)  # of the previous ping's answer


class SentSchema(TransferSchema):
    """A transfer whose size is that of its body."""

    bytes = QueryWhole(0, MAX_TRANSFER, load_default=0)


class RunningTestQuery(TypedDict):
    """A test that was started."""

    test: str


class RunningTestSchema(Strict):
    """A test that was started."""

    test = Text(most=40, required=True)


class EndQuery(RunningTestQuery):
    """A download of a test, by the nonce that it ended with."""

    nonce: str


class EndSchema(RunningTestSchema):
    """A download of a test, by the nonce that it ended with."""

    nonce = Text(most=NONCE_LENGTH, required=True)


def new_measuring_host(config: Mapping[str, Any]) -> MeasuringHost:
    """Return the measuring host of this machine: the own one, or HOST_ID of other installations."""
    own = installation_key(config["SECRET_KEY"])
    issuers = {key_id(key): key for key in (own.public_bytes, *config["TICKET_KEYS"])}
    host_id: UUID = config["HOST_ID"] or own_host_id(config["SECRET_KEY"])
    state = config["VAR_DIR"] / STATE_FILE
    return MeasuringHost(state, host_id, lambda: host_key(config["VAR_DIR"]), issuers)


def new_transfer_limiter(
    config: Mapping[str, Any], processes: int | None = None
) -> TransferLimiter:
    """Return the limiter of one process: its share of the slots, at most half its threads."""
    share = config["SPEED_AT_ONCE"] // (processes or config["WEB_CONCURRENCY"])
    at_once = share if processes else min(share, THREADS // 2)
    return TransferLimiter(max(1, at_once), MAX_ADDRESS_PER_HOUR)


@speed_bp.after_request
def _for_any_page(response: Response) -> Response:
    response.headers.update(OPEN_TO_ALL)
    return response


class StartedTest(TypedDict):
    """A test that began."""

    test: str
    profile: str  # the sizes of its transfers
    down_bytes: int
    up_bytes: int


class EndedTest(TypedDict):
    """The values of a test, and the statement of the host about them."""

    witness: str  # signed
    download_mbps: float | None  # null: without a finished transfer
    upload_mbps: float | None
    ping_ms: float | None
    complete: bool  # both transfers


@speed_bp.post("/do/tests")
def start_test() -> tuple[StartedTest, int]:
    """Start the test of a ticket."""
    size = request.content_length
    if size is None or size > MAX_TICKET_BODY:  # anyone can send one
        raise Problem(413 if size else 411, "too_large" if size else "length_required")
    ticket = read_object().get("ticket")
    if not isinstance(ticket, str):
        raise invalid("ticket", "not_text")
    started = _host().start(ticket, _prefix(), clock_now())
    profile = PROFILES[started.ticket.profile]
    return {
        "test": started.id,
        "profile": started.ticket.profile,
        "down_bytes": profile.down_bytes,
        "up_bytes": profile.up_bytes,
    }, 201


@speed_bp.post("/do/tests/end")
@arguments(RunningTestSchema, location="query")
def end_test(query: RunningTestQuery) -> EndedTest:
    """End a test; return the host's witness and its values, the same again for 7 days."""
    token = _host().end(query["test"], clock_now())
    witness = read_statement(token, WITNESS).witness()  # of this machine: nothing to verify
    return {
        "witness": token,
        "download_mbps": witness.down.mbps,
        "upload_mbps": witness.up.mbps,
        "ping_ms": witness.rtt_ms,
        "complete": witness.down.complete and witness.up.complete,
    }


@speed_bp.get("/do/down")
@arguments(TransferSchema, location="query")
def send_down(query: TransferQuery) -> Response:
    """Send the requested number of incompressible bytes; in a test the last 32 are a nonce."""
    size, test = query["bytes"], query["test"]
    if test and not size:  # a ping, which is answered with the nonce that the next one returns
        nonce = _host().ping(test, query["nonce"], clock_now(), time.monotonic())
        return _timed(Response(nonce, content_type="application/octet-stream"))
    transfer = _begin_transfer(size, test)
    try:
        content = _witnessed_noise(test, size) if test else noise(size)
    except Problem:
        transfer.finish()
        raise
    answer = Response(transfer.count(content), content_type="application/octet-stream")
    answer.content_length = size
    answer.call_on_close(transfer.finish)
    return _timed(answer)


@speed_bp.post("/do/down/end")
@arguments(EndSchema, location="query")
def end_down(query: EndQuery) -> Response:
    """End a download of a test by its nonce."""
    at = time.monotonic()
    _host().end_download(query["test"], query["nonce"], _prefix(), clock_now(), at)
    return _timed(Response(status=204))


@speed_bp.post("/do/up")
@arguments(SentSchema, location="query")
def take_up(query: TransferQuery) -> Response:
    """Receive a body and discard it."""
    size, test = request.content_length, query["test"]
    if size is None or size > MAX_TRANSFER:
        raise Problem(413 if size else 411, "too_large" if size else "length_required")
    if test:
        _host().check_running(test, size, clock_now())
    transfer = _begin_transfer(size, test)
    try:
        with _receiving_ends():
            for _ in transfer.count(received(request.stream)):
                pass
        if transfer.moved < size:  # _receiving_ends
            raise Problem(408, "transfer_too_slow")
    finally:
        transfer.finish()
        if test:
            # From the beginning of the request: bytes arrive while the test is looked up.
            seconds, finished = time.perf_counter() - g.began, transfer.moved == size
            _host().add_upload(test, size, seconds, finished, _prefix(), clock_now())
    return _timed(Response(status=204))


def _witnessed_noise(test: str, size: int) -> Iterator[bytes]:
    """Begin a download of a test; return its bytes, which end with the nonce."""
    if size < NONCE_LENGTH:
        raise invalid("bytes", "out_of_range")
    nonce = _host().begin_download(test, size, clock_now())
    return chain(noise(size - NONCE_LENGTH), [nonce.encode()])


def _host() -> MeasuringHost:
    host: MeasuringHost = current_app.extensions["measuring_host"]
    return host


def _prefix() -> str | None:
    return network_prefix(request.remote_addr or "")


def _begin_transfer(size: int, test: str | None) -> Transfer:
    """Begin a transfer, whose test is known or looked up next; without bytes it needs no slot."""
    if not size:
        return Transfer(lambda moved: None)
    limiter: TransferLimiter = current_app.extensions["transfer_limiter"]
    address = network_of(request.remote_addr or "")
    return limiter.begin(address, size, clock_now(), ticket=bool(test))


def _timed(answer: Response) -> Response:
    """Add the server's time, which is not part of the line's time."""
    took_ms = (time.perf_counter() - g.began) * 1e3
    answer.headers["Server-Timing"] = f"cfRequestDuration;dur={took_ms:.3f}"
    return answer
