"""Phones that join at one instant: exactly one wins, the others get a clear answer."""

import threading
import time
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select, text
from werkzeug.test import TestResponse

from backend.campaigns.models import JoinCode
from backend.database.extensions import db
from backend.devices.models import Device
from backend.memberships.models import Membership, Volunteer
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.joining import URL, Cast, Headers, join, send_concurrently
from tests.support.people import team

ME = "/api/v1/volunteers/me"


def test_a_double_tap_joins_once(app: Flask, client: FlaskClient, cast: Cast) -> None:
    phone = register(client)
    answers = send_concurrently(app, *[lambda own: join(own, phone, cast.code_one)] * 6)
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 1
        assert db.session.scalar(select(func.count()).select_from(Volunteer)) == 1
        assert db.session.scalar(select(func.sum(JoinCode.uses))) == 1


def linked(app: Flask, client: FlaskClient, clock: FakeClock) -> tuple[Headers, Headers]:
    """Two phones of one volunteer who is in no team yet."""
    one, two = register(client), register(client)
    with app.app_context():
        ids = db.session.scalars(select(Device.id)).all()
        db.session.execute(text("insert into volunteers default values"))
        for device in ids:
            db.session.execute(
                text("insert into device_links (device_id, volunteer_id, period)"
                     " values (:device, 1, tstzrange(:now, null))"),
                {"device": device, "now": clock.now},
            )  # fmt: skip
        db.session.commit()
    return one, two


def test_two_phones_of_one_volunteer_join_two_teams_and_one_wins(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    one, two = linked(app, client, clock)
    for _ in range(5):
        answers = send_concurrently(
            app,
            lambda own: join(own, one, cast.code_one),
            lambda own: join(own, two, cast.code_two),
        )
        assert sorted(answer.status_code for answer in answers) == [201, 409]
        won, lost = sorted(answers, key=lambda answer: answer.status_code)
        assert lost.json["code"] == "other_team"
        assert lost.json["current"] == won.json["team"] != lost.json["wanted"]
        clock.now += timedelta(minutes=1)
        client.delete(f"{URL}/{won.json['id']}", headers=one)
        clock.now += timedelta(minutes=1)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 5


def test_two_transfers_at_one_instant_leave_one_membership(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    one, two = linked(app, client, clock)
    three = cast.code(team(app, cast.organisation, "Đội 3"))
    join(client, one, cast.code_one)
    clock.now += timedelta(minutes=1)
    answers = send_concurrently(
        app,
        lambda own: join(own, one, cast.code_two, transfer=True),
        lambda own: join(own, two, three, transfer=True),
    )
    assert [answer.status_code for answer in answers] == [201, 201]
    items = client.get(URL, headers=one).json["items"]
    assert [one["until"] is None for one in items] == [True, False, False]
    assert items[1]["until"] == items[0]["since"] and items[2]["until"] == items[1]["since"]


def test_the_constraint_stands_where_no_lock_is_asked_for(
    app: Flask, client: FlaskClient, cast: Cast, owner: Engine, clock: FakeClock
) -> None:
    """Another program puts the volunteer into team 2 while the phone joins team 1."""
    one, _ = linked(app, client, clock)
    row = text(
        "insert into memberships (volunteer_id, campaign_id, team_id, period)"
        " values (1, :campaign, :team, tstzrange(:now, null))"
    )
    waits = text("select count(*) from pg_locks where not granted")
    answers: list[TestResponse] = []
    with owner.connect() as other, owner.connect() as watcher:
        other.execute(row, {"campaign": cast.campaign, "team": cast.two, "now": clock.now})
        joins = threading.Thread(
            target=lambda: answers.append(join(app.test_client(), one, cast.code_one))
        )
        joins.start()
        deadline = time.monotonic() + 10
        while not watcher.execute(waits).scalar() and time.monotonic() < deadline:
            time.sleep(0.01)
        other.commit()
        joins.join()
    assert (answers[0].status_code, answers[0].json["code"]) == (409, "other_team")
    assert answers[0].json["current"]["id"] == cast.two


def test_a_membership_that_begins_later_is_in_the_way(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    """As a bulk import may make one; a transfer cannot end what has not begun."""
    one, _ = linked(app, client, clock)
    with app.app_context():
        later = {"campaign": cast.campaign, "team": cast.two, "now": clock.now + timedelta(days=1)}
        db.session.execute(
            text("insert into memberships (volunteer_id, campaign_id, team_id, period)"
                 " values (1, :campaign, :team, tstzrange(:now, null))"), later,
        )  # fmt: skip
        db.session.commit()
    for transfer in (False, True):
        answer = join(client, one, cast.code_one, transfer=transfer)
        assert (answer.status_code, answer.json["code"]) == (409, "other_team")


def test_the_last_use_of_a_code_is_one_phones(app: Flask, client: FlaskClient, cast: Cast) -> None:
    code = cast.code(team(app, cast.organisation, "Đội 3"), uses_most=2)
    phones = [register(client) for _ in range(5)]
    answers = send_concurrently(
        app, *[lambda own, phone=phone: join(own, phone, code) for phone in phones]
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 410, 410, 410]


def deadlocks(owner: Engine) -> int:
    """Return the deadlocks so far; a server process reports its own when it ends."""
    db.engine.dispose()
    served = text("select count(*) from pg_stat_activity where usename = 'dosong_app'")
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while connection.execute(served).scalar():
            time.sleep(0.01)
        query = "select deadlocks from pg_stat_database where datname = current_database()"
        return int(connection.execute(text(query)).scalar_one())


@pytest.mark.slow
def test_joining_and_withdrawing_at_one_instant_do_not_block(
    app: Flask, client: FlaskClient, cast: Cast, owner: Engine
) -> None:
    """Both hold the device and its volunteer; in another order each would wait for the other."""
    with app.app_context():
        before = deadlocks(owner)
    for _ in range(8):
        phone = register(client)
        assert join(client, phone, cast.code_one).status_code == 201
        moves, withdrawn = send_concurrently(
            app,
            lambda own, phone=phone: join(own, phone, cast.code_two, transfer=True),
            lambda own, phone=phone: own.delete("/api/v1/devices/me", headers=phone),
        )
        assert withdrawn.status_code == 200 and moves.status_code in (201, 401)
    with app.app_context():
        assert deadlocks(owner) == before
