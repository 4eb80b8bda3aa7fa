"""gunicorn's threaded worker, with load shedding and without threads for slow clients.

A thread gets a request once its head is complete; a body must then arrive at a least rate.

Requests that cannot be parsed are answered by problem details, as in the application.
"""

import json
import selectors
import socket
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from backend.http.load_shedding import CoDelQueue, waited_too_long
from backend.i18n.messages import message

# Errors of parsing with an answer of their own; all others are bad requests.
PARSE_ERRORS = {
    errors.LimitRequestLine: (414, "address_too_long"),
    errors.LimitRequestHeaders: (431, "head_too_large"),
    errors.ExpectationFailed: (417, "bad_request"),
    errors.UnsupportedTransferCoding: (501, "bad_request"),
}
INTERNAL = (
    errors.ConfigurationProblem,
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
)


# From the connection to the end of the first head, or from the first byte of a further one.
HEAD_S = 20.0
# Larger heads are passed on: gunicorn's own limits answer them.
HEAD_MOST = 65_536
HEAD_ENDS = (b"\r\n\r\n", b"\n\n")  # the second one is refused, by the parser
# Connections whose head is incomplete; above it the oldest one is closed.
PENDING_MOST = 500
# A body takes at most this long, plus a second for each so many bytes: EDGE sends 8 kB a second.
BODY_S, BODY_BYTES_PER_S = 10.0, 2_000
# An answer of which the client takes nothing for so long is abandoned by the kernel.
UNREAD_MS = 30_000


class PacedSocket:
    """The receiving side of a socket whose bytes must arrive at a least rate; else TimeoutError."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._began, self._bytes = sock, time.monotonic(), 0

    def recv(self, most: int) -> bytes:
        """Receive up to `most` bytes."""
        left = self._began + BODY_S + self._bytes / BODY_BYTES_PER_S - time.monotonic()
        self._sock.settimeout(max(left, 0.001))
        try:
            part = self._sock.recv(most)
        finally:
            self._sock.settimeout(None)
        self._bytes += len(part)
        return part


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn brings no types
    """Measures how long each request waits for a thread, and reads heads without one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = CoDelQueue()

    def enqueue_req(self, conn: Any) -> None:
        """Pass a request to a thread once its head is complete.

        gunicorn's threads wait for the bytes of a head: as many silent or slow connections as
        threads would stop the server.
        """
        if not hasattr(conn, "head"):
            conn.head = b""
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
                conn.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        if conn.parser is not None:  # bytes behind the previous request
            conn.head += conn.parser.unreader.take_buffered()
        if _is_complete(conn.head):
            self._submit(conn)
        else:
            self._wait_for_head(conn)

    def _submit(self, conn: Any) -> None:
        conn.data_ready = True  # a thread need not wait for the first byte
        conn.enqueued = time.monotonic()
        super().enqueue_req(conn)

    def _wait_for_head(self, conn: Any) -> None:
        if len(self.pending_conns) >= PENDING_MOST:
            oldest = self.pending_conns.popleft()
            self.poller.unregister(oldest.sock)
            self.nr_conns -= 1
            oldest.close()
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + HEAD_S
        self.pending_conns.append(conn)
        readable = partial(self.on_pending_socket_readable, conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, readable)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        """Receive a part of a head."""
        if _receive_head(conn):
            self.poller.unregister(client)
            self.pending_conns.remove(conn)
            self._submit(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Receive the head of a further request; mostly it is complete at once."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        if _receive_head(conn):
            self._submit(conn)
        else:
            self._wait_for_head(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request in a thread."""
        waited_too_long.set(self.queue.is_late(conn.enqueued, time.monotonic()))
        conn.init()
        unreader = conn.parser.unreader
        unreader.unread(conn.head)
        conn.head = b""
        unreader.sock = PacedSocket(conn.sock)
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that cannot be parsed by problem details, in Vietnamese.

        gunicorn's own log line is avoided: it quotes the URL, which may contain a position.
        """
        if isinstance(exc, INTERNAL) or not isinstance(exc, errors.ParseException):
            super().handle_error(req, client, addr, exc)
            return
        status, code = PARSE_ERRORS.get(type(exc), (400, "bad_request"))
        title = message(code, "vi")
        details = {"type": "about:blank", "title": title, "status": status, "code": code}
        body = json.dumps(details, ensure_ascii=False).encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\n"
        head += f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.log.warning("refused, as it cannot be read: %s", type(exc).__name__)
        with suppress(OSError):  # the client is gone
            util.write_nonblock(client, head.encode() + body)


def _receive_head(conn: Any) -> bool:
    """Receive what has arrived of a head; return whether it is complete or the client is gone."""
    try:
        part = conn.sock.recv(HEAD_MOST)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        part = b""
    conn.head += part
    return not part or _is_complete(conn.head)


def _is_complete(head: bytes) -> bool:
    return len(head) >= HEAD_MOST or any(end in head for end in HEAD_ENDS)
