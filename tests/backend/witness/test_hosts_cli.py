"""flask hosts: measuring hosts, keys and revocation."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.accounts.models import AuditEntry
from backend.database.extensions import db, owner_session
from backend.witness.keys import host_key, own_host_id
from backend.witness.models import HostKey, HostState
from backend.witness.statements import SigningKey, key_id
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.speed_tests import get_ticket, witnessed

URL = "https://speed.example.vn"
KEY, NEXT = (SigningKey.from_seed(seed * 32).public_bytes.hex() for seed in (b"1", b"2"))


def hosts(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["hosts", *arguments])


def test_a_host_is_added_listed_and_revoked(app: Flask, client: FlaskClient) -> None:
    get_ticket(client, register(client))
    added = hosts(app, "add", "Viettel", URL, "--key", KEY)
    assert added.exit_code == 0, added.output
    host_id = added.output.strip()
    hosts(app, "add", "Old", "https://old.example.vn", "--operator", "VinaPhone")
    listed = hosts(app, "list").output
    assert f"{host_id}  Viettel  {URL}  neutral, in use" in listed
    assert "own  this installation  neutral, in use" in listed
    assert f"key {key_id(bytes.fromhex(KEY))}" in listed
    assert "in the network of VinaPhone, in use\n    does not sign" in listed
    with app.app_context():
        since = datetime(2024, 11, 15, 2, tzinfo=UTC)
        twice = HostState(host_id=UUID(host_id), checked_at=since + timedelta(minutes=5))
        twice.failed_since = since
        db.session.add(twice)
        db.session.commit()
    assert f"{URL}  neutral, down since 2024-11-15 " in hosts(app, "list").output
    assert hosts(app, "replace-key", host_id, NEXT).exit_code == 0
    assert "replaced" in hosts(app, "list").output
    assert hosts(app, "revoke", host_id, "--reason", "sold").exit_code == 0
    assert "revoked" in hosts(app, "list").output
    with app.app_context():
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.act, one.subject) for one in entries if one.subject == host_id] == [
        ("hosts.add", host_id), ("hosts.replace_key", host_id), ("hosts.revoke", host_id),
    ]  # fmt: skip
    assert entries[-1].details["reason"] == "sold"


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "x", "ftp://x"),
        ("add", "x", f"{URL}/path"),
        ("add", "x", URL, "--key", "00"),
        ("add", "x", URL, "--key", "xyz"),
        ("replace-key", str(uuid4()), KEY),
        ("revoke", str(uuid4()), "--reason", "x"),
    ],
)
def test_wrong_input_is_explained(app: Flask, arguments: tuple[str, ...]) -> None:
    result = hosts(app, *arguments)
    assert result.exit_code != 0
    assert "Error" in result.output


def test_an_address_and_a_replaced_key_are_used_once(app: Flask) -> None:
    host_id = hosts(app, "add", "one", URL, "--key", KEY).output.strip()
    assert "registered" in hosts(app, "add", "other", URL).output
    hosts(app, "replace-key", host_id, NEXT)
    assert "cannot be used again" in hosts(app, "replace-key", host_id, KEY).output
    hosts(app, "revoke", host_id, "--reason", "x")
    assert hosts(app, "revoke", host_id, "--reason", "x").exit_code == 1


def test_the_keys_of_this_machine_are_printed(app: Flask, client: FlaskClient) -> None:
    printed = hosts(app, "keys").output
    assert host_key(app.config["VAR_DIR"]).public_bytes.hex() in printed
    [key] = client.get("/api/v1/tests/keys").json["items"]
    assert key["public_key"] in printed


@pytest.mark.parametrize(("days", "assurance"), [(89, "witnessed"), (90, "claimed")])
def test_a_replaced_key_is_verified_for_90_days(
    app: Flask, client: FlaskClient, clock: FakeClock, days: int, assurance: str
) -> None:
    phone = register(client)
    test = witnessed(client, phone)
    body = sample(clock.now.isoformat(), test=test, download_mbps=1, upload_mbps=1)
    hosts(app, "replace-key", str(own_host_id(app.config["SECRET_KEY"])), NEXT)
    with app.app_context(), owner_session() as owner:  # a test of 60 days ago would be too old
        replaced = HostKey.replaced_at - timedelta(days=days - 1)
        owner.execute(update(HostKey).values(replaced_at=replaced))
    clock.now += timedelta(days=1)
    assert post(client, phone, body).json["assurance"] == assurance
