"""Tickets, and tests at the measuring host by plain requests."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient

from backend.witness.keys import installation_key, own_host_id
from backend.witness.statements import Ticket, sign

NONCE_LENGTH = 32


def sign_ticket(app: Flask) -> str:
    """Sign a ticket for the own host that is in no database."""
    secret, now = app.config["SECRET_KEY"], app.extensions["clock"]()
    key = installation_key(secret)
    ticket = Ticket(
        uuid4(), key.kid, "s", own_host_id(secret), "small", now, now + timedelta(hours=1)
    )
    return sign(ticket, key)


def get_ticket(client: FlaskClient, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    """Get a ticket, by default for a small test."""
    answer = client.post("/api/v1/tests", json={"profile": "small", **body}, headers=headers)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def start(client: FlaskClient, ticket: str) -> str:
    answer = client.post("/do/tests", json={"ticket": ticket})
    assert answer.status_code == 201, answer.text
    return str(answer.json["test"])


def download(client: FlaskClient, test: str, size: int) -> str:
    """Download without ending; return the nonce."""
    with client.get(f"/do/down?bytes={size}&test={test}") as answer:
        assert len(answer.data) == size
        return answer.data[-NONCE_LENGTH:].decode()


def transfer(client: FlaskClient, test: str, down: int = 1_000_000, up: int = 500_000) -> None:
    """Move bytes in both directions."""
    if down:
        nonce = download(client, test, down)
        ended = client.post(f"/do/down/end?test={test}&nonce={nonce}")
        assert ended.status_code == 204, ended.text
    if up:
        assert client.post(f"/do/up?test={test}", data=b"0" * up).status_code == 204


def end(client: FlaskClient, test: str) -> str:
    answer = client.post(f"/do/tests/end?test={test}")
    assert answer.status_code == 200, answer.text
    return str(answer.json["witness"])


def witnessed(client: FlaskClient, headers: dict[str, str], **sizes: int) -> dict[str, str]:
    """Make a complete test; return what a post carries in `test`."""
    ticket = get_ticket(client, headers)["ticket"]
    test = start(client, ticket)
    transfer(client, test, **sizes)
    return {"ticket": ticket, "witness": end(client, test)}
