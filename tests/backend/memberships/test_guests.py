"""POST /api/v1/passes {"kind": "guest"}: a resident measures for their helper's team, for a day."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from backend.campaigns.models import Campaign, Team
from backend.database.extensions import db
from backend.memberships.models import Membership, Volunteer
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.joining import URL, Cast, Headers, join, moment, send_concurrently
from tests.support.people import campaign, person
from tests.support.sql_statements import execute

PASSES, USE = "/api/v1/passes", "/api/v1/passes/use"
DAY = timedelta(hours=24)


@pytest.fixture
def host(client: FlaskClient, cast: Cast) -> Headers:
    """The phone of a member of team 1."""
    phone = register(client)
    assert join(client, phone, cast.code_one).status_code == 201
    return phone


def ask(client: FlaskClient, phone: Headers, campaign_id: int) -> TestResponse:
    body = {"kind": "guest", "campaign_id": campaign_id}
    return client.post(PASSES, json=body, headers=phone)


def use(client: FlaskClient, phone: Headers, made: Any) -> TestResponse:
    return client.post(USE, json={"code": made["code"]}, headers=phone)


def check(client: FlaskClient, made: Any) -> TestResponse:
    return client.post(f"{PASSES}/check", json={"code": made["code"]})


def test_a_pass_says_before_any_consent_what_it_would_do(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    guest = ask(client, host, cast.campaign).json
    shown = check(client, guest)
    assert shown.status_code == 200
    assert shown.json == {"kind": "guest", "teams": ["Đội 1"], "hours": 24}
    move = client.post(PASSES, json={"kind": "move"}, headers=host).json
    assert check(client, move).json == {"kind": "move", "teams": ["Đội 1"], "hours": None}
    assert use(client, register(client), guest).status_code == 201  # nothing was used up
    for made, expected in (
        (guest, (410, "pass_used")),
        ({"code": "ACDE-FGHJ-KMNP"}, (404, "pass_unknown")),
    ):
        problem = check(client, made)
        assert (problem.status_code, problem.json["code"]) == expected
    unused = ask(client, host, cast.campaign).json
    clock.now += timedelta(minutes=31)
    assert check(client, unused).json["code"] == "pass_expired"


def test_a_pass_of_a_host_who_left_invites_nobody(
    client: FlaskClient, cast: Cast, host: Headers
) -> None:
    made = ask(client, host, cast.campaign).json
    [member] = client.get(URL, headers=host).json["items"]
    assert client.delete(f"{URL}/{member['id']}", headers=host).status_code == 200
    assert check(client, made).json["code"] == "host_not_member"


def test_a_resident_is_a_guest_for_exactly_a_day(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    made = ask(client, host, cast.campaign).json
    assert moment(made["expires_at"]) == clock.now + timedelta(minutes=30)
    clock.now += timedelta(minutes=29)
    resident = register(client)
    answer = use(client, resident, made)
    assert (answer.status_code, answer.json["kind"]) == (201, "guest")
    [member] = answer.json["memberships"]
    assert member["guest"] is True and member["team"]["id"] == cast.one
    assert (moment(member["since"]), moment(member["until"])) == (clock.now, clock.now + DAY)
    with app.app_context():
        guest = db.session.scalars(select(Volunteer).order_by(Volunteer.id.desc())).first()
        assert guest is not None and guest.display_name is None
        row = db.session.scalars(select(Membership).where(Membership.guest_of == 1)).one()
        assert row.volunteer_id == guest.id
        assert (row.period.lower, row.period.upper) == (clock.now, clock.now + DAY)
        assert row.period.bounds == "[)"
    leader = person(app, "team_leader", cast.one)
    items = client.get(f"/api/v1/teams/{cast.one}/members", headers=leader).json["items"]
    assert [(one["name"], one["guest"]) for one in items] == [
        ("Thành viên 1", False), ("Khách 2", True),
    ]  # fmt: skip
    clock.now += DAY
    items = client.get(f"/api/v1/teams/{cast.one}/members", headers=leader).json["items"]
    assert len(items) == 1


def test_one_pass_is_for_one_resident(client: FlaskClient, cast: Cast, host: Headers) -> None:
    made = ask(client, host, cast.campaign).json
    resident = register(client)
    first = use(client, resident, made)
    again = use(client, resident, made)
    assert (again.status_code, again.json) == (200, first.json)
    other = use(client, register(client), made)
    assert (other.status_code, other.json["code"]) == (410, "pass_used")


def test_a_pass_is_over_after_half_an_hour(
    client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    made = ask(client, host, cast.campaign).json
    clock.now += timedelta(minutes=30)
    answer = use(client, register(client), made)
    assert (answer.status_code, answer.json["code"]) == (410, "pass_expired")


def test_who_is_in_the_campaign_already_is_no_guest(
    client: FlaskClient, cast: Cast, host: Headers
) -> None:
    made = ask(client, host, cast.campaign).json
    other = register(client)
    join(client, other, cast.code_two)
    for phone, team in ((other, "Đội 2"), (host, "Đội 1")):
        answer = use(client, phone, made)
        assert (answer.status_code, answer.json["code"]) == (409, "already_member")
        assert answer.json["current"]["name"] == team
    resident = register(client)
    assert use(client, resident, made).status_code == 201
    second = ask(client, host, cast.campaign).json
    assert use(client, resident, second).status_code == 409


def test_only_a_member_of_the_campaign_brings_guests(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers
) -> None:
    stranger = ask(client, register(client), cast.campaign)
    assert (stranger.status_code, stranger.json["code"]) == (409, "not_joined")
    elsewhere = ask(client, host, campaign(app, cast.organisation, name="Khác"))
    assert (elsewhere.status_code, elsewhere.json["code"]) == (409, "host_not_member")
    resident = register(client)
    use(client, resident, ask(client, host, cast.campaign).json)
    of_guest = ask(client, resident, cast.campaign)
    assert (of_guest.status_code, of_guest.json["code"]) == (409, "host_not_member")


def test_a_host_who_left_or_a_campaign_that_closed(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    made = ask(client, host, cast.campaign).json
    execute(app, update(Campaign).values(state="closed"))
    closed = use(client, register(client), made)
    assert (closed.status_code, closed.json["code"]) == (410, "campaign_over")
    assert ask(client, host, cast.campaign).status_code == 410
    execute(app, update(Campaign).values(state="open"))
    clock.now += timedelta(minutes=1)
    [member] = client.get(URL, headers=host).json["items"]
    client.delete(f"{URL}/{member['id']}", headers=host)
    left = use(client, register(client), made)
    assert (left.status_code, left.json["code"]) == (409, "host_not_member")


def test_a_guest_goes_where_the_host_is_by_then(
    client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    made = ask(client, host, cast.campaign).json
    clock.now += timedelta(minutes=1)
    join(client, host, cast.code_two, transfer=True)
    clock.now += timedelta(minutes=1)
    answer = use(client, register(client), made)
    assert answer.json["memberships"][0]["team"]["id"] == cast.two


def test_a_guest_stays_for_good_by_the_teams_own_code(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    resident = register(client)
    use(client, resident, ask(client, host, cast.campaign).json)
    clock.now += timedelta(hours=2)
    other = join(client, resident, cast.code_two)
    assert (other.status_code, other.json["code"]) == (409, "other_team")
    stays = join(client, resident, cast.code_one)
    assert (stays.status_code, stays.json["guest"], stays.json["until"]) == (201, False, None)
    items = client.get(URL, headers=resident).json["items"]
    assert [one["guest"] for one in items] == [False, True]
    assert moment(items[1]["until"]) == moment(items[0]["since"]) == clock.now


def test_a_guest_may_leave_and_may_be_one_again(
    client: FlaskClient, cast: Cast, host: Headers, clock: FakeClock
) -> None:
    resident = register(client)
    used = use(client, resident, ask(client, host, cast.campaign).json)
    [member] = used.json["memberships"]
    clock.now += timedelta(hours=1)
    left = client.delete(f"{URL}/{member['id']}", headers=resident)
    assert moment(left.json["until"]) == clock.now
    again = use(client, resident, ask(client, host, cast.campaign).json)
    [member] = again.json["memberships"]
    assert moment(member["until"]) == clock.now + DAY
    clock.now += DAY
    assert join(client, resident, cast.code_two).status_code == 201


@pytest.mark.slow
def test_nobody_becomes_a_guest_of_a_team_that_ends_in_that_moment(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers
) -> None:
    made, resident = ask(client, host, cast.campaign).json, register(client)
    with app.app_context(), db.engine.connect() as ending, ThreadPoolExecutor(1) as pool:
        ending.execute(update(Team).where(Team.id == cast.one).values(ended_at=func.now()))
        used = pool.submit(lambda: use(app.test_client(), resident, made))
        with pytest.raises(TimeoutError):
            used.result(timeout=2)
        ending.commit()
        assert (used.result().status_code, used.result().json["code"]) == (410, "team_ended")


def test_two_residents_with_one_pass_and_one_is_the_guest(
    app: Flask, client: FlaskClient, cast: Cast, host: Headers
) -> None:
    made = ask(client, host, cast.campaign).json
    phones = [register(client) for _ in range(4)]
    answers = send_concurrently(
        app, *[lambda own, phone=phone: use(own, phone, made) for phone in phones]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 410, 410, 410]
    with app.app_context():
        guests = select(func.count()).select_from(Membership).where(Membership.guest_of == 1)
        assert db.session.scalar(guests) == 1
