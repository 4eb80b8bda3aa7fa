"""A campaign over a few communes, and its plan."""

from datetime import date
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from backend.accounts.access import Actor, Grant
from backend.coverage.plan.service import pin, unpin
from backend.database.extensions import db
from backend.measurements.recording.models import team_days
from tests.support.daily_counts import add_counts
from tests.support.people import campaign, organisation, person, take_part, team, unit_id

# Four communes of Thái Nguyên city, near each other.
HERE, NEAR, THIRD, FOURTH = "05443", "05446", "05449", "05452"
TODAY = "2024-11-20"  # of the tests' clock; the eleventh last day of November


class Cast:
    """An organisation with a campaign over a few communes, and its organiser."""

    def __init__(self, app: Flask, *codes: str, **changes: Any) -> None:
        self.app = app
        self.organisation = organisation(app)
        areas = [unit_id(app, code) for code in codes]
        self.campaign = campaign(app, self.organisation, *areas, **changes)
        self.organiser = person(app, "organiser", self.organisation)
        self.url = f"/api/v1/campaigns/{self.campaign}/plan"
        self.actor = Actor(grants=(Grant("organiser", "organisation", self.organisation),))

    def team(self, name: str, home: str | None = HERE, **changes: Any) -> int:
        home_id = unit_id(self.app, home) if home else None
        made = team(self.app, self.organisation, name, home_unit_id=home_id, **changes)
        take_part(self.app, self.campaign, made)
        return made

    def plan(self, client: FlaskClient, headers: Any = None, **query: Any) -> Any:
        answer = client.get(self.url, headers=headers or self.organiser, query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def pin(self, team_id: int, unit: str = HERE, day: str = TODAY, **changes: Any) -> None:
        wanted = pin_key(team_id, unit, day) | {"samples": 7} | changes
        with self.app.app_context():
            pin(self.actor, self.campaign, wanted, self.app.extensions["clock"]())

    def unpin(self, team_id: int) -> None:
        with self.app.app_context():
            unpin(self.actor, self.campaign, pin_key(team_id), self.app.extensions["clock"]())


def pin_key(team_id: int, unit: str = HERE, day: str = TODAY) -> dict[str, Any]:
    day_of = date.fromisoformat(day)
    return {"team_id": team_id, "unit": unit, "date": day_of, "network": None}


def store_count(
    app: Flask, code: str, n: int, system: str = "2024", month: str = "2024-11"
) -> None:
    """Store the number of counted mobile samples of a commune and month."""
    unit = unit_id(app, code, system)
    with app.app_context():
        row = {"unit_id": unit, "network": "mobile", "category": "counted", "n": n}
        add_counts([{**row, "day": date.fromisoformat(f"{month}-01")}])
        db.session.commit()


def store_team_counts(app: Flask, campaign_id: int, team_id: int, *days: tuple[str, int]) -> None:
    """Store contributions of a team by day."""
    with app.app_context():
        for day, n in days:
            sums = {
                "campaign_id": campaign_id, "team_id": team_id, "day": date.fromisoformat(day),
                "network": "mobile", "claimed": n, "needed": 0, "guests": 0,
                "received": n, "valid": n, "counted": n,
            }  # fmt: skip
            db.session.execute(insert(team_days), [sums])
        db.session.commit()


def plan_rows(plan: Any) -> dict[str, list[tuple[str, int, int, str]]]:
    return {
        one["name"]: [
            (i["unit"]["code"], i["samples"], i["samples_until_end"], i["why"])
            for i in one["items"]
        ]
        for one in plan["teams"]
    }
