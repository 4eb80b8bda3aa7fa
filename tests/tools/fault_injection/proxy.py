"""A proxy that cuts connections in the middle of a body or of an answer."""

import contextlib
import random
import socket
import struct
import threading
from typing import Self

TIMEOUT_S = 30.0
CHUNK = 65_536
# SO_LINGER with timeout 0: a reset instead of a regular end.
RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Forwards requests and cuts a share of the connections."""

    def __init__(self, port: int) -> None:
        self._to = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.share, self.rng = 0.0, random.Random()
        self.cuts = {"body": 0, "answer": 0}

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def _pass(self, client: socket.socket) -> None:
        """Forward one request and its answer: phones open a connection for each."""
        with contextlib.suppress(OSError), client:
            client.settimeout(TIMEOUT_S)
            head, body = _read(client)
            where = self._where(bool(body))
            with socket.create_connection(self._to, TIMEOUT_S) as server:
                if where == "body":
                    server.sendall(head + body[: self.rng.randrange(len(body))])
                    return self._cut(where, client, server)
                server.sendall(head + body)
                answer = b"".join(_read(server))
                if where == "answer":
                    client.sendall(answer[: self.rng.randrange(len(answer))])
                    return self._cut(where, client)
                client.sendall(answer)
        return None

    def _where(self, has_body: bool) -> str | None:
        if self.rng.random() >= self.share:
            return None
        return self.rng.choice(("body", "answer")) if has_body else "answer"

    def _cut(self, where: str, *ends: socket.socket) -> None:
        self.cuts[where] += 1
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            end.close()


def _read(connection: socket.socket) -> tuple[bytes, bytes]:
    """Read the head and the body of a message."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
    while len(body) < int(length or 0):
        body += _some(connection)
    return head + b"\r\n\r\n", body


def _some(connection: socket.socket) -> bytes:
    chunk = connection.recv(CHUNK)
    if not chunk:
        raise ConnectionError("ended too early")
    return chunk
