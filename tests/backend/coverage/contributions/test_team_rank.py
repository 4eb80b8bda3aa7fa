"""Who is first: samples where they were still needed, equals side by side."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.coverage.contributions.figures import Figures
from backend.coverage.contributions.service import places
from backend.database.extensions import db, owner_session
from tests.backend.coverage.contributions.test_needed import TARGET, target  # noqa: F401 # a fixture
from tests.support.contributions import NOON, add_measurement, minutes, volunteers
from tests.support.people import account, campaign, organisation, sign_in, take_part, team, unit_id

ORGANISER, LEADER = "ban@example.vn", "doi@example.vn"


class Cast:
    """Team A fills one commune beyond its target; B and C measure a little where all lacks."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        union = organisation(app)
        self.teams = [team(app, union, name) for name in ("A", "B", "C")]
        self.campaign = campaign(app, union)
        take_part(app, self.campaign, *self.teams)
        account(app, ORGANISER, "organiser", union)
        account(app, LEADER, "team_leader", self.teams[1])
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

    def ask(self, name: str, query: str = "") -> str:
        sign_in(self.client, name)
        answer = self.client.get(f"/campaigns/{self.campaign}/teams?lang=vi&{query}")
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def cast(app: Flask, client: FlaskClient, target: int) -> Cast:  # noqa: F811
    return Cast(app, client)


def _places(page: str) -> list[tuple[str, ...]]:
    """Return the name, the place, the needed and the counted samples of each team."""
    rows = re.findall(r'<th scope="row">(.*?)</th>\s*(.*?)</tr>', page, re.DOTALL)
    return [
        (re.sub(r"<.*?>", "", name).strip(), *re.findall(r'class="n .*?">(.*?)</td>', cells))
        for name, cells in rows
    ]


def test_needed_samples_rank_first_and_equals_share_a_place(cast: Cast) -> None:
    page = cast.ask(ORGANISER, "month=2024-11")
    assert _places(page) == [("B", "1", "3", "3"), ("C", "1", "3", "3"), ("A", "3", "2", "9")]
    assert "góp vào mục tiêu" in page


def test_where_there_is_no_target_counted_ones_rank(cast: Cast) -> None:
    with cast.app.app_context():
        with owner_session() as owner:
            owner.execute(text("delete from targets where network = 'fixed' and source = 'a test'"))
        add_measurement(
            cast.campaign, cast.teams[0], NOON, network="fixed", unit=unit_id(cast.app, "05443")
        )
        db.session.commit()
    page = cast.ask(ORGANISER, "network=fixed&month=2024-11")
    assert _places(page)[0] == ("A", "1", "–", "1")
    assert "Kỳ này không có mục tiêu" in page


def test_a_leader_sees_the_rank_of_all_teams(cast: Cast) -> None:
    assert [row[:2] for row in _places(cast.ask(LEADER))] == [("B", "1"), ("C", "1"), ("A", "3")]


def test_places_are_shared() -> None:
    found = {(n, 0): Figures(counted=c) for n, c in enumerate([5, 7, 5, 0, 7, 1])}
    assert [place for place, _ in places(found, "counted")] == [1, 1, 3, 3, 5, 6]
