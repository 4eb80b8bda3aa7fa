"""Who is first: samples where they were still needed, equals side by side."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.coverage.contributions.figures import Figures
from backend.coverage.contributions.service import places
from backend.database.extensions import db, owner_session
from tests.backend.coverage.contributions.test_needed import TARGET, target  # noqa: F401 # a fixture
from tests.support.contributions import NOON, add_measurement, minutes, volunteers
from tests.support.people import campaign, organisation, person, team, unit_id


class Cast:
    """Team A fills one commune beyond its target; B and C measure a little where all lacks."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = organisation(app)
        self.teams = [team(app, union, name) for name in ("A", "B", "C")]
        self.campaign = campaign(app, union)
        self.organiser = person(app, "organiser", union)
        self.leader = person(app, "team_leader", self.teams[1])
        self.people = volunteers(app, "An", "Bình")
        full, lacking = unit_id(app, "05443"), unit_id(app, "05446")
        with app.app_context():
            for n in range(TARGET - 2):  # taken by others, before
                add_measurement(self.campaign, None, NOON - minutes(n + 1), full)
            for n in range(9):
                add_measurement(
                    self.campaign, self.teams[0], NOON + minutes(n), full, volunteer=self.people[0]
                )
            for one in self.teams[1:]:
                for n in range(3):
                    add_measurement(
                        self.campaign, one, NOON + minutes(n), lacking, volunteer=self.people[1]
                    )
            db.session.commit()

    def ask(self, query: str = "", **headers: str) -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/leaderboard?{query}"
        return self.client.get(url, headers=headers or self.organiser)


@pytest.fixture
def cast(app: Flask, client: FlaskClient, target: int) -> Cast:  # noqa: F811
    return Cast(app, client)


def _places(answer: Any) -> list[tuple[int, str, int, int]]:
    return [(r["place"], r["name"], r["needed"], r["counted"]) for r in answer.json["items"]]


def test_needed_samples_rank_first_and_equals_share_a_place(cast: Cast) -> None:
    answer = cast.ask("month=2024-11")
    assert _places(answer) == [(1, "B", 3, 3), (1, "C", 3, 3), (3, "A", 2, 9)]
    assert answer.json["rank"] == "needed" and "góp vào mục tiêu" in answer.json["explained"]


def test_by_counted_the_busiest_is_first(cast: Cast) -> None:
    answer = cast.ask("rank=counted", **cast.organiser, **{"Accept-Language": "en"})
    assert [(row[0], row[1]) for row in _places(answer)] == [(1, "A"), (2, "B"), (2, "C")]
    assert answer.json["explained"].startswith("Ranked by counted")


def test_where_there_is_no_target_counted_ones_rank(cast: Cast) -> None:
    with cast.app.app_context():
        with owner_session() as owner:
            owner.execute(text("delete from targets where network = 'fixed' and source = 'a test'"))
        add_measurement(
            cast.campaign, cast.teams[0], NOON, network="fixed", unit=unit_id(cast.app, "05443")
        )
        db.session.commit()
    answer = cast.ask("network=fixed&month=2024-11").json
    assert answer["rank"] == "counted" and answer["items"][0]["needed"] is None
    assert answer["explained"].startswith("Kỳ này không có mục tiêu")


def test_a_leader_sees_all_teams_and_the_own_members(cast: Cast) -> None:
    assert len(_places(cast.ask("", **cast.leader))) == 3
    members = _places(cast.ask("by=member", **cast.leader))
    assert members == [(1, "Bình", 3, 3)]
    assert len(_places(cast.ask("by=member"))) == 3
    stranger = person(cast.app, "team_leader", team(cast.app, organisation(cast.app, "Khác"), "X"))
    assert cast.ask("", **stranger).status_code == 403


def test_it_is_sent_once(cast: Cast) -> None:
    tag = cast.ask().headers["ETag"]
    assert cast.ask("", **cast.organiser, **{"If-None-Match": tag}).status_code == 304


def test_places_are_shared() -> None:
    found = {(n, 0): Figures(counted=c) for n, c in enumerate([5, 7, 5, 0, 7, 1])}
    assert [place for place, _ in places(found, "counted")] == [1, 1, 3, 3, 5, 6]
