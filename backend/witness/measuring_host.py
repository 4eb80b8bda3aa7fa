"""A measuring host: checks tickets, observes transfers, signs witnesses. It has no PostgreSQL.

The state of its tests is in one SQLite file that the worker processes share.
"""

import math
import os
import secrets
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec import Struct, field
from msgspec.json import decode, encode

from backend.errors import Problem, or_404
from backend.witness.statements import (
    PROFILES,
    TICKET,
    SigningKey,
    StatementError,
    Ticket,
    Witness,
    WitnessedDirection,
    read_statement,
    sign,
)
from config.settings import make_private

STATE_FILE = "tests.sqlite"  # in VAR_DIR
# A witness can be fetched again for this time.
KEPT = timedelta(days=7)
# A page ends a test after 55 s; slow lines need longer.
MAX_TEST = timedelta(minutes=10)
# Pings, transfers and their ends in one test: the page needs at most 60.
MAX_EVENTS = 200
# Bytes of its transfers, also of those that did not end: the page needs at most 100 MB.
MAX_BYTES = 250_000_000
# The last transfer of a slow line takes this long: clients stop at 0.9 s by their own clock …
LAST_TRANSFER_S = 0.8
# … and has at least so many bytes, of so many in all: fewer would cost nothing.
LAST_TRANSFER_BYTES, SLOW_BYTES = 50_000, 100_000
# The most that a round trip, which a client may prolong, is of the time of a transfer.
ROUND_TRIP_SHARE = 0.25
NONCE_BYTES = 16
NONCE_LENGTH = 2 * NONCE_BYTES  # as hexadecimal digits
# Clocks of installation and host may differ.
MAX_SKEW = timedelta(minutes=2)
# Transfers of a quarter of the largest size and more are compared: of smaller ones some
# milliseconds in buffers are too large a part.
SIZES_COMPARED = 4
# Shorter times would be rates without a bound.
CLOCK_STEP_S = 1e-4
# Seconds to wait for another worker's write.
BUSY_S = 5.0

TABLE = """
    create table if not exists tests (
        id text primary key, ticket_id text not null unique, started real not null,
        state text not null
    );
    create index if not exists tests_started on tests (started);
"""


class Direction(Struct):
    """The transfers of one direction, in order; an unfinished one has a rate of 0."""

    moved: int = 0  # bytes of finished transfers
    rates: list[tuple[int, float]] = []  # size, and rate in Mbit/s
    last_bytes: int = 0
    last_seconds: float = 0.0

    def add(self, size: int, seconds: float, took: float, finished: bool) -> None:
        """Add a transfer by the time of its bytes and the time that the client waited."""
        done = size if finished else 0
        self.moved += done
        self.rates.append((size, round(done * 8 / max(seconds, CLOCK_STEP_S) / 1e6, 3)))
        self.last_bytes, self.last_seconds = done, took

    def witnessed(self, profile_bytes: int) -> WitnessedDirection:
        """Return the rate, the 90th percentile of the large ones, and whether enough was moved."""
        least = max((size for size, _ in self.rates), default=0) / SIZES_COMPARED
        slow = self.last_bytes >= LAST_TRANSFER_BYTES and self.last_seconds >= LAST_TRANSFER_S
        complete = self.moved >= (SLOW_BYTES if slow else profile_bytes)
        rates = [rate for size, rate in self.rates if size >= least]
        return WitnessedDirection(self.moved, percentile_90(rates), complete)


def percentile_90(rates: Sequence[float]) -> float | None:
    """Return the 90th percentile with linear interpolation; None without values."""
    if not rates:
        return None
    ordered, place = sorted(rates), 0.9 * (len(rates) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return round(low + (high - low) * (place % 1), 3)


class Download(Struct):
    """A download whose nonce has not come back; `began` is a monotonic time in seconds."""

    nonce: str
    size: int
    began: float


class ObservedTest(Struct):
    """What is known of one test."""

    ticket: dict[str, Any]  # claims
    events: int = 0
    down: Direction = field(default_factory=Direction)
    up: Direction = field(default_factory=Direction)
    open_download: Download | None = None
    ended_nonce: str | None = None
    ping_nonce: str | None = None
    ping_sent: float = 0.0
    rtt_s: float | None = None
    prefix: str | None = None  # network of the client in its largest transfer
    prefix_bytes: int = -1
    witness: str | None = None

    def end_download(self, at: float, finished: bool) -> None:
        """Add the open download, if any."""
        if self.open_download is None:
            return
        took = max(at - self.open_download.began, 0.0)
        seconds = took - min(self.rtt_s or 0.0, ROUND_TRIP_SHARE * took)
        self.down.add(self.open_download.size, seconds, took, finished)
        self.open_download = None

    def note_prefix(self, prefix: str | None, size: int) -> None:
        if prefix and size > self.prefix_bytes:
            self.prefix, self.prefix_bytes = prefix, size


@dataclass(frozen=True, slots=True)
class StartedTest:
    """The secret that names a test in its requests, and its ticket."""

    id: str
    ticket: Ticket


class MeasuringHost:
    """The measuring host of this machine.

    Parameters
    ----------
    state
        Path of the SQLite file.
    id
        The host's id, the audience of its tickets.
    key
        Returns the key that signs witnesses, which the first call may generate.
    issuers
        Public keys of the installations whose tickets are accepted, by key id.
    """

    def __init__(
        self, state: Path, id: UUID, key: Callable[[], SigningKey], issuers: Mapping[str, bytes]
    ) -> None:
        self.id, self.issuers = id, issuers
        self._key = key
        self._state = state
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0

    def start(self, token: str, prefix: str | None, now: datetime) -> StartedTest:
        """Start the test of a ticket; a retry before any transfer returns the same test."""
        ticket = self._check_ticket(token, now)
        test = secrets.token_urlsafe(24)
        state = ObservedTest(ticket.claims())
        state.note_prefix(prefix, 0)
        row = (test, str(ticket.id), now.timestamp(), encode(state).decode())
        with self._transaction() as connection:
            connection.execute("delete from tests where started < ?", [(now - KEPT).timestamp()])
            found = connection.execute(
                "select id, state from tests where ticket_id = ?", [str(ticket.id)]
            ).fetchone()
            if found is None:
                connection.execute("insert into tests values (?, ?, ?, ?)", row)
            else:
                test, before = found[0], decode(found[1], type=ObservedTest)
                if before.events or before.witness:
                    raise Problem(409, "ticket_used")
        return StartedTest(test, ticket)

    def ping(self, test: str, nonce: str | None, now: datetime, at: float) -> str:
        """Return the nonce of a ping's answer; `nonce` is that of the previous answer."""
        with self._running(test, now) as state:
            if nonce and nonce == state.ping_nonce:
                rtt = at - state.ping_sent
                if rtt > 0:
                    state.rtt_s = min(rtt, state.rtt_s or rtt)
            fresh = secrets.token_hex(NONCE_BYTES)
            state.ping_nonce, state.ping_sent = fresh, time.monotonic()
        return fresh

    def begin_download(self, test: str, size: int, now: datetime) -> str:
        """Begin a download of `size` bytes; return the nonce that it ends with.

        An earlier one whose nonce has not come back counts as unfinished.
        """
        with self._running(test, now, size) as state:
            at = time.monotonic()
            state.end_download(at, finished=False)
            nonce = secrets.token_hex(NONCE_BYTES)
            state.open_download = Download(nonce, size, at)
        return nonce

    def end_download(
        self, test: str, nonce: str, prefix: str | None, now: datetime, at: float
    ) -> None:
        """End a download by its nonce, which the client knows once it has read all bytes."""
        with self._running(test, now) as state:
            download = state.open_download
            if nonce == state.ended_nonce:  # a retry after a lost answer
                return
            if download is None or nonce != download.nonce:
                raise Problem(409, "nonce_unknown")
            state.note_prefix(prefix, download.size)
            state.end_download(at, finished=True)
            state.ended_nonce = nonce

    def check_running(self, test: str, size: int, now: datetime) -> None:
        """Raise a problem unless the test takes an upload of this size."""
        with self._running(test, now, size):
            pass

    def add_upload(
        self,
        test: str,
        size: int,
        seconds: float,
        finished: bool,
        prefix: str | None,
        now: datetime,
    ) -> None:
        """Add an upload by the time from its first to its last byte."""
        with self._running(test, now) as state:
            if finished:
                state.note_prefix(prefix, size)
            # The first byte arrived half a round trip after it was sent, as does the answer.
            most = seconds / (1 - ROUND_TRIP_SHARE)
            state.up.add(size, seconds, min(seconds + (state.rtt_s or 0.0), most), finished)

    def end(self, test: str, now: datetime) -> str:
        """Return the witness of a test, always the same, and take no more transfers."""
        with self._locked(test) as (state, started):
            if state.witness is None:
                state.end_download(time.monotonic(), finished=False)
                state.witness = sign(self._witness(state, started, now), self._key())
            return state.witness

    def _witness(self, state: ObservedTest, started: datetime, now: datetime) -> Witness:
        ticket = Ticket.from_claims(state.ticket)
        profile = PROFILES[ticket.profile]
        return Witness(
            ticket_id=ticket.id,
            host_id=self.id,
            subject=ticket.subject,
            audience=ticket.issuer,
            profile=ticket.profile,
            start=started,
            end=now,
            down=state.down.witnessed(profile.down_bytes),
            up=state.up.witnessed(profile.up_bytes),
            rtt_ms=None if state.rtt_s is None else round(state.rtt_s * 1e3, 3),
            prefix=state.prefix,
        )

    def _check_ticket(self, token: str, now: datetime) -> Ticket:
        """Verify a ticket before any other work: anyone can send one."""
        try:
            statement = read_statement(token, TICKET)
            issuer = self.issuers.get(statement.kid)
            if issuer is None:
                raise Problem(422, "server_foreign")
            statement.verify(issuer)
            ticket = statement.ticket()
        except StatementError:
            raise Problem(422, "ticket_invalid") from None
        if ticket.host_id != self.id:
            raise Problem(422, "host_foreign")
        if not ticket.issued_at - MAX_SKEW <= now <= ticket.expires_at:
            raise Problem(409, "ticket_expired")
        return ticket

    @contextmanager
    def _running(self, test: str, now: datetime, size: int = 0) -> Iterator[ObservedTest]:
        """Yield the state of a test that takes `size` more bytes, and count an event."""
        with self._locked(test) as (state, started):
            begun = sum(one for one, _ in (*state.down.rates, *state.up.rates))
            used_up = state.events >= MAX_EVENTS or begun + size > MAX_BYTES
            if state.witness or now - started > MAX_TEST or used_up:
                raise Problem(409, "test_ended")
            state.events += 1
            yield state

    @contextmanager
    def _locked(self, test: str) -> Iterator[tuple[ObservedTest, datetime]]:
        """Yield the state of a test and its start; what changes is written."""
        with self._transaction() as connection:
            found = or_404(
                connection.execute(
                    "select started, state from tests where id = ?", [test]
                ).fetchone(),
                "test_unknown",
            )
            state = decode(found[1], type=ObservedTest)
            yield state, datetime.fromtimestamp(found[0], UTC)
            written = encode(state).decode()
            connection.execute("update tests set state = ? where id = ?", [written, test])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection of this process in a transaction that excludes other writers."""
        try:
            with self._lock:
                connection = self._connected()
                connection.execute("begin immediate")
                try:
                    yield connection
                except BaseException:
                    connection.rollback()
                    raise
                connection.commit()
        except sqlite3.Error as error:
            raise Problem(503, "unavailable", headers={"Retry-After": "1"}) from error

    def _connected(self) -> sqlite3.Connection:
        """Open the file at first use in this process: a connection must not cross a fork."""
        if self._connection is None or self._process != os.getpid():
            make_private(self._state.parent)
            os.close(os.open(self._state, os.O_CREAT | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self._state, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
            weakref.finalize(self, connection.close)
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")  # no fsync in a transaction
            connection.executescript(TABLE)
            self._connection, self._process = connection, os.getpid()
        return self._connection
