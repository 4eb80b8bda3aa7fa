"""A webhook to a receiver of this machine."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.webhooks import Hook, Receiver, add_hook, receiving


@pytest.fixture
def local_receivers(app: Flask) -> None:
    """Allow webhooks to this machine."""
    app.config["WEBHOOK_NETWORKS"] = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running_receiver:
        yield running_receiver


@pytest.fixture
def hook(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    clock: FakeClock,
    local_receivers: None,
) -> Hook:
    """A webhook of all events; set `receiver.secret` for a receiver that checks signatures."""
    return Hook(app, client, clock, admin, add_hook(client, admin, receiver.url))
