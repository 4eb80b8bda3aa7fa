"""HTTP client that reports lost answers and can cut its own connections."""

import gzip
import json
import random
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from tests.tools.phone_simulator.clock import Clock

TIMEOUT_S = 15.0
GZIP_FROM_BYTES = 1_400  # smaller bodies fit into one packet
# Where to cut: after half of the request, or before the answer is read.
CUTS = ("body", "answer")


class NoAnswerError(Exception):
    """There was no answer; the request may have been processed or not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server."""

    status: int
    body: dict[str, Any]
    retry_after: float | None


class Client:
    """Client of a server; `chaos` is the share of posts that it cuts itself."""

    def __init__(
        self, url: str, rng: random.Random, chaos: float = 0.0, clock: Clock | None = None
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is not an http address")
        self._kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._base = parts.path.rstrip("/") + "/api/v1"
        self._rng, self._clock = rng, clock or Clock()
        self.chaos = chaos
        self.cuts = self.broken = 0  # `broken`: number of answers with 500

    def get(self, path: str, token: str | None = None) -> Answer:
        """Send a GET request."""
        return self._send("GET", path, None, _headers(token))

    def post(self, path: str, body: dict[str, Any], token: str | None = None) -> Answer:
        """Send a POST request; the time of this attempt is in a header."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = _headers(token) | {"Content-Type": "application/json"}
        headers["X-Sent-At"] = self._clock.now().isoformat()
        if len(raw) >= GZIP_FROM_BYTES:
            raw = gzip.compress(raw)
            headers["Content-Encoding"] = "gzip"
        return self._send("POST", path, raw, headers)

    def _send(self, method: str, path: str, raw: bytes | None, headers: dict[str, str]) -> Answer:
        connection = self._kind(self._host, self._port, timeout=TIMEOUT_S)
        try:
            if raw is not None and self._rng.random() < self.chaos:
                self.cuts += 1
                _cut(connection, path_of(self._base, path), raw, headers, self._rng.choice(CUTS))
            connection.request(method, path_of(self._base, path), raw, headers)
            response = connection.getresponse()
            self.broken += response.status == 500
            return Answer(
                response.status,
                _object(response.read()),
                _seconds(response.getheader("Retry-After")),
            )
        except (OSError, HTTPException) as error:
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error
        finally:
            connection.close()


def path_of(base: str, path: str) -> str:
    """Return the whole path; it may have a query."""
    return f"{base}/{path.lstrip('/')}"


def _cut(
    connection: HTTPConnection, path: str, raw: bytes, headers: dict[str, str], where: str
) -> None:
    connection.putrequest("POST", path)
    for name, value in (headers | {"Content-Length": str(len(raw))}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(raw[: len(raw) // 2] if where == "body" else raw)
    connection.close()
    raise NoAnswerError(f"cut off by this phone ({where})")


def _headers(token: str | None) -> dict[str, str]:
    headers = {"Accept": "application/json", "Accept-Language": "en"}
    return headers | ({"Authorization": f"Bearer {token}"} if token else {})


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None  # the other form, a date, depends on the clock
