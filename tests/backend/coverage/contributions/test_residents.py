"""Residents helped: guests with a counted sample, as a number that ranks nobody."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.campaigns.models import Campaign
from backend.coverage.contributions.certificates import certificates
from backend.coverage.contributions.figures import sums
from backend.coverage.contributions.query import CampaignAccess, build_query
from backend.coverage.contributions.residents import residents_by_commune, residents_in
from backend.coverage.contributions.service import places, rank_of
from backend.database.extensions import db
from backend.measurements.recording.models import ArchivedMonth
from tests.support import people
from tests.support.contributions import NOON, add_measurement, volunteers

DAY = timedelta(days=1)
MONTH = "2024-11"


class Cast:
    """Two teams of one campaign in two communes."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.here, self.there = people.unit_id(app, "05443"), people.unit_id(app, "05446")
        self.province = people.unit_id(app, "19", level="province")
        self.union = people.organisation(app)
        self.first, self.second = (people.team(app, self.union, name) for name in ("A", "B"))
        self.campaign = people.campaign(app, self.union, self.province)
        for team in (self.first, self.second):
            people.take_part(app, self.campaign, team)
        self.organiser = people.person(app, "organiser", self.union)
        self.leader = people.person(app, "team_leader", self.first)
        self.official = people.person(app, "official", self.province)

    def help(self, team: int, *guests: int, unit: int | None = None, **sample: Any) -> None:
        """Store a sample of each guest for a team."""
        with self.app.app_context():
            for one in guests:
                place = self.here if unit is None else unit
                values = {"volunteer": one, "guest": True} | sample
                add_measurement(self.campaign, team, NOON, place, **values)
            db.session.commit()

    def contributions(self, query: str = "") -> dict[str, Any]:
        url = f"/api/v1/campaigns/{self.campaign}/contributions?{query}"
        return dict(self.client.get(url, headers=self.organiser).json)

    def residents(self, query: str = "") -> dict[str, int | None]:
        answer = self.contributions(query)
        found = {row["name"]: row["residents"] for row in answer["items"]}
        return found | {"total": answer["total"]["residents"]}


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_a_resident_counts_once_for_a_team_a_campaign_and_a_month(cast: Cast) -> None:
    binh, chi, dung = volunteers(cast.app, None, None, None)
    cast.help(cast.first, binh, binh, chi)
    cast.help(cast.second, binh)
    cast.help(cast.second, dung, category="repeat")  # no sample of Dũng counts
    cast.help(cast.first, dung, guest=False)  # a member, not a guest
    assert cast.residents() == {"A": 2, "B": 1, "total": 2}
    assert cast.residents("by=organisation")["total"] == 2
    assert cast.residents(f"month={MONTH}") == {"A": 2, "B": 1, "total": 2}
    for query in ("by=member", "by=unit", "by=day"):
        rows = cast.contributions(query)["items"]
        assert {row["residents"] for row in rows} == {None}
    for query in ("from=2024-11-02", "network=mobile"):
        assert set(cast.residents(query).values()) == {None}


def test_communes_and_areas_count_where_residents_measured(cast: Cast) -> None:
    binh, chi = volunteers(cast.app, None, None)
    cast.help(cast.first, binh, chi)
    cast.help(cast.second, chi, unit=cast.there, network="fixed")
    units = (cast.here, cast.there)
    with cast.app.app_context():
        assert residents_by_commune(units, MONTH, ["mobile"]) == {cast.here: 2}
        assert residents_by_commune(units, MONTH, ["mobile", "fixed"])[cast.there] == 1
        assert residents_in(cast.province, MONTH) == residents_in(cast.here, MONTH) == 2
        assert residents_in(cast.province, "2024-10") == 0
        db.session.add(ArchivedMonth(month=MONTH, archived_at=NOON))
        db.session.flush()
        assert residents_in(cast.province, MONTH) is None


def test_a_leader_an_organiser_and_an_official_read_the_number(cast: Cast) -> None:
    cast.help(cast.first, *volunteers(cast.app, None, None))
    query = {"month": MONTH}
    of_team = f"/api/v1/campaigns/{cast.campaign}/teams/{cast.first}/outreach"
    for url, who in ((of_team, cast.leader), (of_team, cast.organiser),
                     ("/api/v1/units/19/outreach", cast.official)):  # fmt: skip
        assert cast.client.get(url, query_string=query, headers=who).json["residents"] == 2
    page = cast.client.get(f"/desk/area/19/outreach?month={MONTH}&lang=vi", headers=cast.official)
    assert "2 người dân được hướng dẫn" in page.text


def test_invented_guests_change_no_rank_no_need_and_no_certificate(cast: Cast) -> None:
    """A team that invents a guest for each of its samples gains the number alone."""
    [member, *invented] = volunteers(cast.app, "An", *[None] * 6)
    cast.help(cast.first, *[member] * 6, guest=False)
    cast.help(cast.second, *invented)
    rows = cast.contributions()["items"]
    honest, inventing = ({**row, "id": None, "name": None} for row in rows)
    assert {name for name in honest if honest[name] != inventing[name]} == {"guests", "residents"}
    assert cast.residents() == {"A": 0, "B": 6, "total": 6}
    with cast.app.app_context():
        access = CampaignAccess(db.session.get_one(Campaign, cast.campaign), None)
        found = sums(build_query(access, "team", {}))
        assert [place for place, _ in places(found, rank_of(found))] == [1, 1]
        given = [(one["name"], one["counted"]) for one in certificates(access)]
        assert sorted(given) == [("A", 6), ("An", 6), ("B", 6)]
        counted = "select counted from unit_months where unit_id = :unit and network = 'mobile'"
        assert db.session.scalar(text(counted), {"unit": cast.here}) == 12
