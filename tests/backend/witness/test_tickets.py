"""POST /api/v1/tests: tickets and their limits."""

import threading
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select, update

from backend.clock import utc_now
from backend.database.extensions import db
from backend.http import links
from backend.measurements.recording.models import Measurement
from backend.witness import hosts
from backend.witness.keys import host_key, own_host_id
from backend.witness.models import HostKey, HostState, MeasuringHost, TicketRow
from backend.witness.service import MAX_UNUSED, PER_DAY
from backend.witness.statements import SigningKey, verify_ticket
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.speed_tests import end, get_ticket, start, transfer, witnessed
from tests.support.sql_statements import execute

TESTS = "/api/v1/tests"
KEY = SigningKey.from_seed(b"1" * 32).public_bytes.hex()


@pytest.fixture
def phone(client: FlaskClient) -> dict[str, str]:
    return register(client)


def test_a_ticket_names_test_host_and_profile_but_no_device(
    app: Flask, client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    answer = get_ticket(client, phone, profile="full")
    [key] = client.get(f"{TESTS}/keys").json["items"]
    ticket = verify_ticket(answer["ticket"], bytes.fromhex(key["public_key"]))
    assert jwt.get_unverified_header(answer["ticket"]) == {
        "alg": "EdDSA", "typ": "ticket+jwt", "kid": key["kid"],
    }  # fmt: skip
    own = own_host_id(app.config["SECRET_KEY"])
    assert (str(ticket.id), ticket.host_id, ticket.profile) == (answer["id"], own, "full")
    assert (ticket.issued_at, ticket.expires_at) == (clock.now, clock.now + timedelta(hours=24))
    assert answer["host"] == {
        "id": str(own), "name": "own", "url": "http://localhost", "signs": True,
    }  # fmt: skip
    with app.app_context():
        row = db.session.scalars(select(TicketRow)).one()
        assert str(row.device_id) not in str(ticket)
    again = verify_ticket(get_ticket(client, phone)["ticket"], bytes.fromhex(key["public_key"]))
    assert again.subject != ticket.subject  # a host cannot link the tests of a phone


def test_the_own_host_registers_itself(
    app: Flask, client: FlaskClient, phone: dict[str, str]
) -> None:
    get_ticket(client, phone)
    get_ticket(client, phone)
    with app.app_context():
        host = db.session.scalars(select(MeasuringHost)).one()
        key = db.session.scalars(select(HostKey)).one()
    assert (host.url, host.signs, host.revoked_at) == (None, True, None)
    assert key.public_key == host_key(app.config["VAR_DIR"]).public_bytes


@pytest.mark.parametrize(
    "body", [{"profile": "huge"}, {"host": "x"}, {"host": str(UUID(int=7))}, {"id": "x"}]
)
def test_profile_and_host_are_checked(
    client: FlaskClient, phone: dict[str, str], body: dict[str, str]
) -> None:
    assert client.post(TESTS, json=body, headers=phone).status_code == 422


def test_eight_unused_tickets_at_most(
    client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    for _ in range(MAX_UNUSED):
        get_ticket(client, phone)
        clock.now += timedelta(hours=1)
    refused = client.post(TESTS, json={}, headers=phone)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_tickets")
    assert refused.headers["Retry-After"] == str((24 - MAX_UNUSED) * 3600)
    get_ticket(client, register(client))  # another phone is not affected
    clock.now += timedelta(hours=24 - MAX_UNUSED)
    get_ticket(client, phone)


def test_the_same_id_returns_the_same_ticket(
    app: Flask, client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    """A lost answer must not use up one of the unused tickets."""
    id = str(uuid4())
    first = get_ticket(client, phone, id=id)
    assert first["id"] == id
    clock.now += timedelta(minutes=3)
    assert [get_ticket(client, phone, id=id) for _ in range(4)] == [first] * 4
    for _ in range(MAX_UNUSED - 1):
        get_ticket(client, phone, id=str(uuid4()))
    assert client.post(TESTS, json={"id": str(uuid4())}, headers=phone).status_code == 429
    assert get_ticket(client, phone, id=id) == first  # at the limit too
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(TicketRow)) == MAX_UNUSED


def test_the_id_of_another_phone_is_refused(client: FlaskClient, phone: dict[str, str]) -> None:
    id = get_ticket(client, phone)["id"]
    taken = client.post(TESTS, json={"id": id}, headers=register(client))
    assert (taken.status_code, taken.json["code"]) == (409, "ticket_used")


def test_a_hundred_tickets_a_day_at_most(
    app: Flask, client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    for number in range(PER_DAY):
        get_ticket(client, phone)
        if number % 3 == 2:
            _use_all(app, clock)
    _use_all(app, clock)
    refused = client.post(TESTS, json={}, headers=phone)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, str(5 * 3600))
    clock.now += timedelta(hours=5)  # midnight in Vietnam
    get_ticket(client, phone)


def _use_all(app: Flask, clock: FakeClock) -> None:
    execute(app, update(TicketRow).values(used_at=clock.now))


def test_the_limits_hold_for_requests_at_the_same_time(
    app: Flask, client: FlaskClient, phone: dict[str, str]
) -> None:
    get_ticket(client, phone)
    statuses = []

    def fetch_ticket() -> None:
        statuses.append(app.test_client().post(TESTS, json={}, headers=phone).status_code)

    for _ in range(MAX_UNUSED - 3):
        get_ticket(client, phone)
    threads = [threading.Thread(target=fetch_ticket) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses.count(201) <= 2
    assert set(statuses) <= {201, 429, 503}
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(TicketRow)) <= MAX_UNUSED


def test_a_registered_host_is_preferred_where_speed_url_names_it(
    app: Flask, client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    url = "https://speed.example.vn"
    app.extensions["ticket_issuer"]._speed_url = url
    try:
        assert get_ticket(client, phone)["host"]["name"] == "own"
        with app.app_context():
            host_id = hosts.add_host("telecom", url, None, clock.now)
        answer = get_ticket(client, phone)
        assert answer["host"] == {
            "id": str(host_id), "name": "telecom", "url": url, "signs": False,
        }  # fmt: skip
        assert answer["expires_at"] == (clock.now + timedelta(minutes=10)).isoformat()
        with app.app_context():
            hosts.revoke_host(host_id, "sold", clock.now)
        assert get_ticket(client, phone)["host"]["name"] == "own"
        refused = client.post(TESTS, json={"host": str(host_id)}, headers=phone)
        assert (refused.status_code, refused.json["code"]) == (409, "host_revoked")
    finally:
        app.extensions["ticket_issuer"]._speed_url = None


def _post(client: FlaskClient, phone: dict[str, str], body: Any, profile: str = "small") -> Any:
    url = f"/api/v1/measurements?next_test={profile}"
    return client.post(url, json=body, headers=phone)


def test_a_post_returns_the_ticket_of_the_next_test(
    app: Flask, client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    # A slow test: a busy machine must not witness less than is claimed.
    slow = {"download_mbps": 1, "upload_mbps": 1}
    body = sample(at=clock.now.isoformat(), test=witnessed(client, phone), **slow)
    first = _post(client, phone, body)
    assert (first.status_code, first.json["assurance"]) == (201, "witnessed")
    issued = first.json["next_test"]
    again = _post(client, phone, body)  # the answer was lost
    assert (again.json["outcome"], again.json["next_test"]) == ("duplicate", issued)
    clock.now += timedelta(minutes=30)
    test = start(client, issued["ticket"])
    transfer(client, test)
    proof = {"ticket": issued["ticket"], "witness": end(client, test)}
    batch = {"measurements": [sample(at=clock.now.isoformat(), test=proof, **slow)]}
    second = _post(client, phone, batch)
    assert second.json["results"][0]["assurance"] == "witnessed"
    assert second.json["next_test"]["id"] != issued["id"]
    with app.app_context():
        numbers = db.session.scalars(select(TicketRow.number).order_by(TicketRow.number)).all()
    assert numbers == [1, 2, 3]


def test_who_knows_the_id_of_a_sample_takes_no_ticket_of_its_phone(
    client: FlaskClient, phone: dict[str, str]
) -> None:
    body = sample()
    taken = get_ticket(client, register(client), id=str(uuid5(UUID(body["id"]), "small")))
    issued = _post(client, phone, body).json["next_test"]
    assert issued and issued["id"] != taken["id"]


def test_a_post_at_the_limit_of_tickets_is_stored_without_one(
    client: FlaskClient, phone: dict[str, str]
) -> None:
    used = get_ticket(client, phone)["ticket"]
    for _ in range(MAX_UNUSED - 1):
        get_ticket(client, phone)
    stored = _post(client, phone, sample())
    assert (stored.json["outcome"], stored.json["next_test"]) == ("accepted", None)
    freed = _post(client, phone, sample(test={"ticket": used}))
    assert freed.json["next_test"]["profile"] == "small"  # the post used one of them
    assert _post(client, phone, sample()).json["next_test"] is None


def test_a_post_of_a_team_member_returns_a_ticket_too(
    app: Flask, client: FlaskClient, phone: dict[str, str], youth: int
) -> None:
    province = people.unit_id(app, "19", level="province")
    campaign, team = people.campaign(app, youth, province), people.team(app, youth)
    people.add_membership(app, phone, campaign, team, people.LONG_AGO)
    assert _post(client, phone, sample()).json["next_test"]["host"]["name"] == "own"


def test_the_next_ticket_is_only_given_on_request(
    client: FlaskClient, phone: dict[str, str]
) -> None:
    assert "next_test" not in post(client, phone, sample()).json
    refused = _post(client, phone, sample(), profile="huge")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "next_test")
    assert _post(client, {}, sample()).status_code == 401


def test_the_next_test_stays_at_its_host_unless_that_is_down(
    app: Flask, client: FlaskClient, phone: dict[str, str], clock: FakeClock
) -> None:
    with app.app_context():
        host_id = hosts.add_host("telecom", "https://speed.example.vn", None, clock.now)
    issued = get_ticket(client, phone, host=str(host_id))
    assert issued["host"]["url"] == "https://speed.example.vn"
    stayed = _post(client, phone, sample(test={"ticket": issued["ticket"]})).json["next_test"]
    assert stayed["host"]["name"] == "telecom"
    state = {"host_id": host_id, "failed_since": clock.now}
    execute(app, insert(HostState).values(checked_at=clock.now, **state))  # failed once
    get_ticket(client, phone, host=str(host_id))
    execute(app, update(HostState).values(checked_at=clock.now + timedelta(minutes=5)))
    moved = _post(client, phone, sample(test={"ticket": stayed["ticket"]})).json["next_test"]
    assert moved["host"]["name"] == "own"
    _post(client, phone, sample())
    with app.app_context():
        telecom = select(MeasuringHost.number).where(MeasuringHost.id == host_id)
        number = db.session.scalar(telecom)
        stored = db.session.scalars(select(Measurement.host).order_by(Measurement.host)).all()
    assert stored == [number, number, None]
    refused = client.post(TESTS, json={"host": str(host_id)}, headers=phone)
    assert (refused.status_code, refused.json["code"]) == (409, "host_down")
    assert refused.json["errors"][0]["field"] == "host"


def test_hosts_that_are_up_are_listed_the_preferred_one_first(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = str(own_host_id(app.config["SECRET_KEY"]))
    urls = [f"https://{name}.example.vn" for name in ("down", "isp", "near", "rmbt", "sold")]
    now = utc_now()  # as the own host, which the migration registered
    with app.app_context():
        ids = [hosts.add_host(url[8:], url, None, now) for url in urls[:1]]
        ids += [hosts.add_host(url[8:], url, KEY, now, "Viettel") for url in urls[1:2]]
        ids += [hosts.add_host(url[8:], url, None, now) for url in urls[2:]]
        hosts.revoke_host(ids[4], "sold", now)
    down = {"host_id": ids[0], "failed_since": now - timedelta(minutes=5)}
    execute(app, insert(HostState).values(checked_at=now, **down))
    monkeypatch.setitem(app.config, "SPEED_URL", urls[2])
    monkeypatch.setitem(app.config, "OPEN_RMBT_URL", urls[3])
    answer = client.get("/api/v1/hosts")
    assert (answer.json["keep_hours"], answer.json["max_pings"]) == (6, 3)
    assert [one["name"] for one in answer.json["items"]] == [
        "near.example.vn", "own", "isp.example.vn",
    ]  # fmt: skip
    assert answer.json["items"][1:] == [
        {"id": own, "name": "own", "url": "http://localhost", "class": "neutral",
         "operator": None, "signs": True},
        {"id": str(ids[1]), "name": "isp.example.vn", "url": urls[1], "class": "operator",
         "operator": "Viettel", "signs": True},
    ]  # fmt: skip
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    again = client.get("/api/v1/hosts", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_forged_host_is_the_address_of_no_host(
    app: Flask, client: FlaskClient, phone: dict[str, str]
) -> None:
    (app.config["VAR_DIR"] / links.FILE).write_text("https://do.example.vn/\n")
    forged: dict[str, Any] = {"headers": {**phone, "Host": "evil.example"}}
    listed = client.get("/api/v1/hosts", **forged).json["items"]
    ticket = client.post(TESTS, json={}, **forged).json
    assert listed[0]["url"] == ticket["host"]["url"] == "https://do.example.vn"


def test_tickets_end_with_the_device(
    app: Flask, client: FlaskClient, phone: dict[str, str]
) -> None:
    get_ticket(client, phone)
    assert client.delete("/api/v1/devices/me", headers=phone).status_code < 300
    with app.app_context():
        assert db.session.scalars(select(TicketRow)).all() == []
