"""Outreach activities: who enters them, what is asked, summed, seen, and when they stay."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from backend.database.extensions import db
from tests.support import people
from tests.support.joining import send_concurrently
from tests.support.measurements import measurement_row, store_rows

Json = dict[str, Any]
VISITS: Json = {"kind": "visits", "people": 12, "day": "2024-11-15", "note": "thôn 3"}
DOCUMENT: Json = {
    "kind": "document",
    "audience": "officials",
    "day": "2024-11-04",
    "document_number": "12/KH-UBND",
    "document_date": "2024-11-04",
}
AREA = "/api/v1/units/{}/outreach"


class Cast:
    """A province with its official, a commune with its own, and a team with its leader."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.province = people.unit_id(app, "19", level="province")
        self.commune = people.unit_id(app, "05443")
        organisation = people.organisation(app)
        self.team = people.team(app, organisation, home_unit_id=self.commune)
        self.campaign = people.campaign(app, organisation, self.province)
        people.take_part(app, self.campaign, self.team)
        self.official = people.person(app, "official", self.province)
        self.clerk = people.person(app, "official", self.commune)
        self.leader = people.person(app, "team_leader", self.team)

    @property
    def of_team(self) -> str:
        return f"/api/v1/campaigns/{self.campaign}/teams/{self.team}/outreach"

    def enter(self, url: str, headers: Json, wanted: int = 201, **data: Any) -> Json:
        answer = self.client.post(url, json=VISITS | data, headers=headers)
        assert answer.status_code == wanted, answer.text
        return dict(answer.json)

    def listed(self, headers: Json, code: str = "19") -> Json:
        query = {"month": "2024-11"}
        return dict(self.client.get(AREA.format(code), query_string=query, headers=headers).json)

    def frozen(self) -> None:
        with self.app.app_context():
            values = {"unit": self.province}
            db.session.execute(text(FREEZE), values)
            db.session.commit()


FREEZE = """
    insert into reports (unit_id, month, edition, state, remarks, created_at, frozen_at, content,
        digest) values (:unit, '2024-11', 1, 'frozen', '{}', now(), now(), '{}', 'x')
"""


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_the_leader_says_kind_people_and_note_and_the_rest_is_filled_in(cast: Cast) -> None:
    entry = cast.enter(cast.of_team, cast.leader)
    assert (entry["unit"]["code"], entry["name"], entry["entered_by"]) == ("05443", "Đội 1", "team")
    assert (entry["audience"], entry["people"], entry["may_change"]) == ("residents", 12, True)


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({"people": None}, "people", "required"),
        ({"kind": "media"}, "people", "no_people_of_kind"),
        ({"people": 100_001}, "people", "out_of_range"),
        ({"note": "x" * 301}, "note", "too_long"),
        ({"day": "2024-12-31"}, "day", "day_in_future"),
        ({"unit": "00004"}, "unit", "outside_area"),
        ({"unit": "99999"}, "unit", "no_such_unit"),
        (DOCUMENT | {"people": None}, "kind", "document_of_office"),
        (DOCUMENT | {"people": None, "document_number": None}, "document_number", "required"),
    ],
)
def test_bad_input_is_named(cast: Cast, data: Json, field: str, code: str) -> None:
    answer = cast.enter(cast.of_team, cast.leader, 422, **data)
    assert (answer["errors"][0]["field"], answer["errors"][0]["code"]) == (field, code)


def test_the_same_day_commune_and_kind_asks_once(cast: Cast) -> None:
    cast.enter(cast.of_team, cast.leader)
    assert cast.enter(cast.of_team, cast.leader, 409)["code"] == "outreach_similar"
    cast.enter(cast.of_team, cast.leader, another=True)
    cast.enter(cast.of_team, cast.leader, day="2024-11-14")
    cast.enter(cast.of_team, cast.leader, kind="launch")
    # An official of the area sees the team's, and is asked too.
    assert cast.enter(AREA.format("05443"), cast.clerk, 409)["code"] == "outreach_similar"


def test_of_two_equal_posts_at_once_one_is_asked(cast: Cast) -> None:
    def send(client: FlaskClient) -> TestResponse:
        return client.post(cast.of_team, json=VISITS, headers=cast.leader)

    answers = send_concurrently(cast.app, send, send)
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(cast.listed(cast.official)["items"]) == 1


def test_sums_are_by_who_entered_and_never_across(cast: Cast) -> None:
    cast.enter(AREA.format("19"), cast.official, kind="conference", people=200)
    cast.enter(AREA.format("19"), cast.official, **DOCUMENT, people=None)
    cast.enter(AREA.format("05443"), cast.clerk, kind="conference", people=30)
    cast.enter(cast.of_team, cast.leader)
    sums = [tuple(one.values()) for one in cast.listed(cast.official)["sums"]]
    assert sums == [
        ("province", "conference", 1, 200),
        ("province", "document", 1, None),
        ("commune", "conference", 1, 30),
        ("team", "visits", 1, 12),
    ]
    own = [tuple(one.values()) for one in cast.listed(cast.clerk, "05443")["sums"]]
    assert own == sums[2:]


def test_a_commune_does_not_change_what_the_province_entered_in_it(cast: Cast) -> None:
    entry = cast.enter(AREA.format("19"), cast.official, unit="05443")
    assert not cast.listed(cast.clerk, "05443")["items"][0]["may_change"]
    url, seen = f"/api/v1/outreach/{entry['id']}", {"If-Match": '"1"'}
    answer = cast.client.delete(url, headers=cast.clerk | seen)
    assert answer.status_code == 403
    assert cast.client.delete(url, headers=cast.official | {"If-Match": '"2"'}).status_code == 412
    assert cast.client.delete(url, headers=cast.official | seen).status_code == 204


def test_a_removed_activity_stays_in_the_audit_log(cast: Cast) -> None:
    entry = cast.enter(cast.of_team, cast.leader)
    url = f"/api/v1/outreach/{entry['id']}"
    changed = cast.client.put(
        url, json=VISITS | {"people": 20, "day": None}, headers=cast.leader | {"If-Match": '"1"'}
    )
    assert (changed.json["people"], changed.json["day"]) == (20, "2024-11-15")
    cast.client.delete(url, headers=cast.leader | {"If-Match": '"2"'})
    with cast.app.app_context():
        acts = db.session.execute(
            text("select act, details from audit where subject = :subject order by id"),
            {"subject": f"outreach:{entry['id']}"},
        ).all()
    assert [row.act for row in acts] == ["outreach.enter", "outreach.change", "outreach.remove"]
    assert acts[-1].details["before"]["people"] == 20


def test_nothing_changes_once_the_report_of_the_province_is_frozen(cast: Cast) -> None:
    entry = cast.enter(cast.of_team, cast.leader)
    cast.frozen()
    assert cast.listed(cast.official)["frozen"]
    assert cast.enter(cast.of_team, cast.leader, 409, another=True)["code"] == "outreach_frozen"
    url, seen = f"/api/v1/outreach/{entry['id']}", {"If-Match": '"1"'}
    for answer in (
        cast.client.put(url, json=VISITS, headers=cast.leader | seen),
        cast.client.delete(url, headers=cast.leader | seen),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "outreach_frozen")


def test_phones_of_the_day_from_five_on_for_officials_alone(cast: Cast) -> None:
    elsewhere = people.unit_id(cast.app, "05446")
    cast.enter(cast.of_team, cast.leader)
    four = [measurement_row(cast.commune) for _ in "1234"]
    # This phone began elsewhere that day, and counts there.
    moved = measurement_row(elsewhere)
    later = measurement_row(
        cast.commune, moved["measured_at"].replace(hour=11), device_id=moved["device_id"]
    )
    store_rows(cast.app, *four, moved, later)
    assert cast.listed(cast.official)["items"][0]["phones"] is None
    store_rows(cast.app, measurement_row(cast.commune))
    assert cast.listed(cast.official)["items"][0]["phones"] == 5
    query = {"month": "2024-11"}
    own = cast.client.get(cast.of_team, query_string=query, headers=cast.leader).json
    assert own["items"][0]["phones"] is None
