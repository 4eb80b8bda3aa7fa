"""Campaigns: drafts are their organiser's, the rest is public; what runs does not shift."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backend.accounts.access import Actor, Grant
from backend.campaigns import campaigns as service
from backend.campaigns.campaign_states import STATES, refusal
from backend.errors import Problem
from backend.extensions import db
from tests.factories import register
from tests.people import audited, campaign, joined, organisation, person, seen, team, unit_id

URL = "/api/v1/campaigns"
PROVINCE = {"system": "2024", "level": "province", "code": "19"}
COMMUNE = {"system": "2024", "level": "commune", "code": "05443"}
NEW = {
    "name": "Tháng thanh niên đo mạng",
    "first_day": "2024-11-01",
    "last_day": "2024-11-30",
    "areas": [PROVINCE],
}


@pytest.fixture
def youth(app: Flask) -> int:
    return organisation(app)


@pytest.fixture
def organiser(app: Flask, youth: int) -> dict[str, str]:
    return person(app, "organiser", youth)


def create(client: FlaskClient, owner: Any, headers: dict[str, str], **changes: Any) -> Any:
    body = {"organisation_id": owner} | NEW | changes
    return client.post(URL, json=body, headers=headers)


def patch(client: FlaskClient, one: int, headers: dict[str, str], **changes: Any) -> Any:
    return client.patch(f"{URL}/{one}", json=changes, headers=headers)


def errors(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in answer.json["errors"]]


def bare(answer: Any) -> tuple[int, Any, Any]:
    """An answer without what differs between any two."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    body = {name: value for name, value in answer.json.items() if name != "request_id"}
    return answer.status_code, headers, body


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
    act, details = audited(app, f"campaign:{made['id']}")[0]
    assert (act, details["after"]["first_day"]) == ("campaign.create", "2024-11-01")
    assert details["after"]["areas"] == sorted(one["id"] for one in made["areas"])


def test_others_make_none(app: Flask, client: FlaskClient, youth: int) -> None:
    other = organisation(app, "Khác")
    for headers, status in (
        ({}, 401),
        (register(client), 401),
        (person(app), 403),
        (person(app, "organiser", other), 403),
        (person(app, "team_leader", team(app, youth)), 403),
    ):
        assert create(client, youth, headers).status_code == status


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
        ({"first_day": "0001-01-01"}, "first_day", "out_of_range"),
        ({"last_day": "9999-12-31"}, "last_day", "out_of_range"),
        ({"first_day": "30/11/2024"}, "first_day", "not_day"),
        ({"areas": []}, "areas", "wrong_length"),
        ({"areas": PROVINCE}, "areas", "not_list"),
        ({"areas": [PROVINCE, {**COMMUNE, "code": "1"}]}, "areas.1", "no_such_unit"),
        ({"areas": [{"system": "2024", "level": "commune"}]}, "areas.0.code", "required"),
        ({"areas": [None]}, "areas.0", "null"),
        ({"areas": [COMMUNE] * 4_001}, "areas", "wrong_length"),
        ({"networks": []}, "networks", "wrong_length"),
        ({"networks": ["wifi"]}, "networks.0", "not_one_of"),
        ({"target": 0}, "target", "out_of_range"),
        ({"cap": 10**400}, "cap", "out_of_range"),
        ({"state": "closed"}, "state", "not_one_of"),
        ({"name": ""}, "name", "blank"),
        ({"organisation_id": None}, "organisation_id", "null"),
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


def test_a_draft_is_not_there_for_others(app: Flask, client: FlaskClient, youth: int) -> None:
    draft = campaign(app, youth, state="draft")
    other = organisation(app, "Khác")
    below = organisation(app, "Đoàn xã", parent_id=youth)
    strangers = [
        {},
        person(app),
        person(app, "organiser", other),
        person(app, "organiser", below),
        person(app, "team_leader", team(app, youth)),
        person(app, "official", unit_id(app, "19", level="province")),
    ]
    for headers in strangers:
        hidden = bare(client.get(f"{URL}/{draft}", headers=headers))
        assert hidden == bare(client.get(f"{URL}/999", headers=headers))
        assert hidden[0] == 404
        assert client.get(URL, headers=headers).json["items"] == []
        for method, body in (("PATCH", {"json": {"name": "x"}}), ("DELETE", {})):
            sent: dict[str, Any] = {"method": method, "headers": seen(headers), **body}
            refused = bare(client.open(f"{URL}/{draft}", **sent))
            assert refused == bare(client.open(f"{URL}/999", **sent))
            assert refused[0] == (404 if headers else 401)


def test_a_draft_is_its_organisers(app: Flask, client: FlaskClient, youth: int) -> None:
    below = organisation(app, "Đoàn xã", parent_id=youth)
    drafts = [campaign(app, youth, state="draft"), campaign(app, below, state="draft")]
    reading = person(app, "organiser", youth, scopes=("read",))
    for headers, found in (
        (person(app, "organiser", youth), drafts),
        (reading, drafts),
        (person(app, "admin"), drafts),
        (person(app, "organiser", below), drafts[1:]),
    ):
        shown = [one["id"] for one in client.get(URL, headers=headers).json["items"]]
        assert sorted(shown) == found
        for draft in drafts:
            status = client.get(f"{URL}/{draft}", headers=headers).status_code
            assert status == (200 if draft in found else 404)
    assert patch(client, drafts[0], seen(reading), name="x").status_code == 403


def test_what_is_published_is_public(app: Flask, client: FlaskClient, youth: int) -> None:
    made = [campaign(app, youth, state=state) for state in STATES[1:]]
    assert sorted(one["id"] for one in client.get(URL).json["items"]) == made
    for one in made:
        answer = client.get(f"{URL}/{one}")
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
        held = client.get(f"{URL}/{one}", headers={"If-None-Match": '"1"'})
        assert (held.status_code, held.data) == (304, b"")
    assert patch(client, made[0], seen({}), name="x").status_code == 401
    assert client.delete(f"{URL}/{made[0]}", headers=seen({})).status_code == 401
    assert patch(client, made[0], seen(person(app)), name="x").status_code == 403


def test_the_list_begins_with_the_latest(app: Flask, client: FlaskClient, youth: int) -> None:
    other = organisation(app, "Khác")
    days = [(9, 10), (11, 11), (10, 12), (10, 10)]
    made = [
        campaign(app, youth, first_day=date(2024, a, 1), last_day=date(2024, b, 20))
        for a, b in days
    ]
    last = campaign(app, other, state="closed", first_day=date(2023, 1, 1))
    order = [made[1], made[3], made[2], made[0], last]

    def ids(**query: Any) -> list[int]:
        return [one["id"] for one in client.get(URL, query_string=query).json["items"]]

    assert ids() == order
    assert ids(organisation=other) == ids(state="closed") == [last]
    assert ids(day="2024-10-20", state="open") == [made[3], made[2], made[0]]
    assert ids(day="2024-12-20") == [made[2]]
    assert ids(day="2024-12-21") == []
    found: list[int] = []
    cursor = None
    for _ in range(3):
        answer = client.get(URL, query_string={"limit": 2, "cursor": cursor}).json
        found += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
    assert (found, cursor) == (order, None)


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "MSB4"},
        {"day": "x"},
        {"state": "x"},
        {"organisation": "x"},
        {"organisation": 10**40},
        {"limit": 501},
    ],
)
def test_a_strange_question(client: FlaskClient, query: dict[str, Any]) -> None:
    assert client.get(URL, query_string=query).status_code == 422


# Changing one


def test_a_draft_changes_in_everything(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    draft = create(client, youth, organiser).json["id"]
    changes = {
        "name": "Khác",
        "first_day": "2024-12-01",
        "last_day": "2024-12-31",
        "areas": [COMMUNE],
        "networks": ["fixed"],
        "target": 50,
        "cap": 5,
    }
    answer = patch(client, draft, seen(organiser), **changes)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    areas = [{k: one[k] for k in COMMUNE} for one in answer.json["areas"]]
    assert {name: answer.json[name] for name in changes} | {"areas": areas} == changes
    assert client.get(f"{URL}/{draft}", headers=organiser).json == answer.json
    act, details = audited(app, f"campaign:{draft}")[1]
    assert act == "campaign.change"
    assert set(details["before"]) == set(details["after"]) == set(changes)
    assert details["before"]["areas"] == [unit_id(app, "19", level="province")]
    assert details["after"]["first_day"] == "2024-12-01"


def test_a_change_that_changes_nothing_leaves_no_trace(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    made = create(client, youth, organiser, networks=["mobile", "fixed"], state="open").json["id"]
    for changes in ({}, NEW, {"networks": ["fixed", "mobile"]}, {"areas": [PROVINCE, PROVINCE]}):
        assert patch(client, made, seen(organiser), **changes).headers["ETag"] == '"1"'
    assert [act for act, _ in audited(app, f"campaign:{made}")] == ["campaign.create"]


def test_days_keep_their_order(client: FlaskClient, youth: int, organiser: dict[str, str]) -> None:
    draft = create(client, youth, organiser).json["id"]
    for changes in ({"first_day": "2024-12-01"}, {"last_day": "2024-10-01"}):
        answer = patch(client, draft, seen(organiser), **changes)
        assert errors(answer) == [("last_day", "before_first_day")]


@pytest.mark.parametrize(
    "changes",
    [
        {"first_day": "2024-11-02"},
        {"last_day": "2024-12-01"},
        {"areas": [COMMUNE]},
        {"networks": ["fixed"]},
        {"cap": 1},
    ],
)
def test_what_earnings_rest_on_stays_while_it_runs(
    client: FlaskClient, youth: int, organiser: dict[str, str], changes: dict[str, Any]
) -> None:
    made = create(client, youth, organiser, state="open").json["id"]
    answer = patch(client, made, seen(organiser), **changes)
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_running")
    assert errors(answer) == [(next(iter(changes)), "campaign_running")]
    assert patch(client, made, seen(organiser), name="Khác", target=9).status_code == 200


def test_who_attributes_anew_commits_or_rolls_back(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    made = create(client, youth, organiser, state="open").json["id"]
    admin = Actor(user_id=1, grants=(Grant("admin", "system"),))
    seen_by = frozenset({"1"})

    def change() -> Any:
        return service.change_campaign(admin, made, seen_by, {"cap": 3}, commit=False)

    with app.app_context():
        assert change()["cap"] == 3
        db.session.rollback()
        db.session.remove()
    assert client.get(f"{URL}/{made}").headers["ETag"] == '"1"'
    with app.app_context():
        change()
        db.session.commit()
        with pytest.raises(Problem, match="precondition_failed"):
            change()
        db.session.rollback()
    shown = client.get(f"{URL}/{made}")
    assert (shown.json["cap"], shown.headers["ETag"]) == (3, '"2"')
    assert [act for act, _ in audited(app, f"campaign:{made}")] == [
        "campaign.create",
        "campaign.change",
    ]


# States


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("following", STATES)
def test_states_follow_one_another(
    app: Flask,
    client: FlaskClient,
    youth: int,
    organiser: dict[str, str],
    state: str,
    following: str,
) -> None:
    allowed = {"draft open", "open closed", "closed archived", "closed open"}
    one = campaign(app, youth, state=state)
    answer = patch(client, one, seen(organiser), state=following)
    if f"{state} {following}" in allowed or state == following:
        assert (answer.status_code, answer.json["state"]) == (200, following)
    else:
        assert (answer.status_code, answer.json["code"]) == (409, "state_not_reachable")
        assert errors(answer) == [("state", "state_not_reachable")]


def test_an_archived_one_stays_as_it_is(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    one = campaign(app, youth, state="archived")
    answer = patch(client, one, seen(organiser), name="Khác")
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_archived")
    assert refusal("archived", {"cap"}, "archived", may_move=True) == "campaign_archived"


# At once


def test_two_that_saw_the_same_version_are_one_change_and_one_refusal(
    app: Flask, owner: Engine, youth: int, organiser: dict[str, str]
) -> None:
    """Both have read the row and wait to write it when it is let go."""
    one = campaign(app, youth)

    def change(n: int) -> Any:
        return patch(app.test_client(), one, seen(organiser), name=f"Tên {n}")

    waiting = text("select count(*) from pg_locks where not granted")
    with ThreadPoolExecutor(2) as pool, owner.connect() as holding:
        holding.execute(text("select 1 from campaigns where id = :id for update"), {"id": one})
        asked = [pool.submit(change, n) for n in range(2)]
        until = time.monotonic() + 20
        while holding.execute(waiting).scalar_one() < 2 and time.monotonic() < until:
            time.sleep(0.01)
        assert holding.execute(waiting).scalar_one() == 2
        holding.rollback()
        answers = [one.result() for one in asked]
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200)
    shown = app.test_client().get(f"{URL}/{one}")
    assert (shown.json, shown.headers["ETag"]) == (won.json, '"2"')
    assert len(audited(app, f"campaign:{one}")) == 1


# Removing one


def test_a_draft_is_removed(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    draft = create(client, youth, organiser).json["id"]
    assert client.delete(f"{URL}/{draft}", headers=organiser).status_code == 428
    assert client.delete(f"{URL}/{draft}", headers=seen(organiser, 2)).status_code == 412
    answer = client.delete(f"{URL}/{draft}", headers=seen(organiser))
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{URL}/{draft}", headers=organiser).status_code == 404
    act, details = audited(app, f"campaign:{draft}")[1]
    assert (act, details["before"]["name"]) == ("campaign.remove", NEW["name"])


@pytest.mark.parametrize("state", STATES[1:])
def test_what_was_published_stays(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], state: str
) -> None:
    one = campaign(app, youth, state=state)
    answer = client.delete(f"{URL}/{one}", headers=seen(organiser))
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_not_draft")
    assert client.get(f"{URL}/{one}").status_code == 200


def test_a_draft_that_somebody_is_in_stays(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], clock: Any
) -> None:
    one = campaign(app, youth, state="draft")
    joined(app, register(client), one, team(app, youth), clock.now)
    answer = client.delete(f"{URL}/{one}", headers=seen(organiser))
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_used")
    assert client.get(f"{URL}/{one}", headers=organiser).status_code == 200
