"""The story of a place: noted by a phone, repaired by an operator, measured again by a team.

Through the addresses and pages that its people use, with a clock that is moved.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.plan.next_place import items_by_team
from tests.support import people
from tests.support.factories import location, post, register, sample
from tests.support.joining import Cast as JoiningCast
from tests.support.joining import join
from tests.support.next_spots import ask
from tests.support.notes import note, post_notes

Json = dict[str, Any]
NOTED = datetime(2024, 11, 20, 12, tzinfo=UTC)
PROMISED = "2024-12-10"
AFTER = datetime(2024, 12, 11, 2, tzinfo=UTC)
AT = {"latitude": 21.594, "longitude": 105.848}  # the hall, as the office states it
ORGANISER = "ban@example.vn"


class Story:
    """A province's official, a campaign over the province with two teams, and the hamlet."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.clock = app.extensions["clock"]
        self.clock.now = NOTED
        self.province = people.unit_id(app, "19", level="province")
        self.official = people.person(app, "official", self.province)
        found = client.post("/api/v1/units/locate", json=AT | {"accuracy_m": 10}).json["unit"]
        self.commune, self.code = people.unit_id(app, found["code"]), str(found["code"])
        self.name = str(found["name"])
        self.teams = JoiningCast(app, self.province, last_day=date(2024, 12, 31))
        people.account(app, ORGANISER, "organiser", self.teams.organisation)
        self.plan = f"/campaigns/{self.teams.campaign}/plan"
        hamlet = {"name": "Bản Tèn", "unit": self.code, **AT}
        made = self.client.post("/api/v1/units/19/hamlets", json=hamlet, headers=self.official)
        place = {"hamlet_id": made.json["id"], "operator": "Viettel"}
        self.place = self.send("/api/v1/units/19/places", place)

    def send(self, url: str, body: Json, headers: Json | None = None) -> Json:
        answer = self.client.post(url, json=body, headers=headers or self.official)
        assert answer.status_code == 201, answer.text
        return dict(answer.json)

    def step(self, **step: Any) -> None:
        headers = people.if_match(self.official, self.place["version"])
        self.place = self.send(f"/api/v1/places/{self.place['id']}/steps", step, headers)

    def shown(self) -> Json:
        url = f"/api/v1/places/{self.place['id']}"
        return dict(self.client.get(url, headers=self.official).json)

    def publish(self) -> None:
        headers = people.if_match(self.official, self.place["version"])
        url = f"/api/v1/places/{self.place['id']}/publication"
        answer = self.client.put(url, json={"published": True}, headers=headers)
        assert answer.status_code == 200, answer.text

    def public(self) -> list[tuple[str, str]]:
        """State and month of the places that the public reads, without an account."""
        items = self.app.test_client().get("/api/v1/places?unit=19").json["items"]
        return [(one["state"], one["month"]) for one in items]

    def answered(self) -> None:
        """Take the steps until the operator's answer."""
        self.step(state="sent", document="12/SKHCN-BCVT")
        self.step(state="answered", note="trạm TQG0424-11", promised_on=PROMISED)

    def proposed(self, headers: Json | None = None) -> Any:
        """The places that the campaign's plan proposes; by default to the organiser."""
        headers = headers or people.person(self.app, "organiser", self.teams.organisation)
        url = f"/api/v1/campaigns/{self.teams.campaign}/plan"
        answer = self.client.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json["places"]


@pytest.fixture
def story(app: Flask, client: FlaskClient) -> Iterator[Story]:
    items_by_team.cache_clear()  # of this test's tables alone
    yield Story(app, client)
    items_by_team.cache_clear()


def planned(story: Story, phone: Json) -> dict[str, list[Json]]:
    """The places of each commune where the phone's team goes today."""
    [assignment] = ask(story.client, phone)["assignments"]
    return {item["unit"]["code"]: item["places"] for item in assignment["items"]}


def test_from_a_note_to_the_second_measurement(story: Story) -> None:
    client, clock, phone = story.client, story.clock, register(story.client)
    at = location()  # some 30 m away
    noted = note(NOTED - timedelta(minutes=30), location=at | {
        "at": (NOTED - timedelta(minutes=29)).isoformat(),
    })  # fmt: skip
    assert post_notes(client, phone, noted).status_code == 201
    assert story.shown()["evidence"]["notes"] == 1
    story.answered()
    assert story.public() == []
    story.publish()
    assert story.public() == [("answered", "2024-11")]

    clock.now = AFTER
    assert story.shown()["overdue"]
    desk = client.get("/api/v1/units/19/places?to_measure=true", headers=story.official).json
    assert [one["id"] for one in desk["items"]] == [story.place["id"]]
    assert story.proposed() == []  # until the office shows it
    story.step(state="remeasure", for_campaigns=True)
    unit = {"code": story.code, "name": story.name}
    shown = {"name": "Bản Tèn", "operator": "Viettel", "position": AT}
    assert story.proposed() == [shown | {"unit": unit}]

    member = register(client)
    assert join(client, member, story.teams.code_one).status_code == 201
    assert story.code not in planned(story, member)  # not planned there yet
    token = people.sign_in(client, ORGANISER)["X-CSRF-Token"]
    page = client.get(f"{story.plan}?date=2024-12-11").text
    [link] = re.findall(r'href="([^"]+)#pin"[^>]*>Ghim<', page)
    form = client.get(link.replace("&amp;", "&")).text
    [wanted] = re.findall(r'id="unit" name="unit" value="([^"]+)"', form)
    pin = {"team_id": story.teams.one, "unit": wanted, "date": "2024-12-11", "samples": "3"}
    answer = client.post(f"{story.plan}/pins", data=pin | {"csrf_token": token})
    assert answer.status_code == 303, answer.text
    assert "Bản Tèn (Viettel), 21.594, 105.848" in client.get(f"{story.plan}/slips").text
    assert planned(story, member) == {story.code: [shown]}

    clock.now = AFTER + timedelta(hours=2)
    sent = post(client, member, sample((AFTER + timedelta(hours=1)).isoformat(), location=at))
    assert sent.json["counted"] and sent.json["unit"]["code"] == story.code
    assert story.shown()["good_tests"] == {"since": "2024-12-11", "tests": 1, "phones": None}
    story.step(state="covered", note="đội 1 đo ngày 11/12")
    assert story.place["state"] == "covered" and story.public() == [("covered", "2024-12")]
    assert planned(story, member) == {story.code: []} and story.proposed() == []


def test_who_sees_a_place_that_campaigns_are_shown(story: Story) -> None:
    app = story.app
    story.answered()
    story.step(state="remeasure", for_campaigns=True)
    assert len(story.proposed()) == 1
    # A team reads of it where it goes; a campaign elsewhere and a plan of fixed lines do not.
    leader = people.person(app, "team_leader", story.teams.one)
    assert story.proposed(leader) == []
    other = people.organisation(app, "Tỉnh Đoàn khác")
    elsewhere = people.campaign(app, other, people.unit_id(app, "48", level="province"))
    fixed = people.campaign(app, other, story.province, networks=["fixed"])
    organiser = people.person(app, "organiser", other)
    for campaign in (elsewhere, fixed):
        url = f"/api/v1/campaigns/{campaign}/plan"
        assert story.client.get(url, headers=organiser).json["places"] == []
    # No more once the office takes it back.
    story.step(state="remeasure")
    assert story.proposed() == []
    steps = [one["for_campaigns"] for one in story.place["steps"]]
    assert steps == [False, True, False, False, False]


def test_campaigns_see_a_place_only_while_it_waits_to_be_measured(story: Story) -> None:
    headers = people.if_match(story.official, story.place["version"])
    url = f"/api/v1/places/{story.place['id']}/steps"
    step = {"state": "sent", "for_campaigns": True}
    answer = story.client.post(url, json=step, headers=headers)
    [error] = answer.json["errors"]
    assert (error["field"], error["code"]) == ("for_campaigns", "campaigns_of_remeasure")
    # A hamlet without a position is named alone, and follows the list.
    story.answered()
    story.step(state="remeasure", for_campaigns=True)
    hamlet = f"/api/v1/hamlets/{story.place['hamlet_id']}"
    fields = {"name": "Bản Mới", "unit": story.code}
    changed = story.client.put(hamlet, json=fields, headers=people.if_match(story.official))
    assert changed.status_code == 200, changed.text
    [shown] = story.proposed()
    assert (shown["name"], shown["position"]) == ("Bản Mới", None)
