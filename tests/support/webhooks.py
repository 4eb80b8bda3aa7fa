"""A receiver of webhooks for tests, which follows the rules of docs/events.md."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError


@dataclass
class Receiver:
    """What was received: headers, bodies, and the events that were applied once."""

    url: str = ""
    secret: str | None = None
    # Returns the status of the answer; None closes the connection without one.
    answer: Callable[[dict[str, str], bytes], int | None] = lambda headers, body: 204
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    applied: dict[str, Any] = field(default_factory=dict)  # by webhook-id
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, headers: dict[str, str], body: bytes) -> int | None:
        with self.lock:
            self.received.append((headers, body))
        status = self.answer(headers, body)
        if status is None or not 200 <= status < 300:
            return status
        if self.secret:
            try:
                event = Webhook(self.secret).verify(body, headers)
            except WebhookVerificationError:
                return 401
            with self.lock:
                self.applied.setdefault(headers["webhook-id"], event)
        return status

    @property
    def numbers(self) -> list[int]:
        """The numbers of the applied events, in the order of their first arrival."""
        return [event["number"] for event in self.applied.values()]


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Serve a receiver on this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take({k.lower(): v for k, v in self.headers.items()}, body)
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            if status == 429:
                self.send_header("Retry-After", "77")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?key=1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
