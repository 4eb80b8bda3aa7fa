"""The assurance of posted samples: forged, replayed and foreign statements prove nothing."""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.database.extensions import db
from backend.measurements.recording.models import Measurement, RejectedBody
from backend.witness import hosts
from backend.witness.keys import host_key, installation_key, own_host_id, prefix_digest
from backend.witness.models import TicketRow
from backend.witness.statements import SigningKey, Witness, sign, verify_ticket, verify_witness
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.speed_tests import end, get_ticket, start, transfer, witnessed

FOREIGN = SigningKey.from_seed(b"f" * 32)


@dataclass
class World:
    """A phone, and the parts that statements are made of."""

    app: Flask
    client: FlaskClient
    clock: FakeClock
    phone: dict[str, str]

    @property
    def host_key(self) -> SigningKey:
        return host_key(self.app.config["VAR_DIR"])

    @property
    def ticket_key(self) -> SigningKey:
        return installation_key(self.app.config["SECRET_KEY"])

    def test(self) -> dict[str, str]:
        self.clock.now += timedelta(minutes=1)
        return witnessed(self.client, self.phone)

    def altered(self, **changes: Any) -> dict[str, str]:
        """Statements with a changed witness, signed by the host's own key."""
        test = self.test()
        witness = verify_witness(test["witness"], self.host_key.public_bytes)
        return test | {"witness": sign(replace(witness, **changes), self.host_key)}

    def signed(self, key: SigningKey) -> dict[str, str]:
        """Statements whose witness is signed by another key."""
        test = self.test()
        witness = verify_witness(test["witness"], self.host_key.public_bytes)
        return test | {"witness": sign(witness, key)}

    def post(self, test: Any, **changes: Any) -> dict[str, Any]:
        at = self.clock.now.isoformat()
        values = {"download_mbps": 1.0, "upload_mbps": 1.0} | changes
        answer = post(self.client, self.phone, sample(at, test=test, **values))
        assert answer.status_code == 201, answer.text
        return dict(answer.json)


@pytest.fixture
def world(app: Flask, client: FlaskClient, clock: FakeClock) -> World:
    return World(app, client, clock, register(client))


def codes(answer: dict[str, Any]) -> list[str]:
    return [mark["code"] for mark in answer["marks"]]


def test_a_real_test_is_witnessed(world: World) -> None:
    began = world.clock.now + timedelta(minutes=1)
    test = world.test()
    world.clock.now += timedelta(hours=3)
    answer = world.post(test, measured_at=(began + timedelta(seconds=40)).isoformat())
    assert (answer["assurance"], codes(answer), answer["counted"]) == ("witnessed", [], True)
    own = world.client.get(f"/api/v1/measurements/{answer['id']}", headers=world.phone).json
    assert own["assurance"] == "witnessed"
    with world.app.app_context():
        row = db.session.scalars(select(Measurement)).one()
        ticket = db.session.scalars(select(TicketRow)).one()
    assert (row.assurance, row.measured_at, row.skew_s) == ("witnessed", began, None)
    assert "test" not in row.raw
    assert (ticket.used_by, ticket.used_at) == (row.id, world.clock.now)
    day = world.clock.now.date()
    secret = world.app.config["SECRET_KEY"]
    assert ticket.prefix == prefix_digest(secret, "127.0.0.0/24", day)


def test_the_time_of_a_test_is_that_of_the_witness(world: World) -> None:
    test, began = world.test(), world.clock.now
    answer = world.post(test, measured_at="2024-10-01T09:00:00+07:00")
    assert codes(answer) == ["clock_corrected"]
    with world.app.app_context():
        assert db.session.scalars(select(Measurement.measured_at)).one() == began


def test_a_sample_without_a_ticket_is_claimed(world: World) -> None:
    answer = post(world.client, world.phone, sample()).json
    assert (answer["assurance"], codes(answer)) == ("claimed", [])
    assert world.post(None)["assurance"] == "claimed"


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def without_signature(token: str, alg: str) -> str:
    """The token with another algorithm; HS256 keyed with the public key, the usual confusion."""
    head, body, _ = token.split(".")
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4))) | {"alg": alg}
    return f"{b64(header)}.{body}."


def by_hmac(world: World, token: str) -> str:
    unsigned = without_signature(token, "HS256")
    public = world.host_key.public_bytes
    return unsigned + b64(hmac.digest(public, unsigned[:-1].encode(), hashlib.sha256))


def with_claims(token: str, **changes: Any) -> str:
    """The token with other claims and the old signature."""
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{head}.{b64(claims | changes)}.{signature}"


def forged_by_the_host(world: World) -> dict[str, str]:
    """A ticket that a measuring host made itself."""
    test = world.test()
    ticket = verify_ticket(test["ticket"], world.ticket_key.public_bytes)
    return test | {"ticket": sign(replace(ticket, id=uuid.uuid4()), world.host_key)}


def of_another_host(world: World) -> dict[str, str]:
    """A witness by a registered host that the ticket was not for."""
    with world.app.app_context():
        host = hosts.add_host("telecom", "https://speed.example.vn",
                              FOREIGN.public_bytes.hex(), world.clock.now)  # fmt: skip
    test = world.test()
    witness = verify_witness(test["witness"], world.host_key.public_bytes)
    return test | {"witness": sign(replace(witness, host_id=host), FOREIGN)}


def of_another_device(world: World) -> dict[str, str]:
    return witnessed(world.client, register(world.client))


def of_another_test(world: World) -> dict[str, str]:
    return world.test() | {"witness": world.test()["witness"]}


def incomplete(world: World) -> dict[str, str]:
    return witnessed(world.client, world.phone, down=100_000, up=500_000)


def only_one_direction(world: World) -> dict[str, str]:
    return witnessed(world.client, world.phone, up=0)


def revoked(world: World) -> dict[str, str]:
    test = world.test()
    with world.app.app_context():
        hosts.revoke_host(own_host_id(world.app.config["SECRET_KEY"]), "broken", world.clock.now)
    return test


def replayed(world: World) -> dict[str, str]:
    test = world.test()
    assert world.post(test)["assurance"] == "witnessed"
    return test


def foreign_server(world: World) -> dict[str, str]:
    ticket = verify_ticket(world.test()["ticket"], world.ticket_key.public_bytes)
    return world.test() | {"ticket": sign(replace(ticket, issuer=FOREIGN.kid), FOREIGN)}


def with_old_key(world: World) -> dict[str, str]:
    """A witness by a key that was replaced over 90 days ago."""
    host_id = own_host_id(world.app.config["SECRET_KEY"])
    world.test()
    with world.app.app_context():
        hosts.replace_key(host_id, FOREIGN.public_bytes.hex(),
                          world.clock.now - timedelta(days=90))  # fmt: skip
    return world.test()


STATEMENTS: dict[str, tuple[Callable[[World], Any], str]] = {
    "witness forged with an unknown key": (lambda w: w.signed(FOREIGN), "host_unknown"),
    "witness forged under the host's key id": (
        lambda w: w.signed(replace(FOREIGN, kid=w.host_key.kid)), "witness_invalid"),
    "ticket forged with the host's key": (forged_by_the_host, "server_foreign"),
    "witness altered": (
        lambda w: (t := w.test()) | {"witness": with_claims(t["witness"], end=9e9)},
        "witness_invalid"),
    "ticket altered": (
        lambda w: (t := w.test()) | {"ticket": with_claims(t["ticket"], exp=9e9)},
        "ticket_invalid"),
    "witness without a signature": (
        lambda w: (t := w.test()) | {"witness": without_signature(t["witness"], "none")},
        "witness_invalid"),
    "witness with an HMAC by the public key": (
        lambda w: (t := w.test()) | {"witness": by_hmac(w, t["witness"])}, "witness_invalid"),
    "ticket in place of a witness": (
        lambda w: (t := w.test()) | {"witness": t["ticket"]}, "witness_invalid"),
    "ticket with another id": (
        lambda w: (t := w.test()) | {"ticket": with_claims(t["ticket"], jti=str(uuid.uuid4()))},
        "ticket_invalid"),
    "ticket with another device": (
        lambda w: (t := of_another_device(w)) | {"ticket": with_claims(t["ticket"], sub="0" * 32)},
        "ticket_foreign"),
    "ticket with another issuer": (
        lambda w: (t := w.test()) | {"ticket": with_claims(t["ticket"], iss="0" * 32)},
        "ticket_invalid"),
    "replayed": (replayed, "ticket_used"),
    "ticket of another device": (of_another_device, "ticket_foreign"),
    "witness by another host": (of_another_host, "host_unknown"),
    "witness of another test": (of_another_test, "witness_invalid"),
    "ticket of another installation": (foreign_server, "server_foreign"),
    "witness for another installation": (
        lambda w: w.altered(audience="0" * 32), "server_foreign"),
    "test before its ticket": (
        lambda w: w.altered(start=w.clock.now - timedelta(minutes=5)), "ticket_expired"),
    "test after its ticket expired": (
        lambda w: w.altered(start=w.clock.now + timedelta(hours=25),
                            end=w.clock.now + timedelta(hours=26)), "ticket_expired"),
    "test in the future": (
        lambda w: w.altered(end=w.clock.now + timedelta(minutes=5)), "witness_invalid"),
    "other profile": (lambda w: w.altered(profile="full"), "witness_invalid"),
    "incomplete": (incomplete, "witness_incomplete"),
    "one direction": (only_one_direction, "witness_incomplete"),
    "host revoked": (revoked, "host_revoked"),
    "key replaced long ago": (with_old_key, "host_unknown"),
    "no witness": (lambda w: {"ticket": w.test()["ticket"]}, "witness_missing"),
    "no tokens": (lambda w: {"ticket": "x", "witness": "y"}, "ticket_invalid"),
    "nested deeply": (
        lambda w: {"ticket": f"{b64(b'[' * 1200)}.x.y"}, "ticket_invalid"),
    "key id with a NUL": (
        lambda w: {"ticket": f"{b64({'typ': 'ticket+jwt', 'alg': 'EdDSA', 'kid': chr(0)})}.x.y"},
        "ticket_invalid"),
}  # fmt: skip


@pytest.mark.parametrize("kind", STATEMENTS)
def test_a_bad_statement_proves_nothing(world: World, kind: str) -> None:
    make, code = STATEMENTS[kind]
    answer = world.post(make(world))
    assert answer["assurance"] == "claimed"
    assert [mark for mark in codes(answer) if mark != "clock_corrected"] == [code]


@pytest.mark.parametrize(("factor", "assurance"), [(1.2, "witnessed"), (1.3, "claimed")])
@pytest.mark.parametrize("name", ["download_mbps", "upload_mbps"])
def test_a_claim_over_the_witness_differs(
    world: World, name: str, factor: float, assurance: str
) -> None:
    test = world.test()
    witness = verify_witness(test["witness"], world.host_key.public_bytes)
    seen = {"download_mbps": witness.down.mbps, "upload_mbps": witness.up.mbps}[name]
    answer = world.post(
        test, **{name: min(seen, 4_000) * factor if factor < 1.25 else seen * factor}
    )
    assert answer["assurance"] == assurance
    assert codes(answer) == ([] if assurance == "witnessed" else ["claim_differs"])


def test_a_host_that_does_not_sign_gives_ticketed_samples(world: World) -> None:
    with world.app.app_context():
        host = str(hosts.add_host("old", "https://old.example.vn", None, world.clock.now))
    tickets = [get_ticket(world.client, world.phone, host=host)["ticket"] for _ in range(2)]
    world.clock.now += timedelta(minutes=9)
    at = world.clock.now.isoformat()
    assert world.post({"ticket": tickets[0]}, measured_at=at)["assurance"] == "ticketed"
    world.clock.now += timedelta(minutes=9)
    answer = world.post({"ticket": tickets[1]}, measured_at=world.clock.now.isoformat())
    assert (answer["assurance"], codes(answer)) == ("claimed", ["ticket_expired"])


def test_a_repeated_post_is_a_duplicate_with_its_assurance(world: World) -> None:
    body = sample(world.clock.now.isoformat(), test=world.test(), download_mbps=1, upload_mbps=1)
    first = post(world.client, world.phone, body)
    again = post(world.client, world.phone, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert (again.json["outcome"], again.json["assurance"]) == ("duplicate", "witnessed")
    other = post(world.client, world.phone, body | {"test": world.test()})
    assert other.json["outcome"] == "duplicate"  # the first post decides
    with world.app.app_context():
        used = db.session.scalars(select(TicketRow.used_by)).all()
    assert sorted(map(str, used)) == sorted([body["id"], "None"])


def test_one_ticket_proves_one_sample_of_a_batch(world: World) -> None:
    test, at = world.test(), world.clock.now.isoformat()
    batch = [sample(at, test=test, download_mbps=1, upload_mbps=1) for _ in range(3)]
    results = post(world.client, world.phone, *batch).json["results"]
    assert [one["assurance"] for one in results] == ["witnessed", "claimed", "claimed"]
    assert [codes(one) for one in results] == [[], ["ticket_used"], ["ticket_used"]]


def test_a_post_under_a_lock_uses_its_ticket_too(world: World) -> None:
    """A duplicate in the batch takes the path with a lock."""
    old = sample(world.clock.now.isoformat())
    post(world.client, world.phone, old)
    at = (world.clock.now + timedelta(minutes=1)).isoformat()
    new = sample(at, test=world.test(), download_mbps=1, upload_mbps=1)
    results = post(world.client, world.phone, old, new).json["results"]
    assert [one["outcome"] for one in results] == ["duplicate", "accepted"]
    assert results[1]["assurance"] == "witnessed"
    with world.app.app_context():
        assert str(db.session.scalars(select(TicketRow.used_by)).one()) == new["id"]


def test_tickets_do_not_raise_results_entered_by_hand(world: World) -> None:
    answer = world.post(world.test(), source="manual")
    assert (answer["assurance"], codes(answer)) == ("claimed", [])


def test_a_failed_test_uses_its_ticket(world: World) -> None:
    ticket = get_ticket(world.client, world.phone)["ticket"]
    at = world.clock.now.isoformat()
    failed = sample(at, status="failed", test={"ticket": ticket}) | {"download_mbps": None}
    answer = post(world.client, world.phone, failed).json
    assert (answer["assurance"], codes(answer)) == ("claimed", [])
    for _ in range(3):
        get_ticket(world.client, world.phone)


def test_a_rejected_body_keeps_no_witness(world: World) -> None:
    body = sample(test=world.test(), status="unknown")
    assert post(world.client, world.phone, body).status_code == 422
    with world.app.app_context():
        assert '"test"' not in db.session.scalars(select(RejectedBody.body)).one()


def test_a_slow_phone_posts_days_later(world: World) -> None:
    ticket = get_ticket(world.client, world.phone)["ticket"]
    world.clock.now += timedelta(hours=23)
    test = start(world.client, ticket)
    transfer(world.client, test)
    statements = {"ticket": ticket, "witness": end(world.client, test)}
    world.clock.now += timedelta(days=20)
    assert world.post(statements)["assurance"] == "witnessed"


def test_witness_claims_survive_a_round_trip(world: World) -> None:
    witness = verify_witness(world.test()["witness"], world.host_key.public_bytes)
    assert Witness.from_claims(witness.claims()) == witness
