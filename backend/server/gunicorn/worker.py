"""gunicorn's worker of threads: silent connections take none, who waits too long is noted.

What it cannot read, it refuses as the application refuses: with a problem, not with a page.
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

from backend.http.load_shedding import Line, waited_too_long
from backend.i18n.messages import message

# What is refused before the application sees it; all else that cannot be read is a bad request.
REFUSED = {
    errors.LimitRequestLine: (414, "address_too_long"),
    errors.LimitRequestHeaders: (431, "head_too_large"),
    errors.ExpectationFailed: (417, "bad_request"),
    errors.UnsupportedTransferCoding: (501, "bad_request"),
}
OUR_FAULT = (
    errors.ConfigurationProblem,
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
)


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn brings no types
    """A request waits from the moment it can be read until a thread takes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = Line()

    def enqueue_req(self, conn: Any) -> None:
        """Hand over to a thread; a new connection only when it says something.

        gunicorn lets a thread wait for 5 s for a new connection's first byte: as many silent ones
        as there are threads, and everybody waits.
        """
        if not conn.initialized and not conn.data_ready:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.pending_conns.append(conn)
            speaks = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, speaks)
            return
        conn.enqueued = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request, in a thread."""
        waited_too_long.set(self.line.too_long(conn.enqueued, time.monotonic()))
        return super().handle(conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what cannot be read in the shape of all problems, in Vietnamese.

        Not logged as gunicorn does: its line quotes the address, which may hold a position.
        """
        if isinstance(exc, OUR_FAULT) or not isinstance(exc, errors.ParseException):
            super().handle_error(req, client, addr, exc)
            return
        status, code = REFUSED.get(type(exc), (400, "bad_request"))
        told = {"type": "about:blank", "title": message(code, "vi"), "status": status, "code": code}
        body = json.dumps(told, ensure_ascii=False).encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\n"
        head += f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n\r\n"
        self.log.warning("refused, as it cannot be read: %s", type(exc).__name__)
        with suppress(OSError):  # whoever asked has left
            util.write_nonblock(client, head.encode() + body)
