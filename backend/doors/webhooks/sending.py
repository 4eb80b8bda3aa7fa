"""One delivery over HTTP: to a checked address, without redirects, within a time."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from queue import Empty, Queue

from backend.doors.webhooks.addresses import (
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
# Of a host are tried: more would keep the thread busy after the delivery has failed.
MAX_ADDRESSES = 3
MAX_RETRY_AFTER_S = 3_600


@dataclass(frozen=True, slots=True)
class Sent:
    """The result of a delivery: the status of the answer, or what went wrong before one."""

    status: int | None = None
    error: str | None = None
    retry_after_s: int = 0

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


def send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Networks,
    timeout_s: float = TIMEOUT_S,
) -> Sent:
    """Post a body to a URL; never raises for what the receiver or the network does.

    A thread does it, so that neither a name server nor an answer of single bytes takes longer.
    """
    answers: Queue[Sent] = Queue()
    stop = _Stop()

    def run() -> None:
        answers.put(_send(url, body, headers, allowed, timeout_s, stop))

    threading.Thread(target=run, name="webhook", daemon=True).start()
    try:
        return answers.get(timeout=timeout_s)
    except Empty:
        stop.cut()
        return Sent(error="timeout")


class _Stop:
    """Cuts the connection of a delivery that takes too long."""

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None
        self.late = False

    def cut(self) -> None:
        self.late = True
        connection = self.connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)


def _send(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Networks,
    timeout_s: float,
    stop: _Stop,
) -> Sent:
    try:
        target = parse_url(url)
        addresses = resolve(target)
    except (OSError, ValueError):
        return Sent(error="name_unknown")
    # One refused address refuses all: a name with both is an attempt, or a mistake.
    if not addresses or not all(may_reach(one, target.encrypted, allowed) for one in addresses):
        return Sent(error="address_forbidden")
    if stop.late:
        return Sent(error="timeout")
    connection = _Connection(target, addresses[:MAX_ADDRESSES], timeout_s)
    stop.connection = connection
    try:
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        every = {"Host": target.host_header, "Content-Length": str(len(body)), **headers}
        for name, value in {**every, "Connection": "close"}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return _read(connection.getresponse())  # the body of the answer is not read
    except TimeoutError:
        return Sent(error="timeout")
    except ssl.SSLError:
        return Sent(error="tls")
    except ConnectionRefusedError:
        return Sent(error="refused")
    except (OSError, HTTPException, ValueError):
        return Sent(error="broken")
    finally:
        connection.close()


def _read(response: HTTPResponse) -> Sent:
    wait = response.headers.get("Retry-After", "")
    seconds = int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 9 else 0
    return Sent(response.status, retry_after_s=min(seconds, MAX_RETRY_AFTER_S))
