"""A mail server for tests with the part of SMTP that one mail needs."""

import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


class Mailbox(socketserver.StreamRequestHandler):
    """Handler that stores every mail.

    `server.replies` are other answers by command: `""` is the greeting, `BODY` the end of a mail;
    an empty answer ends the connection.
    """

    def handle(self) -> None:
        if not self._answer("", "220 here"):
            return
        for raw in self.rfile:
            word = raw[:4].upper().decode("ascii", "replace")
            if word == "DATA":
                self._answer(word, "354 go on")
                body = b"".join(iter(self.rfile.readline, b".\r\n"))
                taken = "BODY" not in self._replies()
                if taken:
                    self.server.mails.append(body)  # type: ignore[attr-defined]
                self._answer("BODY", "250 fine")
            elif not self._answer(word, "221 bye" if word == "QUIT" else "250 fine"):
                return
            if word == "QUIT":
                return

    def _replies(self) -> Mapping[str, str]:
        replies: Mapping[str, str] = getattr(self.server, "replies", {})
        return replies

    def _answer(self, word: str, usual: str) -> bool:
        """Send an answer; return whether the connection goes on."""
        answer = self._replies().get(word, usual)
        if answer:
            self.wfile.write(f"{answer}\r\n".encode())
        return bool(answer)


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
def mail_server(replies: Mapping[str, str] = {}) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """Yield the settings for the server and the mails that it received."""
    with listening(socketserver.TCPServer(("127.0.0.1", 0), Mailbox)) as server:
        server.replies = replies
        host, port = server.server_address
        yield {"SMTP_HOST": host, "SMTP_PORT": port, "SMTP_TLS": False}, server.mails
