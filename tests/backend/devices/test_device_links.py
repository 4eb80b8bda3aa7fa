"""POST /api/v1/passes {"kind": "link"}: another phone of the same volunteer, from now on."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from backend.database.extensions import db
from backend.devices.models import Device
from backend.devices.service import authenticate
from backend.memberships import joining
from backend.memberships.models import DeviceLink, Membership, Pass, Volunteer
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.joining import URL, Cast, Headers, join, moment, send_concurrently
from tests.support.problems import wrong_fields

PASSES, USE = "/api/v1/passes", "/api/v1/passes/use"


@pytest.fixture
def cast(app: Flask) -> Cast:
    return Cast(app)


def shown(client: FlaskClient, phone: Headers) -> dict[str, Any]:
    answer = client.post(PASSES, json={"kind": "link"}, headers=phone)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def use(client: FlaskClient, phone: Headers, code: str) -> TestResponse:
    return client.post(USE, json={"code": code}, headers=phone)


def volunteers_of(app: Flask, phone: Headers, now: Any) -> list[tuple[int, Any, Any]]:
    """To whom a device belonged, from when to when."""
    with app.app_context():
        device = authenticate(phone["Authorization"].split()[1], now).id
        links = select(DeviceLink).where(DeviceLink.device_id == device).order_by(DeviceLink.id)
        return [
            (link.volunteer_id, link.period.lower, link.period.upper)
            for link in db.session.scalars(links)
        ]


def test_a_second_phone_belongs_to_the_volunteer_from_now_on(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    first, second = register(client), register(client)
    mine = join(client, first, cast.code_one).json
    clock.now += timedelta(hours=1)
    made = shown(client, first)
    assert made["content"] == f"http://localhost/do/#{made['code']}"
    assert moment(made["expires_at"]) == clock.now + timedelta(minutes=10)
    clock.now += timedelta(minutes=9)
    answer = use(client, second, made["code"].lower().replace("-", " "))
    assert (answer.status_code, answer.json) == (201, {"kind": "link", "memberships": [mine]})
    assert client.get(URL, headers=second).json == {"items": [mine]}
    assert volunteers_of(app, second, clock.now) == [(1, clock.now, None)]
    with app.app_context():
        assert db.session.scalars(select(Device.joined)).all() == [True, True]
        assert db.session.scalar(select(func.count()).select_from(Volunteer)) == 1
    body = {"display_name": None}
    assert client.patch("/api/v1/volunteers/me", json=body, headers=second).json["devices"] == 2


def test_a_lost_answer_is_repeated_and_the_code_serves_once(
    client: FlaskClient, cast: Cast
) -> None:
    first, second = register(client), register(client)
    join(client, first, cast.code_one)
    code = shown(client, first)["code"]
    assert use(client, second, code).status_code == 201
    assert use(client, second, code).status_code == 200
    third = use(client, register(client), code)
    assert (third.status_code, third.json["code"]) == (410, "pass_used")


def test_a_pass_is_over_after_ten_minutes(
    client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    first = register(client)
    join(client, first, cast.code_one)
    code = shown(client, first)["code"]
    clock.now += timedelta(minutes=10)
    answer = use(client, register(client), code)
    assert (answer.status_code, answer.json["code"]) == (410, "pass_expired")
    unknown = use(client, register(client), "ACDE-FGHJ-KMNP")
    assert (unknown.status_code, unknown.json["code"]) == (404, "pass_unknown")


def test_phones_in_different_teams_of_one_campaign_are_not_linked(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    first, second = register(client), register(client)
    join(client, first, cast.code_one)
    mine = join(client, second, cast.code_two).json
    code = shown(client, first)["code"]
    answer = use(client, second, code)
    assert (answer.status_code, answer.json["code"]) == (409, "teams_differ")
    assert answer.json["current"] == {"id": cast.two, "name": "Đội 2"}
    assert answer.json["wanted"] == {"id": cast.one, "name": "Đội 1"}
    assert "liên kết lại" in answer.json["title"]
    # Having left, it goes; and the pass was not used up by the refusal.
    clock.now += timedelta(minutes=1)
    client.delete(f"{URL}/{mine['id']}", headers=second)
    assert use(client, second, code).status_code == 201


def test_what_the_second_phone_was_before_stays_history(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    first, second = register(client), register(client)
    join(client, first, cast.code_one)
    join(client, second, cast.code_one)
    began = clock.now
    clock.now += timedelta(hours=3)
    assert use(client, second, shown(client, first)["code"]).status_code == 201
    assert volunteers_of(app, second, clock.now) == [(2, began, clock.now), (1, clock.now, None)]
    with app.app_context():
        periods = {one.volunteer_id: one.period for one in db.session.scalars(select(Membership))}
    assert (periods[2].lower, periods[2].upper) == (began, clock.now)
    assert (periods[1].lower, periods[1].upper) == (began, None)


def test_a_volunteer_who_keeps_a_phone_stays_in_their_team(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    first, second, third = register(client), register(client), register(client)
    join(client, first, cast.code_one)
    join(client, second, cast.code_one)
    assert use(client, third, shown(client, second)["code"]).status_code == 201
    assert use(client, third, shown(client, first)["code"]).status_code == 201
    assert client.get(URL, headers=second).json["items"][0]["until"] is None


def test_a_phone_that_never_joined_has_nobody_to_link_to(client: FlaskClient) -> None:
    answer = client.post(PASSES, json={"kind": "link"}, headers=register(client))
    assert (answer.status_code, answer.json["code"]) == (409, "not_joined")


def test_codes_are_kept_as_hashes_and_forgotten(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    first = register(client)
    join(client, first, cast.code_one)
    code = shown(client, first)["code"]
    with app.app_context():
        row = db.session.scalars(select(Pass)).one()
        assert code.replace("-", "").encode() not in row.code_hash
    clock.now += timedelta(days=1, minutes=11)
    shown(client, first)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Pass)) == 1


def test_a_volunteer_makes_so_many_passes_an_hour(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "PASSES_PER_HOUR", 2)
    first = register(client)
    join(client, first, cast.code_one)
    for _ in range(2):
        shown(client, first)
    assert client.post(PASSES, json={"kind": "link"}, headers=first).status_code == 429


def test_two_phones_with_one_pass_and_one_is_linked(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    first = register(client)
    join(client, first, cast.code_one)
    code = shown(client, first)["code"]
    phones = [register(client) for _ in range(4)]
    answers = send_concurrently(
        app, *[lambda own, phone=phone: use(own, phone, code) for phone in phones]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 410, 410, 410]


def test_two_volunteers_who_link_each_others_phones_do_not_block(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    one, two = register(client), register(client)
    join(client, one, cast.code_one)
    join(client, two, cast.code_one)
    codes = shown(client, one)["code"], shown(client, two)["code"]
    answers = send_concurrently(
        app, lambda own: use(own, two, codes[0]), lambda own: use(own, one, codes[1])
    )
    assert {answer.status_code for answer in answers} <= {200, 201}


def test_a_guest_is_invited_to_a_campaign(client: FlaskClient, cast: Cast) -> None:
    first = register(client)
    join(client, first, cast.code_one)
    answer = client.post(PASSES, json={"kind": "guest"}, headers=first)
    assert wrong_fields(answer) == [("campaign_id", "required")]
