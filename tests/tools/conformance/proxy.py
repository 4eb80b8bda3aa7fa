"""A proxy before a server: it forwards requests, injects faults, and records both sides."""

import json
import socket
import struct
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from tests.tools.conformance import faults
from tests.tools.conformance.faults import RETRY_AFTER_S, STATUSES, Faults
from tests.tools.conformance.log import Exchange, Log, items_of

TIMEOUT_S = 60.0
# SO_LINGER with timeout 0: a reset instead of a regular end.
RESET = struct.pack("ii", 1, 0)
# Every answer says that it is later than it is: a client keeps its own clock.
DATE_AHEAD = timedelta(hours=2)
# Headers of one connection, and those that the proxy sets itself.
OWN_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Proxy:
    """Forwards to `url` from a port of this machine, 0: any free one."""

    def __init__(self, url: str, log: Log, plan: Faults, port: int = 0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http address")

        class Handler(_Handler):
            to, exchanges, faults_plan = parts, log, plan

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    to: Any
    exchanges: Log
    faults_plan: Faults

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def _handle(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        one = self.exchanges.begin(self.command, self.path, self.headers, raw)
        one.fault = self.faults_plan.of(one)
        if one.fault in STATUSES and one.fault != faults.REVOKED:
            return self._answer(one, *_made(STATUSES[one.fault]))
        headers = dict(self.headers.items())
        if one.fault == faults.REFUSED:
            raw = _broken(one)
            headers.pop("Content-Encoding", None)
        if one.fault == faults.REVOKED:
            headers["Authorization"] = "Bearer revoked"
        try:
            answer = self._forward(raw, headers)
        except (OSError, HTTPException):
            return self._cut(one, b"")
        if one.fault == faults.LOST:
            return self._cut(one, b"")
        return self._answer(one, *answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _handle

    def _forward(self, raw: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        kind = HTTPSConnection if self.to.scheme == "https" else HTTPConnection
        line = kind(self.to.hostname, self.to.port, timeout=TIMEOUT_S)
        # The log reads the answers of the API.
        headers = {
            name: value for name, value in headers.items() if name.lower() not in OWN_HEADERS
        }
        if self.path.startswith("/api/"):
            headers["Accept-Encoding"] = "identity"
        try:
            line.request(self.command, self.to.path.rstrip("/") + self.path, raw or None, headers)
            answer = line.getresponse()
            content = answer.read()
            return answer.status, dict(answer.getheaders()), content
        finally:
            line.close()

    def _answer(self, one: Exchange, status: int, headers: dict[str, str], content: bytes) -> None:
        head = [f"HTTP/1.1 {status} {self.responses.get(status, ('',))[0]}"]
        head += [
            f"{name}: {value}" for name, value in headers.items() if name.lower() not in OWN_HEADERS
        ]
        date = format_datetime(datetime.now(UTC) + DATE_AHEAD, usegmt=True)
        head += [f"Date: {date}", "Connection: close"]
        if self.command != "HEAD":
            head.append(f"Content-Length: {len(content)}")
        data = "\r\n".join([*head, "", ""]).encode("latin-1")
        if one.fault == faults.HALF:
            return self._cut(one, data + content[: len(content) // 2])
        self._end(one, status, content)
        self.wfile.write(data + (b"" if self.command == "HEAD" else content))
        self.close_connection = True
        return None

    def _end(self, one: Exchange, status: int | None, content: bytes) -> None:
        """Record an answer, before the client can react to it."""
        self.exchanges.end(one, status, content)
        self.faults_plan.note(one)

    def _cut(self, one: Exchange, sent: bytes) -> None:
        """Send these bytes and reset the connection."""
        self._end(one, None, b"")
        if sent:
            self.wfile.write(sent)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Write nothing: the table at the end says what was seen."""


def _made(status: int) -> tuple[int, dict[str, str], bytes]:
    """Return an answer of the proxy, as a server, proxy or load balancer on the way gives it."""
    headers = {"Content-Type": "text/html"}
    if status in (429, 503):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return status, headers, f"<html><h1>{status}</h1></html>".encode()


def _broken(one: Exchange) -> bytes:
    """Return the body of a post with a field of its first sample broken."""
    body = json.loads(json.dumps(one.body))
    first = next((item for item in items_of(body) if isinstance(item, dict)), None)
    if first is not None:
        first["status"] = "broken on the way"
    return json.dumps(body).encode()
