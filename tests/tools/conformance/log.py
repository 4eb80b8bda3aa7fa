"""What clients sent through the proxy, and what they were answered."""

import gzip
import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MEASUREMENTS = "/api/v1/measurements"
CHECK = "/api/v1/measurements/check"
DEVICES = "/api/v1/devices"
# Parts of a sample that a client may complete between attempts.
NOT_CONTENT = ("id", "test")


@dataclass(slots=True)
class Sample:
    """A sample in a post: its id, and its content as text."""

    id: str
    content: str


@dataclass(slots=True)
class Exchange:
    """A request, and the answer that the client could read.

    `status` is None where it got none or a part of one; `results` has an outcome for each sample.
    """

    at: float  # seconds, monotonic
    method: str
    path: str
    token: str | None
    samples: list[Sample] = field(default_factory=list)
    body: Any = None
    sent_at: datetime | None = None
    clock_error_s: float | None = None  # how far the client's clock is ahead
    fault: str | None = None
    ended: float | None = None
    status: int | None = None
    results: list[str] = field(default_factory=list)
    answer: Any = None

    @property
    def is_post(self) -> bool:
        """Whether it sends samples."""
        return (self.method, self.path) == ("POST", MEASUREMENTS)

    @property
    def failed(self) -> bool:
        """Whether the client cannot know that its samples are stored, and must send them again."""
        return self.status is None or self.status in (408, 413, 429) or self.status >= 500


class Log:
    """The exchanges of all clients, in the order of their beginning."""

    def __init__(self) -> None:
        self._exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def begin(self, method: str, path: str, headers: Mapping[str, str], raw: bytes) -> Exchange:
        """Record a request."""
        authorization = headers.get("Authorization", "")
        token = authorization.removeprefix("Bearer ") or None
        one = Exchange(time.monotonic(), method, path.partition("?")[0], token)
        one.body = _read(headers, raw)
        if one.is_post:
            one.samples = list(_samples(one.body))
            one.sent_at = _sent_at(headers, one.body)
            if one.sent_at:
                one.clock_error_s = one.sent_at.timestamp() - time.time()
        with self._lock:
            self._exchanges.append(one)
        return one

    def end(self, one: Exchange, status: int | None, answer: bytes) -> None:
        """Record what the client could read."""
        one.status, one.ended = status, time.monotonic()
        one.answer = _json(answer)
        if status is not None:
            one.results = list(_results(one.answer, len(one.samples)))

    def all(self) -> list[Exchange]:
        """Return a copy of all exchanges."""
        with self._lock:
            return list(self._exchanges)


def _read(headers: Mapping[str, str], raw: bytes) -> Any:
    if headers.get("Content-Encoding") == "gzip":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError):
            return None
    return _json(raw)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def items_of(body: Any) -> list[Any]:
    """Return the samples in the body of a post."""
    if not isinstance(body, dict):
        return []
    items = body.get("measurements", [body])
    return items if isinstance(items, list) else []


def _samples(body: Any) -> Iterator[Sample]:
    for item in items_of(body):
        if isinstance(item, dict):
            content = {name: value for name, value in item.items() if name not in NOT_CONTENT}
            content.pop("sent_at", None)
            yield Sample(str(item.get("id")), json.dumps(content, sort_keys=True))


def _sent_at(headers: Mapping[str, str], body: Any) -> datetime | None:
    text = body.get("sent_at") if isinstance(body, dict) else None
    try:
        found = datetime.fromisoformat(str(text or headers.get("X-Sent-At")))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _results(answer: Any, count: int) -> Iterator[str]:
    """Yield the outcome of each sample; none where the answer is an error of the whole post."""
    if not isinstance(answer, dict):
        return
    listed = answer.get("results")
    if isinstance(listed, list) and len(listed) == count:
        yield from (str(one.get("outcome")) for one in listed)
    elif count == 1 and "outcome" in answer:
        yield str(answer["outcome"])
