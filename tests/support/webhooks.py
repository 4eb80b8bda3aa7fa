"""A receiver of webhooks, which follows the rules of docs/events.md, and a webhook to it."""

import threading
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from standardwebhooks import Webhook, WebhookVerificationError
from werkzeug.test import TestResponse

from backend.database.extensions import db
from backend.doors.webhooks.delivery import deliver
from backend.doors.webhooks.models import WebhookFailure
from backend.outbox import service as outbox
from backend.outbox.models import Event
from backend.outbox.service import NewEvent
from tests.support.clock import FakeClock
from tests.support.sql_statements import execute

HOOKS = "/api/v1/webhooks"
SEALED = "report.sealed"


@dataclass
class Receiver:
    """What was received: headers, bodies, and the events that were applied once."""

    url: str = ""
    secret: str | None = None
    # Returns the status of the answer; None closes the connection without one.
    answer: Callable[[dict[str, str], bytes], int | None] = lambda headers, body: 204
    content: bytes = b""  # of an answer to a GET
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
        """The numbers of the received events, in the order of their arrival."""
        return [orjson.loads(body)["number"] for _, body in self.received]

    def refuse(self, status: int | None, numbers: Container[int] | None = None) -> None:
        """Answer these events, or all, with a status, and the others with success."""

        def answer(headers: dict[str, str], body: bytes) -> int | None:
            refused = numbers is None or orjson.loads(body)["number"] in numbers
            return status if refused else 204

        self.answer = answer

    def accept(self) -> None:
        """Answer all events with success from now on, and forget what was received."""
        self.received.clear()
        self.refuse(204)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Serve a receiver on this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.take({k.lower(): v for k, v in self.headers.items()}, body)
            self.answer(status, b"")

        def do_GET(self) -> None:
            status = receiver.take({k.lower(): v for k, v in self.headers.items()}, b"")
            self.answer(200 if status == 204 else status, receiver.content)

        def answer(self, status: int | None, content: bytes) -> None:
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            if status == 429:
                self.send_header("Retry-After", "77")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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


@dataclass
class Hook:
    """A webhook in a test: the API that sets it, its deliveries, and the events to deliver."""

    app: Flask
    client: FlaskClient
    clock: FakeClock
    admin: dict[str, str]  # headers
    made: dict[str, Any]  # the answer when it was added

    @property
    def id(self) -> int:
        return int(self.made["id"])

    def events(self, n: int = 1, unit: int | None = None, kind: str = SEALED) -> None:
        """Add events and number them."""
        with self.app.app_context():
            outbox.add(*[NewEvent(kind, unit, "2024-11", {"n": number}) for number in range(n)])
            db.session.commit()
            outbox.number_pending()

    def run(self, **options: Any) -> int:
        """Deliver what is due; return the number of delivered events."""
        with self.app.app_context():
            return deliver(self.id, self.clock, **options)

    def wait(self, **time: float) -> None:
        """Let time pass: days, hours, minutes, seconds."""
        self.clock.now += timedelta(**time)

    def show(self) -> Any:
        return self.client.get(f"{HOOKS}/{self.id}", headers=self.admin).json

    def enable(self) -> TestResponse:
        """Enable the webhook; what failed is due by the clock of the test."""
        url = f"{HOOKS}/{self.id}"
        answer = self.client.patch(url, json={"enabled": True}, headers=self.admin)
        self.set_failures(next_at=self.clock.now)
        return answer

    def replay(self, after: Any) -> TestResponse:
        """Replay the events after a number."""
        url = f"{HOOKS}/{self.id}/replay"
        return self.client.post(url, json={"after": after}, headers=self.admin)

    def renew_secret(self) -> Any:
        """Make a new secret and return the answer's content."""
        answer = self.client.post(f"{HOOKS}/{self.id}/secret", headers=self.admin)
        assert answer.status_code == 200, answer.text
        return answer.json

    def set_failures(self, **values: Any) -> None:
        """Change the rows of events that failed."""
        execute(self.app, update(WebhookFailure).values(values))


def add_hook(client: FlaskClient, admin: dict[str, str], url: str, **data: Any) -> Any:
    """Add a webhook and return the answer's content."""
    answer = client.post(HOOKS, json={"url": url, **data}, headers=admin)
    assert answer.status_code == 201, answer.text
    return answer.json


def delete_all_events(app: Flask, clock: FakeClock) -> None:
    """Delete the events as retention does after years."""
    with app.app_context():
        db.session.execute(update(Event).values(at=clock.now - timedelta(days=4_000)))
        outbox.delete_expired(clock.now)
        db.session.commit()
