"""A receiver of webhooks as a process of its own: follows docs/events.md, and misbehaves on order.

    python -m tests.tools.event_faults.receiver FOLDER PORT SECRET

The file FOLDER/mode says what goes wrong, with what share of the requests.
"""

import contextlib
import os
import random
import socket
import struct
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from tests.tools.event_faults.store import EventStore

# Longer than the server waits for an answer.
SLOW_S = 12.0
RESET = struct.pack("ii", 1, 0)
OK = "ok"
MODES = (OK, "500", "slow", "cut_before", "cut_after")


def set_mode(folder: Path, mode: str, share: float = 1.0) -> None:
    """Order a receiver to misbehave; the file is replaced as a whole."""
    fresh = folder / "mode.new"
    fresh.write_text(f"{mode} {share}")
    fresh.replace(folder / "mode")


def mode_of(folder: Path) -> str:
    """Return how the present request goes wrong."""
    with contextlib.suppress(OSError, ValueError):
        mode, share = (folder / "mode").read_text().split()
        if random.random() < float(share):
            return mode
    return OK


def serve(folder: Path, port: int, secret: str) -> None:
    """Receive until the process is killed."""
    checker, store = Webhook(secret), folder / "received.sqlite"

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            mode = mode_of(folder)
            if mode == "500":
                return self.answer(500)
            if mode == "cut_before":
                return self.cut()
            try:
                event = checker.verify(body, dict(self.headers.items()))
            except WebhookVerificationError:
                return self.answer(401)
            mine = EventStore(store)
            mine.apply([event | {"id": self.headers["webhook-id"]}])
            mine.close()
            if mode == "cut_after":
                return self.cut()
            if mode == "slow":
                time.sleep(SLOW_S)
            return self.answer(204)

        def answer(self, status: int) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def cut(self) -> None:
            """Reset the connection without an answer."""
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            os.close(self.connection.detach())

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                super().finish()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
