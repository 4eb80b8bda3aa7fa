"""The walk of a campaign through HTTP: a phone joins, measures, and its team's figures rise."""

import uuid
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.clock import local_day, utc_now
from backend.measurements.recording.counting import differences
from backend.measurements.recording.earning_sums import differences as team_differences
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample
from tests.support.live_server import serving_app
from tests.support.people import campaign, organisation, person, team, unit_id
from tests.tools.phone_simulator.team import Plan, run

MEMBERSHIPS = "/api/v1/memberships"


class Campaign:
    """An open campaign of this month with two teams, and its organiser."""

    def __init__(self, app: Flask, client: FlaskClient, today: date) -> None:
        self.app, self.client = app, client
        of = organisation(app)
        self.teams = [team(app, of, name) for name in ("Đội Một", "Đội Hai")]
        system = "2024" if today < date(2025, 7, 1) else "2025"
        days = {"first_day": today - timedelta(days=40), "last_day": today + timedelta(days=3)}
        province = unit_id(app, "19", system, level="province")
        self.id = campaign(app, of, province, **days)
        self.organiser = person(app, "organiser", of)
        self.codes = [self._code(one) for one in self.teams]

    def _code(self, team_id: int) -> str:
        url = f"/api/v1/campaigns/{self.id}/teams/{team_id}/join-code"
        answer = self.client.post(url, json={}, headers=self.organiser)
        assert answer.status_code == 201, answer.text
        return str(answer.json["code"])

    def join(self, phone: dict[str, str], number: int, **options: Any) -> Any:
        body = {"code": self.codes[number], **options}
        return self.client.post(MEMBERSHIPS, json=body, headers=phone)

    def counted(self) -> dict[str, int]:
        """What each team earned, as its organiser sees it, over all months."""
        url = f"/api/v1/campaigns/{self.id}/contributions?by=team"
        rows = self.client.get(url, headers=self.organiser).json["items"]
        return {row["name"]: row["counted"] for row in rows if row["received"]}


@pytest.fixture
def here(app: Flask, client: FlaskClient, clock: FakeClock) -> Campaign:
    return Campaign(app, client, local_day(clock.now))


def at(moment: Any) -> dict[str, Any]:
    return sample(moment.isoformat(), id=str(uuid.uuid4()))


def test_what_was_measured_before_joining_is_nobody_s(here: Campaign, clock: FakeClock) -> None:
    phone = register(here.client)
    early = at(clock.now - timedelta(hours=6))
    assert here.join(phone, 0).status_code == 201
    clock.now += timedelta(hours=1)
    post(here.client, phone, at(clock.now))
    assert here.counted() == {"Đội Một": 1}
    post(here.client, phone, early)  # late, from before joining
    assert here.counted() == {"Đội Một": 1}


def test_leaving_keeps_what_was_earned(here: Campaign, clock: FakeClock) -> None:
    phone = register(here.client)
    membership = here.join(phone, 0).json["id"]
    clock.now += timedelta(hours=1)
    waiting = at(clock.now)
    clock.now += timedelta(hours=1)
    assert here.client.delete(f"{MEMBERSHIPS}/{membership}", headers=phone).status_code == 200
    clock.now += timedelta(hours=5)
    post(here.client, phone, at(clock.now), waiting)
    assert here.counted() == {"Đội Một": 1}


def test_a_transfer_is_asked_for_and_takes_nothing_along(here: Campaign, clock: FakeClock) -> None:
    phone = register(here.client)
    assert here.join(phone, 0).status_code == 201
    assert here.join(phone, 0).status_code == 200
    clock.now += timedelta(hours=1)
    first = at(clock.now)
    clock.now += timedelta(hours=5)
    refused = here.join(phone, 1)
    assert (refused.status_code, refused.json["code"]) == (409, "other_team")
    assert here.join(phone, 1, transfer=True).status_code == 201
    clock.now += timedelta(hours=5)
    post(here.client, phone, at(clock.now), first)
    assert here.counted() == {"Đội Một": 1, "Đội Hai": 1}


@pytest.mark.long
def test_simulated_phones_join_measure_and_the_team_s_figures_rise(
    app: Flask, client: FlaskClient, clock: FakeClock, tmp_path: Path
) -> None:
    clock.now = utc_now()  # the phones have clocks of their own
    here = Campaign(app, client, local_day(clock.now))
    assert here.counted() == {}
    code = here.codes[1]
    plan = Plan(3, minutes=0.03, rate=600.0, chaos=True, seed=5, store=tmp_path, code=code)
    with serving_app(app) as url:
        tallies = run(plan, url, None, lambda line: None)
    assert all(tally.good and tally.stored > 0 for tally in tallies)
    earned = here.counted()
    assert set(earned) == {"Đội Hai"} and earned["Đội Hai"] > 0
    with app.app_context():
        assert team_differences() == differences() == []
