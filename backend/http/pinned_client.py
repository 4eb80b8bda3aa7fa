"""One request over HTTP: to a checked address, without redirects, within a time and a size."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from queue import Empty, Queue

from backend.http.addresses import (
    Address,
    Networks,
    Target,
    may_reach,
    parse_url,
    resolve,
)

# Of a whole delivery, with the resolution of the name: receivers answer before they work.
TIMEOUT_S = 10.0
CONNECT_S = 3.0  # to one address of a host
# Of a host are tried: more would keep the thread busy after the request has failed.
MAX_ADDRESSES = 3
MAX_RETRY_AFTER_S = 3_600


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a request: the status of the answer, or what went wrong before one."""

    status: int | None = None
    error: str | None = None
    retry_after_s: int = 0
    content: bytes = b""  # of `get`

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def problem(self) -> str | None:
        """A code: `http_500`, or that of the error; None after a success."""
        return None if self.succeeded else self.error or f"http_{self.status}"


class _Connection(HTTPConnection):
    """A connection to addresses that were checked, whatever the name resolves to meanwhile."""

    def __init__(self, target: Target, addresses: Sequence[Address], timeout: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout)
        self.target, self.addresses = target, addresses

    def connect(self) -> None:
        plain = self._reach()
        plain.settimeout(self.timeout)
        self.sock = plain
        if self.target.encrypted:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self.target.host)

    def _reach(self) -> socket.socket:
        """Connect to the first address that answers, as to a host without IPv6."""
        for address in self.addresses[:-1]:
            with contextlib.suppress(OSError):
                return socket.create_connection((str(address), self.port), CONNECT_S)
        return socket.create_connection((str(self.addresses[-1]), self.port), CONNECT_S)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]
    allowed: Networks
    timeout_s: float
    body: bytes | None = None
    most: int = 0  # bytes that are read of the answer's body


def send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Networks,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Post a body to a URL; never raises for what the receiver or the network does.

    The body of the answer is not read.
    """
    with_length = {"Content-Length": str(len(body)), **headers}
    return _in_time(_Request("POST", url, with_length, allowed, timeout_s, body))


def get(url: str, allowed: Networks, most: int, timeout_s: float) -> Answer:
    """Read a URL; never raises for what the server or the network does.

    `too_large` for a body of more than `most` bytes.
    """
    return _in_time(_Request("GET", url, {}, allowed, timeout_s, most=most))


def _in_time(request: _Request) -> Answer:
    """Send a request in a thread, so that no name server or answer of single bytes delays it."""
    answers: Queue[Answer] = Queue()
    stop = _Stop()

    def run() -> None:
        answers.put(_exchange(request, stop))

    threading.Thread(target=run, name="pinned client", daemon=True).start()
    try:
        return answers.get(timeout=request.timeout_s)
    except Empty:
        stop.cut()
        return Answer(error="timeout")


class _Stop:
    """Cuts the connection of a request that takes too long."""

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None
        self.late = False

    def cut(self) -> None:
        self.late = True
        connection = self.connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)


def _exchange(request: _Request, stop: _Stop) -> Answer:
    try:
        target = parse_url(request.url)
        addresses = resolve(target)
    except (OSError, ValueError):
        return Answer(error="name_unknown")
    # One refused address refuses all: a name with both is an attempt, or a mistake.
    if not addresses or not all(
        may_reach(one, target.encrypted, request.allowed) for one in addresses
    ):
        return Answer(error="address_forbidden")
    if stop.late:
        return Answer(error="timeout")
    connection = _Connection(target, addresses[:MAX_ADDRESSES], request.timeout_s)
    stop.connection = connection
    try:
        connection.putrequest(
            request.method, target.path, skip_host=True, skip_accept_encoding=True
        )
        every = {"Host": target.host_header, **request.headers, "Connection": "close"}
        for name, value in every.items():
            connection.putheader(name, value)
        connection.endheaders(request.body)
        return _read(connection.getresponse(), request.most)
    except TimeoutError:
        return Answer(error="timeout")
    except ssl.SSLError:
        return Answer(error="tls")
    except ConnectionRefusedError:
        return Answer(error="refused")
    except (OSError, HTTPException, ValueError):
        return Answer(error="broken")
    finally:
        connection.close()


def _read(response: HTTPResponse, most: int) -> Answer:
    wait = response.headers.get("Retry-After", "")
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0
    content = response.read(most + 1) if most else b""
    if len(content) > most:
        return Answer(error="too_large")
    return Answer(response.status, None, min(seconds, MAX_RETRY_AFTER_S), content)
