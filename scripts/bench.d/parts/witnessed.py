"""Tests that a measuring host has witnessed, with the ticket that each begins with."""

import json
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from backend.witness.keys import host_key
from backend.witness.statements import Ticket, Witness, WitnessedDirection, sign
from parts.http import exchange, request

SEEN = WitnessedDirection(bytes=25_000_000, mbps=100_000.0, complete=True)


def first_tickets(port: int, phones: Iterable[str]) -> dict[str, str]:
    """Return a ticket of each phone; the next ones come with the answers to posts."""
    sent = json.dumps({"profile": "full"}).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        answers = {
            phone: exchange(connection, request("POST", "/api/v1/tests", phone, sent))
            for phone in phones
        }
    return {phone: json.loads(answer)["ticket"] for phone, answer in answers.items()}


def witnessed(sample: dict[str, Any], token: str, folder: str) -> dict[str, Any]:
    """Return a sample with its ticket and what the own host of the server in `folder` has seen."""
    ticket = Ticket.from_claims(jwt.decode(token, options={"verify_signature": False}))
    start = datetime.now(UTC)
    seen = Witness(
        ticket.id, ticket.host_id, ticket.subject, ticket.issuer, ticket.profile,
        start, start + timedelta(seconds=12), SEEN, SEEN, 20.0, "203.0.113.0/24",
    )  # fmt: skip
    return sample | {"test": {"ticket": token, "witness": sign(seen, host_key(Path(folder)))}}
