"""Tickets, and small speed tests at the measuring host that each of them names.

One ticket is kept ahead for each host, for a test while the API does not answer. Without a ticket a
sample has no witness: its assurance is `claimed`.
"""

import contextlib
import json
import math
import os
import random
import time
import uuid
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from tests.tools.phone_simulator.client import TIMEOUT_S, Answer, Client, NoAnswerError
from tests.tools.phone_simulator.hosts import HostChoice
from tests.tools.phone_simulator.store import Run, Store, Ticket

PROFILE, DOWN_BYTES, UP_BYTES = "small", 1_000_000, 500_000
PINGS = 2
# A host that answers later is not chosen.
FAR_S = 2.0
NONCE_LENGTH = 32
# Attempts of a transfer: without an answer, and while the host has no free slot.
TRIES, NO_ANSWER_S = 5, 0.2
# Until another request for a ticket: after too many unused ones, which the next post may use, and
# after other refusals.
TOO_MANY_S, REFUSED_S = 1.0, 60.0
# Another host may be up.
HOST_REFUSED = (409, 422)
CHAOS_CUTS = 0.03  # share of requests to the host that the phone cuts


class RefusedError(Exception):
    """The host refuses a request, and repeating it does not help."""


class Host:
    """A measuring host; `cuts` is the share of requests whose answer the phone does not read."""

    def __init__(
        self,
        url: str,
        rng: random.Random,
        cuts: float = 0.0,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(url)
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname or "", parts.port
        self._rng, self._cuts, self._wait = rng, cuts, wait

    def start(self, ticket: str) -> str:
        """Start the test of a ticket; return its name."""
        status, content, _ = self._send("POST", "/do/tests", _body({"ticket": ticket}))
        if status in (408, 429) or status >= 500:
            raise NoAnswerError(str(status))
        if status != 201:
            raise RefusedError(f"{status} {content.decode(errors='replace')}")
        return str(json.loads(content)["test"])

    def ping(self) -> float:
        """Return the seconds of the faster of two answers; infinite without one in time."""
        waits = []
        for _ in range(PINGS):
            began = time.monotonic()
            with contextlib.suppress(NoAnswerError):
                status, _, _ = self._send("GET", "/do/down?bytes=0")
                if status == 200 and time.monotonic() - began < FAR_S:
                    waits.append(time.monotonic() - began)
        return min(waits, default=math.inf)

    def transfer(self, test: str) -> None:
        """Ping, download and upload as much as the profile needs."""
        nonce = ""
        for _ in range(PINGS):
            answer = self._insist("GET", f"/do/down?bytes=0&test={test}{nonce}")
            nonce = f"&nonce={answer.decode()}"
        content = self._insist("GET", f"/do/down?bytes={DOWN_BYTES}&test={test}")
        nonce = content[-NONCE_LENGTH:].decode()
        self._insist("POST", f"/do/down/end?test={test}&nonce={nonce}")
        self._insist("POST", f"/do/up?test={test}", os.urandom(UP_BYTES))

    def end(self, test: str) -> Answer:
        """End a test; the host gives the same answer for 7 days."""
        status, content, retry_after = self._send("POST", f"/do/tests/end?test={test}")
        try:
            return Answer(status, json.loads(content), retry_after)
        except ValueError:
            return Answer(status, {}, retry_after)

    def _insist(self, method: str, path: str, raw: bytes = b"") -> bytes:
        """Return the content of a successful answer; repeat a request that has none."""
        for _ in range(TRIES):
            try:
                status, content, retry_after = self._send(method, path, raw)
            except NoAnswerError:
                self._wait(NO_ANSWER_S)
                continue
            if status < 400:
                return content
            if status not in (429, 503):
                raise RefusedError(f"{path.partition('?')[0]} answered {status}")
            self._wait(retry_after or 1.0)
        raise NoAnswerError(path.partition("?")[0])

    def _send(self, method: str, path: str, raw: bytes = b"") -> tuple[int, bytes, float | None]:
        """Return status, content and the seconds to wait before another attempt."""
        kind = "application/json" if path == "/do/tests" else "application/octet-stream"
        body = raw if method == "POST" else None
        line = self._kind(self._host, self._port, timeout=TIMEOUT_S)
        try:
            line.request(method, path, body, {"Content-Type": kind} if raw else {})
            if self._rng.random() < self._cuts:
                raise NoAnswerError("cut off by this phone")
            answer = line.getresponse()
            content = answer.read()
        except (OSError, HTTPException) as error:
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error
        finally:
            line.close()
        wait = answer.getheader("Retry-After") or ""
        return answer.status, content, float(wait) if wait.isdigit() else None


class SpeedTester:
    """Makes small speed tests with tickets."""

    def __init__(
        self,
        client: Client,
        store: Store,
        rng: random.Random,
        cuts: float,
        wait: Callable[[float], None],
    ) -> None:
        self._client, self._store = client, store
        self._rng, self._cuts, self._wait = rng, cuts, wait
        self._refused_until = 0.0  # too many tickets
        self._choice = HostChoice(client, lambda url: self._host(url).ping())

    def test(self, token: str) -> Run | None:
        """Make a test; None without a ticket, or if no host answers at the start."""
        for host in self._choice.hosts():
            ticket = self._store.ticket(host.url) or self._fetch(token, host.id)
            run = self._use(ticket) if ticket else None
            if run:
                break
            self._choice.choose_again()
        if self._store.ticket(host.url) is None:
            self._fetch(token, host.id)
        return run

    def _host(self, url: str) -> Host:
        return Host(url, self._rng, self._cuts, self._wait)

    def _use(self, ticket: Ticket) -> Run | None:
        host = self._host(ticket.host)
        try:
            test = host.start(ticket.text)
        except NoAnswerError:
            return None  # it was not used: the next test at this host starts with it
        except RefusedError:
            self._store.drop_ticket(ticket.id)
            return None
        else:
            self._store.drop_ticket(ticket.id)
            # After an error the witness says how much the host saw.
            with contextlib.suppress(NoAnswerError, RefusedError):
                host.transfer(test)
            return Run(ticket.text, ticket.host, test)

    def _fetch(self, token: str, host_id: str | None) -> Ticket | None:
        """Get a ticket, for a host; its id is stored before, so that a lost answer costs none."""
        if time.monotonic() < self._refused_until:
            return None
        id = self._store.requested_ticket() or str(uuid.uuid4())
        self._store.request_ticket(id)
        try:
            body = {"id": id, "profile": PROFILE} | ({"host": host_id} if host_id else {})
            answer = self._client.post("tests", body, token)
        except NoAnswerError:
            return None
        if answer.status == 201 and answer.body["host"]["signs"]:
            ticket = Ticket(id, answer.body["ticket"], answer.body["host"]["url"])
            self._store.keep_ticket(ticket)
            return ticket
        if answer.status < 500:
            self._store.drop_ticket(id)
            if answer.status not in HOST_REFUSED:
                wait = TOO_MANY_S if answer.status == 429 else REFUSED_S
                self._refused_until = time.monotonic() + wait
        return None


def _body(value: object) -> bytes:
    return json.dumps(value).encode()
