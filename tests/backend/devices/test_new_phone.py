"""POST /api/v1/passes {"kind": "move"}: a device goes on on a new phone, and the old one ends."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.database.extensions import db
from backend.devices.models import Device, FormerPhone
from backend.memberships import joining
from backend.memberships.models import Pass, Volunteer
from tests.support.clock import FakeClock
from tests.support.devices import CONSENT, DEVICES, ME
from tests.support.factories import post, register, sample
from tests.support.joining import URL, Cast, Headers, join, moment, send_concurrently
from tests.support.problems import wrong_fields

PASSES, USE = "/api/v1/passes", "/api/v1/passes/use"


@pytest.fixture
def cast(app: Flask) -> Cast:
    return Cast(app)


@pytest.fixture
def old(client: FlaskClient, cast: Cast) -> Headers:
    """A phone in a team, with a name."""
    phone = register(client)
    named = {"name": "Lan", "agreed": True}
    assert join(client, phone, cast.code_one, display_name=named).status_code == 201
    return phone


def shown(client: FlaskClient, phone: Headers) -> dict[str, Any]:
    answer = client.post(PASSES, json={"kind": "move"}, headers=phone)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def use(client: FlaskClient, phone: Headers, code: str, *, sure: bool = True) -> TestResponse:
    return client.post(USE, json={"code": code, "transfer": sure}, headers=phone)


def refusal(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_team_name_samples_and_caps_go_along_and_the_old_phone_ends(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock, old: Headers
) -> None:
    app.config["DAILY_CAP"] = 1
    spot = {"latitude": 21.5942, "longitude": 105.8482, "accuracy_m": 12.0}
    first = sample((clock.now - timedelta(minutes=5)).isoformat(), location=spot)
    assert post(client, old, first).json["counted"]
    clock.now += timedelta(hours=1)
    made = shown(client, old)
    assert made["content"] == f"http://localhost/do/#{made['code']}"
    assert moment(made["expires_at"]) == clock.now + timedelta(minutes=10)
    new, mine = register(client), client.get(URL, headers=old).json["items"]
    # The new phone is asked first, with names; that uses nothing up.
    asked = use(client, new, made["code"].lower().replace("-", " "), sure=False)
    assert refusal(asked) == (409, "moves_phone")
    assert (asked.json["display_name"], asked.json["teams"]) == ("Lan", ["Đội 1"])
    answer = use(client, new, made["code"])
    assert answer.status_code == 201
    assert answer.json == {"kind": "move", "display_name": "Lan", "memberships": mine}
    # One device: its own samples, and a judge who sees both phones as one.
    assert [one["id"] for one in client.get("/api/v1/measurements", headers=new).json["items"]] == [
        first["id"]
    ]
    near = sample((clock.now - timedelta(minutes=1)).isoformat(), location=spot)
    assert [one["code"] for one in post(client, new, near).json["reasons"]] == ["repeat"]
    spot = spot | {"latitude": 21.5842}
    away = sample((clock.now - timedelta(seconds=30)).isoformat(), location=spot)
    assert [one["code"] for one in post(client, new, away).json["reasons"]] == ["daily_cap"]
    far = spot | {"latitude": 10.7769, "longitude": 106.7009}
    flown = sample((clock.now - timedelta(seconds=15)).isoformat(), location=far)
    assert "impossible_travel" in str(post(client, new, flown).json["reasons"])
    # The old phone is told, and can do nothing more.
    for request in (
        lambda: client.get(ME, headers=old),
        lambda: post(client, old, sample()),
        lambda: client.post(PASSES, json={"kind": "move"}, headers=old),
        lambda: client.delete(ME, headers=old),
    ):
        told = request()
        assert refusal(told) == (401, "phone_moved")
        assert moment(told.json["moved_at"]) == clock.now
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Device)) == 1
        assert db.session.scalar(select(func.count()).select_from(Volunteer)) == 1


def test_a_stolen_code_is_no_silent_way_in(
    client: FlaskClient, clock: FakeClock, old: Headers
) -> None:
    """It is short-lived, serves once, is void once another is shown, and never for long unseen."""
    voided, code = shown(client, old)["code"], shown(client, old)["code"]
    assert refusal(use(client, register(client), voided)) == (404, "pass_unknown")
    assert refusal(use(client, old, code)) == (409, "own_pass")
    thief = register(client)
    assert use(client, thief, code).status_code == 201
    assert use(client, thief, code).status_code == 200  # after a lost answer
    assert refusal(use(client, register(client), code)) == (410, "pass_used")
    assert refusal(client.get(ME, headers=old)) == (401, "phone_moved")
    late = shown(client, thief)["code"]
    clock.now += timedelta(minutes=10)
    assert refusal(use(client, register(client), late)) == (410, "pass_expired")
    assert refusal(use(client, register(client), "ACDE-FGHJ-KMNP")) == (404, "pass_unknown")


def test_the_codes_of_both_phones_withdraw(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    """Who lost the device to a thief can still delete everything."""
    phones = [client.post(DEVICES, json={"consent": CONSENT}).json for _ in range(3)]
    headers = [{"Authorization": f"Bearer {one['token']}"} for one in phones]
    join(client, headers[0], cast.code_one)
    for before, after in ((0, 1), (1, 2)):
        assert (
            use(client, headers[after], shown(client, headers[before])["code"]).status_code == 201
        )
    for phone in phones:
        body = {"withdrawal_code": phone["withdrawal_code"]}
        assert client.post("/api/v1/withdrawals/effects", json=body).status_code == 200
    first = {"withdrawal_code": phones[0]["withdrawal_code"]}
    assert client.post("/api/v1/withdrawals", json=first).status_code == 200
    assert client.post("/api/v1/withdrawals", json=first).status_code == 404
    assert refusal(client.get(ME, headers=headers[2])) == (401, "unauthorized")
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(FormerPhone)) == 0


def test_a_phone_with_samples_takes_no_place(
    client: FlaskClient, clock: FakeClock, old: Headers
) -> None:
    """Else who reached the caps of one phone would go on with another's."""
    used = register(client)
    post(client, used, sample((clock.now - timedelta(minutes=1)).isoformat()))
    assert refusal(use(client, used, shown(client, old)["code"])) == (409, "phone_in_use")


def test_what_the_new_phone_was_before_ends(
    app: Flask, client: FlaskClient, cast: Cast, old: Headers
) -> None:
    new = register(client)
    join(client, new, cast.code_two, display_name={"name": "Huệ", "agreed": True})
    assert use(client, new, shown(client, old)["code"]).status_code == 201
    assert [one["team"]["name"] for one in client.get(URL, headers=new).json["items"]] == ["Đội 1"]
    with app.app_context():
        assert set(db.session.scalars(select(Volunteer.display_name))) == {"Lan", None}


def test_a_phone_in_no_team_has_nothing_to_take_along(client: FlaskClient) -> None:
    answer = client.post(PASSES, json={"kind": "move"}, headers=register(client))
    assert refusal(answer) == (409, "not_joined")


def test_codes_are_kept_as_hashes_and_forgotten(
    app: Flask, client: FlaskClient, clock: FakeClock, old: Headers
) -> None:
    code = shown(client, old)["code"]
    with app.app_context():
        row = db.session.scalars(select(Pass)).one()
        assert code.replace("-", "").encode() not in row.code_hash
    clock.now += timedelta(days=1, minutes=11)
    shown(client, old)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Pass)) == 1


def test_a_volunteer_makes_so_many_passes_an_hour(
    client: FlaskClient, old: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "PASSES_PER_HOUR", 2)
    for _ in range(2):
        shown(client, old)
    assert client.post(PASSES, json={"kind": "move"}, headers=old).status_code == 429


def test_of_phones_that_use_one_code_at_once_one_goes_on(
    app: Flask, client: FlaskClient, old: Headers
) -> None:
    code = shown(client, old)["code"]
    phones = [register(client) for _ in range(4)]
    answers = send_concurrently(
        app, *[lambda own, phone=phone: use(own, phone, code) for phone in phones]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 410, 410, 410]


def test_phones_that_take_each_others_place_do_not_block(
    app: Flask, client: FlaskClient, cast: Cast, old: Headers
) -> None:
    other = register(client)
    join(client, other, cast.code_one)
    codes = shown(client, old)["code"], shown(client, other)["code"]
    answers = send_concurrently(
        app, lambda own: use(own, other, codes[0]), lambda own: use(own, old, codes[1])
    )
    assert 201 in {answer.status_code for answer in answers}
    assert {answer.status_code for answer in answers} <= {201, 401, 404, 409}


def test_a_guest_is_invited_to_a_campaign(client: FlaskClient, old: Headers) -> None:
    answer = client.post(PASSES, json={"kind": "guest"}, headers=old)
    assert wrong_fields(answer) == [("campaign_id", "required")]
