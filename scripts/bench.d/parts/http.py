"""Requests over a kept connection, with as little work as possible for the load generator."""

import socket

OK = (b"200", b"201")


class Refused(Exception):
    """An answer other than success: its status, head and body."""

    def __init__(self, status: str, head: bytes, body: bytes) -> None:
        super().__init__(f"{head.decode()}\n{body.decode()}")
        self.status = status


def request(method: str, path: str, token: str, body: bytes) -> bytes:
    """Build the bytes of a request in advance, to save CPU time of the load generator."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    return head.encode() + b"\r\n" + body


def exchange(connection: socket.socket, sent: bytes) -> bytes:
    """Send one request and return the body of its answer; Refused for other answers."""
    connection.sendall(sent)
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = _length(head)
    while len(body) < length:
        body += _more(connection)
    status = head[9:12]
    if status not in OK:
        raise Refused(status.decode(), head, body)
    return body


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise ConnectionError("the server closed the connection within an answer")
    return data


def _length(head: bytes) -> int:
    """Return the length of a body; servers of the benches send no chunks."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ValueError(f"no Content-Length: {head!r}")
