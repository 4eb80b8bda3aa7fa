"""Campaigns: who makes them and who sees them; drafts are their organiser's, the rest is public."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.campaigns.service import STATES
from tests.support.campaign_api import COMMUNE, NEW, PROVINCE, URL, create, errors
from tests.support.people import (
    audit_entries,
    campaign,
    organisation,
    person,
)

# Making one


def test_an_organiser_makes_a_draft(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    sent = {"areas": [COMMUNE, PROVINCE, COMMUNE], "networks": ["fixed", "mobile"], "cap": 20}
    answer = create(client, youth, organiser, **sent)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    made = answer.json
    assert [{k: one[k] for k in PROVINCE} for one in made["areas"]] == [COMMUNE, PROVINCE]
    assert {name: made[name] for name in ("state", "networks", "target", "cap", "demo")} == {
        "state": "draft",
        "networks": ["mobile", "fixed"],
        "target": None,
        "cap": 20,
        "demo": False,
    }
    shown = client.get(f"{URL}/{made['id']}", headers=organiser)
    assert (shown.json, shown.headers["ETag"]) == (made, '"1"')
    act, details = audit_entries(app, f"campaign:{made['id']}")[0]
    assert (act, details["after"]["first_day"]) == ("campaign.create", "2024-11-01")
    assert details["after"]["areas"] == sorted(one["id"] for one in made["areas"])


def test_whose_it_may_be(app: Flask, client: FlaskClient, youth: int, clock: Any) -> None:
    admin = person(app, "admin")
    below = organisation(app, "Đoàn xã", parent_id=youth)
    above = person(app, "organiser", youth)
    assert create(client, below, above).status_code == 201
    assert errors(create(client, 999, admin)) == [("organisation_id", "no_such_organisation")]
    gone = organisation(app, "Cũ", ended_at=clock.now)
    assert create(client, gone, admin).json["code"] == "organisation_ended"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"last_day": "2024-10-31"}, "last_day", "before_first_day"),
        ({"areas": [PROVINCE, {**COMMUNE, "code": "1"}]}, "areas.1", "no_such_unit"),
        ({"state": "closed"}, "state", "not_one_of"),
        ({"name": ""}, "name", "blank"),
    ],
)
def test_what_cannot_be_taken(
    client: FlaskClient,
    youth: int,
    organiser: dict[str, str],
    changes: dict[str, Any],
    field: str,
    code: str,
) -> None:
    answer = client.post(URL, json={"organisation_id": youth} | NEW | changes, headers=organiser)
    assert (answer.status_code, errors(answer)) == (422, [(field, code)])
    assert answer.json["errors"][0]["message"] != code


# Who sees it


def test_a_draft_is_its_organisers(app: Flask, client: FlaskClient, youth: int) -> None:
    below = organisation(app, "Đoàn xã", parent_id=youth)
    drafts = [campaign(app, youth, state="draft"), campaign(app, below, state="draft")]
    reading = person(app, "organiser", youth, scopes=("read",))
    for headers, found in (
        (person(app, "organiser", youth), drafts),
        (reading, drafts),
        (person(app, "admin"), drafts),
        (person(app, "organiser", below), drafts[1:]),
        (person(app), []),
        ({}, []),
    ):
        shown = [one["id"] for one in client.get(URL, headers=headers).json["items"]]
        assert sorted(shown) == found
        for draft in drafts:
            status = client.get(f"{URL}/{draft}", headers=headers).status_code
            assert status == (200 if draft in found else 404)


def test_what_is_published_is_public(app: Flask, client: FlaskClient, youth: int) -> None:
    made = [campaign(app, youth, state=state) for state in STATES[1:]]
    assert sorted(one["id"] for one in client.get(URL).json["items"]) == made
    for one in made:
        answer = client.get(f"{URL}/{one}")
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
        held = client.get(f"{URL}/{one}", headers={"If-None-Match": '"1"'})
        assert (held.status_code, held.data) == (304, b"")


def test_the_list_begins_with_the_latest(app: Flask, client: FlaskClient, youth: int) -> None:
    other = organisation(app, "Khác")
    days = [(9, 10), (11, 11), (10, 12), (10, 10)]
    made = [
        campaign(app, youth, first_day=date(2024, a, 1), last_day=date(2024, b, 20))
        for a, b in days
    ]
    last = campaign(app, other, state="closed", first_day=date(2023, 1, 1))
    order = [made[1], made[3], made[2], made[0], last]
    found: list[int] = []
    cursor = None
    for _ in range(3):
        answer = client.get(URL, query_string={"limit": 2, "cursor": cursor}).json
        found += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
    assert (found, cursor) == (order, None)
