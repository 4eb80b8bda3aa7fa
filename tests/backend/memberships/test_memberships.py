"""A volunteer moves to another team, leaves, sees their memberships."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from backend.campaigns.models import JoinCode
from backend.database.extensions import db
from backend.devices.models import Device
from backend.devices.service import authenticate
from backend.memberships import joining
from backend.memberships import service as memberships
from backend.memberships.models import Volunteer
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.joining import URL, Cast, join, moment
from tests.support.people import campaign

ME = "/api/v1/volunteers/me"


def test_a_second_team_of_the_campaign_is_refused_by_name(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    phone = register(client)
    join(client, phone, cast.code_one)
    answer = join(client, phone, cast.code_two)
    assert (answer.status_code, answer.json["code"]) == (409, "other_team")
    assert answer.json["current"] == {"id": cast.one, "name": "Đội 1"}
    assert answer.json["wanted"] == {"id": cast.two, "name": "Đội 2"}
    with app.app_context():
        assert db.session.scalar(select(func.sum(JoinCode.uses))) == 1


def test_a_transfer_ends_the_first_and_starts_the_second_at_one_moment(
    client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    phone = register(client)
    join(client, phone, cast.code_one)
    clock.now += timedelta(hours=2)
    answer = join(client, phone, cast.code_two, transfer=True)
    assert answer.status_code == 201
    new, old = client.get(URL, headers=phone).json["items"]
    assert (new["team"]["id"], old["team"]["id"]) == (cast.two, cast.one)
    assert moment(old["until"]) == moment(new["since"]) == clock.now
    assert new["until"] is None
    assert join(client, phone, cast.code_two, transfer=True).status_code == 200


def test_a_transfer_in_the_very_instant_keeps_both(client: FlaskClient, cast: Cast) -> None:
    phone = register(client)
    join(client, phone, cast.code_one)
    assert join(client, phone, cast.code_two, transfer=True).status_code == 201
    assert join(client, phone, cast.code_one, transfer=True).status_code == 201
    third, second, first = client.get(URL, headers=phone).json["items"]
    assert [one["team"]["id"] for one in (first, second, third)] == [cast.one, cast.two, cast.one]
    assert first["until"] == second["since"] and second["until"] == third["since"]
    assert first["since"] < first["until"] < second["until"]


def test_teams_of_two_campaigns_go_together(client: FlaskClient, cast: Cast) -> None:
    other = campaign(cast.app, cast.organisation, name="Chuyển đổi số")
    phone = register(client)
    assert join(client, phone, cast.code_one).status_code == 201
    assert join(client, phone, cast.code(cast.two, other)).status_code == 201
    assert [one["until"] for one in client.get(URL, headers=phone).json["items"]] == [None, None]


# Leaving


def test_leaving_ends_it_now_and_once_more_is_no_harm(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    phone = register(client)
    made = join(client, phone, cast.code_one).json
    clock.now += timedelta(days=1)
    left = client.delete(f"{URL}/{made['id']}", headers=phone)
    assert (left.status_code, moment(left.json["until"])) == (200, clock.now)
    clock.now += timedelta(days=1)
    again = client.delete(f"{URL}/{made['id']}", headers=phone)
    assert (again.status_code, again.json) == (200, left.json)
    assert client.get(URL, headers=phone).json["items"] == [left.json]
    back = join(client, phone, cast.code_one)
    assert (back.status_code, moment(back.json["since"])) == (201, clock.now)
    with app.app_context():
        assert db.session.scalars(select(Device.version)).one() >= 3  # posts judged meanwhile, too


def test_leaving_and_joining_again_in_the_very_instant(client: FlaskClient, cast: Cast) -> None:
    phone = register(client)
    made = join(client, phone, cast.code_one).json
    left = client.delete(f"{URL}/{made['id']}", headers=phone).json
    again = join(client, phone, cast.code_one)
    assert (again.status_code, again.json["since"]) == (201, left["until"])


def test_only_ones_own_memberships_are_shown(client: FlaskClient, cast: Cast) -> None:
    phone = register(client)
    join(client, phone, cast.code_one)
    assert client.delete(f"{URL}/{2**63 - 1}", headers=phone).status_code == 404
    assert client.delete(f"{URL}/{10**30}", headers=phone).status_code == 404
    assert client.get(URL, headers=phone).json["items"][0]["until"] is None
    assert client.get(URL, headers=register(client)).json == {"items": []}


def test_a_post_that_is_judged_meanwhile_is_judged_again(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    """Joining and leaving raise the device's version, on which an optimistic post rests."""
    phone = register(client)
    assert post(client, phone, sample()).status_code == 201
    with app.app_context():
        before = authenticate(phone["Authorization"].split()[1], clock.now)
    made = join(client, phone, cast.code_one).json
    with app.app_context():
        after = authenticate(phone["Authorization"].split()[1], clock.now)
    client.delete(f"{URL}/{made['id']}", headers=phone)
    with app.app_context():
        left = authenticate(phone["Authorization"].split()[1], clock.now)
    assert before.version < after.version < left.version
    assert (before.joined, after.joined, left.joined) == (False, True, True)


# Without HTTP


def test_the_demo_joins_without_http(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    register(client)
    with app.app_context():
        db.session.execute(update(Device).values(demo=True))
        device = db.session.scalars(select(Device.id)).one()
        request = {"code": cast.code_one, "transfer": False, "display_name": None}
        member, created = joining.join(device, request, clock.now, "127.0.0.1")
        assert created and member.since == clock.now
        assert db.session.scalars(select(Volunteer.demo)).one() is True
        left = memberships.leave(device, member.id, clock.now + timedelta(hours=1))
        assert left.until == clock.now + timedelta(hours=1)
