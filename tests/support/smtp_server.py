"""A mail server for tests with the part of SMTP that one mail needs."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Mailbox(socketserver.StreamRequestHandler):
    """Handler that stores every mail."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        for raw in self.rfile:
            word = raw[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.mails.append(body)  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 fine\r\n")
            if word == b"QUIT":
                return


@contextmanager
def listening(server: Any) -> Iterator[Any]:
    """Serve in a thread; received data is in `mails` and `posted`."""
    server.mails, server.posted = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mail_server() -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """Yield the settings for the server and the mails that it received."""
    with listening(socketserver.TCPServer(("127.0.0.1", 0), Mailbox)) as server:
        host, port = server.server_address
        yield {"SMTP_HOST": host, "SMTP_PORT": port, "SMTP_TLS": False}, server.mails
