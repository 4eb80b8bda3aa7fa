"""A team's join code: who makes, rotates and sees it."""

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.accounts.models import AuditEntry
from backend.campaigns.models import Campaign, JoinCode, Team
from backend.database.extensions import db
from backend.devices.credentials import ALPHABET, letters
from backend.memberships.join_codes import new_code
from backend.organisations.models import Organisation
from tests.support.clock import FakeClock
from tests.support.people import campaign, organisation, person, team
from tests.support.problems import wrong_fields
from tests.support.sql_statements import execute


class Cast:
    """An organisation with a team and a campaign, and the people around them."""

    def __init__(self, app: Flask) -> None:
        self.organisation = organisation(app)
        self.team = team(app, self.organisation, "Đội Đồng Hỷ")
        self.campaign = campaign(app, self.organisation)
        self.organiser = person(app, "organiser", self.organisation)
        self.leader = person(app, "team_leader", self.team)
        other = organisation(app, "Sở KH&CN")
        self.stranger = person(app, "organiser", other)
        self.other_leader = person(app, "team_leader", team(app, self.organisation, "Đội 2"))
        self.admin = person(app, "admin")
        self.place = f"/api/v1/campaigns/{self.campaign}/teams/{self.team}"
        self.url = f"{self.place}/join-code"


@pytest.fixture
def cast(app: Flask) -> Cast:
    return Cast(app)


def rotated(client: FlaskClient, cast: Cast, **limits: Any) -> dict[str, Any]:
    answer = client.post(cast.url, json=limits, headers=cast.organiser)
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def test_an_organiser_makes_a_code_and_the_leader_shows_it(client: FlaskClient, cast: Cast) -> None:
    none = client.get(cast.url, headers=cast.leader)
    assert (none.status_code, none.json["code"]) == (404, "join_code_none")
    made = rotated(client, cast)
    assert len(made["code"]) == 8 and set(made["code"]) <= set(ALPHABET)
    assert made["content"] == f"http://localhost/do/#{made['code']}"
    assert (made["state"], made["uses"], made["uses_most"]) == ("in_force", 0, None)
    assert made["team"] == {"id": cast.team, "name": "Đội Đồng Hỷ"}
    shown = client.get(cast.url, headers=cast.leader)
    assert (shown.status_code, shown.json) == (200, made)
    assert shown.headers["Cache-Control"] == "no-store"


def test_a_team_or_campaign_that_is_not_there(client: FlaskClient, cast: Cast) -> None:
    for campaign_id, team_id in ((cast.campaign, 999), (999, cast.team), (10**30, cast.team)):
        url = f"/api/v1/campaigns/{campaign_id}/teams/{team_id}/join-code"
        assert client.get(url, headers=cast.admin).status_code == 404
        assert client.post(url, json={}, headers=cast.admin).status_code == 404


def test_the_draft_of_an_organisation_above_is_not_told(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    theirs = organisation(app, "Trung ương Đoàn")
    with app.app_context():
        own = db.session.get_one(Team, cast.team).organisation_id
        db.session.get_one(Organisation, own).parent_id = theirs
        db.session.commit()
    draft = campaign(app, theirs, state="draft")
    url = f"/api/v1/campaigns/{draft}/teams/{cast.team}/join-code"
    assert client.post(url, json={}, headers=cast.organiser).status_code == 404
    # Its own organiser prepares a code; from then on the team's leader has to see it.
    theirs_too = person(app, "organiser", theirs)
    assert client.post(url, json={}, headers=theirs_too).status_code == 201
    assert client.get(url, headers=cast.leader).status_code == 200


def test_rotating_voids_the_code_before(app: Flask, client: FlaskClient, cast: Cast) -> None:
    first, second = rotated(client, cast), rotated(client, cast, uses_most=5)
    assert first["code"] != second["code"]
    assert client.get(cast.url, headers=cast.leader).json["uses_most"] == 5
    with app.app_context():
        voided = db.session.get_one(JoinCode, first["code"]).revoked_at
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert voided is not None
    assert [entry.act for entry in entries] == ["join_code.rotate"] * 2
    assert entries[1].subject == f"team:{cast.team}" and entries[1].details["uses_most"] == 5
    assert second["code"] not in repr(entries[1].details)


def test_two_that_rotate_at_once_leave_one_code(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    barrier, statuses = threading.Barrier(4), []

    def rotate() -> None:
        own = app.test_client()
        barrier.wait()
        statuses.append(own.post(cast.url, json={}, headers=cast.organiser).status_code)

    threads = [threading.Thread(target=rotate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [201] * 4
    with app.app_context():
        in_force = select(JoinCode.code).where(JoinCode.revoked_at.is_(None))
        assert len(db.session.scalars(in_force).all()) == 1


def test_a_code_expires_in_future(client: FlaskClient, cast: Cast) -> None:
    past = {"expires_at": "2024-11-20T18:59:59+07:00"}
    answer = client.post(cast.url, json=past, headers=cast.organiser)
    assert wrong_fields(answer) == [("expires_at", "in_past")]


@pytest.mark.parametrize(
    ("table", "changes", "status", "code"),
    [
        (Campaign, {"state": "closed"}, 410, "campaign_over"),
        (Campaign, {"state": "archived"}, 410, "campaign_over"),
        (Team, {"ended_at": datetime(2024, 11, 1, tzinfo=UTC)}, 410, "team_ended"),
        (Organisation, {"ended_at": datetime(2024, 11, 1, tzinfo=UTC)}, 410, "organisation_ended"),
    ],
)
def test_what_is_over_gets_no_code(
    app: Flask, client: FlaskClient, cast: Cast,
    table: Any, changes: dict[str, Any], status: int, code: str,
) -> None:  # fmt: skip
    execute(app, update(table).values(**changes))
    answer = client.post(cast.url, json={}, headers=cast.organiser)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_codes_are_made_before_a_campaign_opens(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    execute(app, update(Campaign).values(state="draft"))
    rotated(client, cast)


def test_a_code_tells_when_it_is_of_no_use(
    app: Flask, client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    rotated(client, cast, expires_at="2024-11-21T08:00:00+07:00", uses_most=1)
    execute(app, update(JoinCode).values(uses=1))
    assert client.get(cast.url, headers=cast.leader).json["state"] == "used_up"
    clock.now = datetime(2024, 11, 21, 1, 0, tzinfo=UTC)
    assert client.get(cast.url, headers=cast.leader).json["state"] == "expired"


def test_the_code_is_shown_to_its_leader(client: FlaskClient, cast: Cast) -> None:
    made = rotated(client, cast)
    answer = client.get(cast.url, headers=cast.leader)
    assert answer.json == made and answer.headers["Cache-Control"] == "no-store"


def test_codes_have_eight_letters_without_look_alikes_and_are_read_as_written() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200 and all(len(code) == 8 for code in codes)
    assert not set("".join(codes)) & set("0O1IL2Z5S8B")
    assert letters(" acde-fGHJ\t") == "ACDEFGHJ"
