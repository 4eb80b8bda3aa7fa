"""Samples whose verdict changes, and readers of the feed."""

from typing import Any

from flask.testing import FlaskClient

from tests.support.factories import post, register, sample

FEED = "/api/v1/events"


def change_verdict(client: FlaskClient, day: int = 15, phone: dict[str, str] | None = None) -> str:
    """Post a sample and then, late, one before it; return the id of the first, now a repeat."""
    phone = phone or register(client)
    first = sample(f"2024-11-{day:02}T09:12:33+07:00")
    for one in (first, sample(f"2024-11-{day:02}T08:00:00+07:00")):
        assert post(client, phone, one).status_code < 300
    return str(first["id"])


def read(client: FlaskClient, headers: dict[str, str], **query: Any) -> Any:
    """Return the answer of the feed."""
    return client.get(FEED, headers=headers, query_string=query)
