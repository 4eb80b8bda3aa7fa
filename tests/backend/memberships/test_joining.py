"""POST /api/v1/memberships: a phone joins a team by its code, from this moment on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from backend.campaigns.models import Campaign, JoinCode, Team
from backend.database.extensions import db
from backend.devices.models import Device
from backend.memberships import joining
from backend.memberships.models import DeviceLink, Membership, Volunteer
from backend.organisations.models import Organisation
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.joining import URL, Cast, join, moment
from tests.support.people import team
from tests.support.problems import wrong_fields
from tests.support.sql_statements import execute

ME = "/api/v1/volunteers/me"


def test_a_phone_joins_from_this_moment_on(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    phone = register(client)
    answer = join(client, phone, cast.code_one)
    assert answer.status_code == 201
    assert answer.json["team"] == {"id": cast.one, "name": "Đội 1"}
    assert answer.json["campaign"] == {"id": cast.campaign, "name": "Tháng thanh niên đo mạng"}
    assert moment(answer.json["since"]) == clock.now
    assert (answer.json["until"], answer.json["guest"]) == (None, False)
    with app.app_context():
        device = db.session.scalars(select(Device)).one()
        assert (device.joined, device.version) == (True, 1)
        link = db.session.scalars(select(DeviceLink)).one()
        assert (link.period.lower, link.period.upper, link.period.bounds) == (clock.now, None, "[)")
        volunteer = db.session.scalars(select(Volunteer)).one()
        assert (volunteer.display_name, volunteer.created_at) == (None, clock.now)
        assert db.session.scalars(select(JoinCode.uses).order_by(JoinCode.code)).all() == [1, 0]


def test_the_same_again_changes_nothing(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    phone = register(client)
    first = join(client, phone, cast.code_one)
    clock.now += timedelta(hours=1)
    code = f" {cast.code_one[:4].lower()} - {cast.code_one[4:]}\t"
    again = join(client, phone, code)
    assert (again.status_code, again.json) == (200, first.json)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 1
        assert db.session.scalar(select(func.sum(JoinCode.uses))) == 1


def test_a_lost_answer_is_repeated_even_after_the_last_use(client: FlaskClient, cast: Cast) -> None:
    code = cast.code(team(cast.app, cast.organisation, "Đội 3"), uses_most=1)
    phone = register(client)
    assert join(client, phone, code).status_code == 201
    assert join(client, phone, code).status_code == 200
    refused = join(client, register(client), code)
    assert (refused.status_code, refused.json["code"]) == (410, "join_code_used_up")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires_at": datetime(2024, 11, 20, 12, 0, tzinfo=UTC)}, "join_code_expired"),
        ({"revoked_at": datetime(2024, 11, 19, tzinfo=UTC)}, "join_code_revoked"),
        ({"uses_most": 3, "uses": 3}, "join_code_used_up"),
    ],
)
def test_a_code_that_is_over_says_why(
    client: FlaskClient, cast: Cast, changes: dict[str, Any], code: str
) -> None:
    over = cast.code(team(cast.app, cast.organisation, "Đội 3"), **changes)
    answer = join(client, register(client), over)
    assert (answer.status_code, answer.json["code"]) == (410, code)
    assert answer.json["organiser"] == {"name": "Tỉnh Đoàn Thái Nguyên", "telephone": None}
    assert answer.json["title"].endswith("mã mới.")  # in words, and what to do


def test_an_unknown_code(client: FlaskClient, cast: Cast) -> None:
    for code in ("ACDEFGHJ", "", "Đội 1", "%"):
        answer = join(client, register(client), code)
        assert (answer.status_code, answer.json["code"]) == (404, "join_code_unknown")


@pytest.mark.parametrize(
    ("table", "changes", "status", "code"),
    [
        (Campaign, {"state": "draft"}, 409, "campaign_not_open"),
        (Campaign, {"state": "closed"}, 410, "campaign_over"),
        (Campaign, {"state": "archived"}, 410, "campaign_over"),
        (Team, {"ended_at": datetime(2024, 11, 1, tzinfo=UTC)}, 410, "team_ended"),
        (Organisation, {"ended_at": datetime(2024, 11, 1, tzinfo=UTC)}, 410, "organisation_ended"),
    ],
)
def test_what_is_not_open_is_not_joined(
    app: Flask, client: FlaskClient, cast: Cast,
    table: Any, changes: dict[str, Any], status: int, code: str,
) -> None:  # fmt: skip
    execute(app, update(table).values(**changes))
    answer = join(client, register(client), cast.code_one)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Volunteer)) == 0
        assert db.session.scalars(select(Device.joined)).one() is False


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (
            {"code": "A", "display_name": {"name": "Hoa", "agreed": False}},
            "display_name.agreed",
            "name_consent_required",
        ),
        (
            {"code": "A", "display_name": {"name": " \n", "agreed": True}},
            "display_name.name",
            "not_name",
        ),
    ],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, body: dict[str, Any], field: str, code: str
) -> None:
    answer = client.post(URL, json=body, headers=register(client))
    assert wrong_fields(answer) == [(field, code)]


# Guesses


@pytest.mark.slow
def test_guesses_are_counted_by_device_and_by_address(
    client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = register(client)
    for _ in range(joining.CODES_PER_DEVICE):
        assert join(client, phone, "ACDEFGHJ").status_code == 404
    for _ in range(3):  # these use up nothing of the address
        refused = join(client, phone, cast.code_one)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_requests")
    assert int(refused.headers["Retry-After"]) <= 3601
    other = register(client)
    assert join(client, other, cast.code_one).status_code == 201
    monkeypatch.setattr(joining, "CODES_PER_ADDRESS", joining.CODES_PER_DEVICE + 2)
    third = register(client)
    assert join(client, third, "ACDEFGHJ").status_code == 404
    assert join(client, third, cast.code_one).status_code == 429
    elsewhere = {"REMOTE_ADDR": "198.51.100.7"}
    body = {"code": cast.code_one}
    assert client.post(URL, json=body, headers=third, environ_base=elsewhere).status_code == 201


# Names


def test_a_name_is_kept_only_with_its_own_consent(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    phone = register(client)
    named = {"name": "  Nguyễn \n Thị Hoa ", "agreed": True}
    assert join(client, phone, cast.code_one, display_name=named).status_code == 201
    with app.app_context():
        volunteer = db.session.scalars(select(Volunteer)).one()
        assert volunteer.display_name == "Nguyễn Thị Hoa"
        assert volunteer.name_agreed_at == clock.now
    for body in ({"display_name": "Hoa"}, {"display_name": "Hoa", "agreed": False}):
        refused = client.patch(ME, json=body, headers=phone)
        assert refused.status_code == 422
        assert [e["code"] for e in refused.json["errors"]] == ["name_consent_required"]
    clock.now += timedelta(days=1)
    renamed = client.patch(ME, json={"display_name": "Hoa", "agreed": True}, headers=phone)
    assert (renamed.status_code, renamed.json["display_name"]) == (200, "Hoa")
    assert moment(renamed.json["name_agreed_at"]) == clock.now
    gone = client.patch(ME, json={"display_name": None}, headers=phone)
    assert gone.json == {"display_name": None, "name_agreed_at": None, "devices": 1}
    with app.app_context():
        volunteer = db.session.scalars(select(Volunteer)).one()
        assert (volunteer.display_name, volunteer.name_agreed_at) == (None, None)


def test_who_never_joined_has_no_name_to_show(client: FlaskClient) -> None:
    body = {"display_name": "Hoa", "agreed": True}
    answer = client.patch(ME, json=body, headers=register(client))
    assert (answer.status_code, answer.json["code"]) == (409, "not_joined")
