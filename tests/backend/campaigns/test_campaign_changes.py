"""Campaigns change by whoever saw them last; what runs does not shift, what was published stays."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backend.accounts.access import Actor, Grant
from backend.campaigns import service
from backend.campaigns.service import STATES, refusal
from backend.database.extensions import db
from backend.errors import Problem
from tests.support.campaign_api import COMMUNE, NEW, PROVINCE, URL, create, errors, patch
from tests.support.factories import register
from tests.support.people import add_membership, audit_entries, campaign, if_match, team, unit_id

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
    answer = patch(client, draft, if_match(organiser), **changes)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    areas = [{k: one[k] for k in COMMUNE} for one in answer.json["areas"]]
    assert {name: answer.json[name] for name in changes} | {"areas": areas} == changes
    assert client.get(f"{URL}/{draft}", headers=organiser).json == answer.json
    act, details = audit_entries(app, f"campaign:{draft}")[1]
    assert act == "campaign.change"
    assert set(details["before"]) == set(details["after"]) == set(changes)
    assert details["before"]["areas"] == [unit_id(app, "19", level="province")]
    assert details["after"]["first_day"] == "2024-12-01"


def test_a_change_that_changes_nothing_leaves_no_trace(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    made = create(client, youth, organiser, networks=["mobile", "fixed"], state="open").json["id"]
    for changes in ({}, NEW, {"networks": ["fixed", "mobile"]}, {"areas": [PROVINCE, PROVINCE]}):
        assert patch(client, made, if_match(organiser), **changes).headers["ETag"] == '"1"'
    assert [act for act, _ in audit_entries(app, f"campaign:{made}")] == ["campaign.create"]


def test_days_keep_their_order(client: FlaskClient, youth: int, organiser: dict[str, str]) -> None:
    draft = create(client, youth, organiser).json["id"]
    for changes in ({"first_day": "2024-12-01"}, {"last_day": "2024-10-01"}):
        answer = patch(client, draft, if_match(organiser), **changes)
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
    answer = patch(client, made, if_match(organiser), **changes)
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_running")
    assert errors(answer) == [(next(iter(changes)), "campaign_running")]
    assert patch(client, made, if_match(organiser), name="Khác", target=9).status_code == 200


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
    assert [act for act, _ in audit_entries(app, f"campaign:{made}")] == [
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
    answer = patch(client, one, if_match(organiser), state=following)
    if f"{state} {following}" in allowed or state == following:
        assert (answer.status_code, answer.json["state"]) == (200, following)
    else:
        assert (answer.status_code, answer.json["code"]) == (409, "state_not_reachable")
        assert errors(answer) == [("state", "state_not_reachable")]


def test_an_archived_one_stays_as_it_is(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    one = campaign(app, youth, state="archived")
    answer = patch(client, one, if_match(organiser), name="Khác")
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_archived")
    assert refusal("archived", {"cap"}, "archived", may_move_earnings=True) == "campaign_archived"


# At once


def test_two_that_saw_the_same_version_are_one_change_and_one_refusal(
    app: Flask, owner: Engine, youth: int, organiser: dict[str, str]
) -> None:
    """Both have read the row and wait to write it when it is let go."""
    one = campaign(app, youth)

    def change(n: int) -> Any:
        return patch(app.test_client(), one, if_match(organiser), name=f"Tên {n}")

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
    assert len(audit_entries(app, f"campaign:{one}")) == 1


# Removing one


def test_a_draft_is_removed(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    draft = create(client, youth, organiser).json["id"]
    assert client.delete(f"{URL}/{draft}", headers=organiser).status_code == 428
    assert client.delete(f"{URL}/{draft}", headers=if_match(organiser, 2)).status_code == 412
    answer = client.delete(f"{URL}/{draft}", headers=if_match(organiser))
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{URL}/{draft}", headers=organiser).status_code == 404
    act, details = audit_entries(app, f"campaign:{draft}")[1]
    assert (act, details["before"]["name"]) == ("campaign.remove", NEW["name"])


@pytest.mark.parametrize("state", STATES[1:])
def test_what_was_published_stays(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], state: str
) -> None:
    one = campaign(app, youth, state=state)
    answer = client.delete(f"{URL}/{one}", headers=if_match(organiser))
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_not_draft")
    assert client.get(f"{URL}/{one}").status_code == 200


def test_a_draft_that_somebody_is_in_stays(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str], clock: Any
) -> None:
    one = campaign(app, youth, state="draft")
    add_membership(app, register(client), one, team(app, youth), clock.now)
    answer = client.delete(f"{URL}/{one}", headers=if_match(organiser))
    assert (answer.status_code, answer.json["code"]) == (409, "campaign_used")
    assert client.get(f"{URL}/{one}", headers=organiser).status_code == 200
