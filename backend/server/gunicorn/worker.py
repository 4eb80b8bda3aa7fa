"""gunicorn's threaded worker, with load shedding and without threads for silent connections.

Requests that cannot be parsed are answered by problem details, as in the application.
"""

import json
import selectors
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


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn brings no types
    """Measures how long each request waits for a thread."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.queue = CoDelQueue()

    def enqueue_req(self, conn: Any) -> None:
        """Pass a request to a thread; a new connection only once it has sent a byte.

        gunicorn's threads wait up to 5 s for the first byte of a connection: as many silent
        connections as threads would stop the server.
        """
        if not conn.initialized and not conn.data_ready:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.pending_conns.append(conn)
            readable = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, readable)
            return
        conn.enqueued = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request in a thread."""
        waited_too_long.set(self.queue.is_late(conn.enqueued, time.monotonic()))
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
