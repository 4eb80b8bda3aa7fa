"""`GET /api/v1/audit`: the log of privileged acts, for admins alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.accounts.models import AuditEntry
from backend.database.extensions import db, owner_session
from backend.http.paging import encode_cursor
from tests.support.people import person
from tests.support.problems import wrong_fields

AT = datetime(2024, 11, 20, 5, 0, tzinfo=UTC)


def entry(**changes: Any) -> AuditEntry:
    fields = {"at": AT, "actor": "user:1", "act": "team.edit", "subject": "team:1", "details": {}}
    return AuditEntry(**(fields | changes))


def keep(app: Flask, *entries: AuditEntry) -> None:
    with app.app_context(), owner_session() as owner:  # the serving role gives no time
        owner.add_all(entries)


def subjects(client: FlaskClient, admin: dict[str, str], **query: Any) -> list[str]:
    answer = client.get("/api/v1/audit", query_string=query, headers=admin)
    assert answer.status_code == 200, answer.text
    return [item["subject"] for item in answer.json["items"]]


def test_an_entry_tells_who_when_from_where_and_what(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    with app.app_context():
        who = Actor(user_id=7, address="192.0.2.1")
        record_act(who, "team.edit", "team:3", before={"name": "Đội 1"}, after={"name": "Đội 2"})
        record_act("shell:van", "units.load", "demo")
        db.session.commit()
    answer = client.get("/api/v1/audit", headers=admin)
    shell, edit = answer.json["items"]
    assert edit["details"] == {"before": {"name": "Đội 1"}, "after": {"name": "Đội 2"}}
    assert (edit["actor"], edit["act"], edit["subject"]) == ("user:7", "team.edit", "team:3")
    assert (edit["address"], shell["address"]) == ("192.0.2.1", None)
    since = datetime.now(UTC) - datetime.fromisoformat(edit["at"])
    assert timedelta() <= since < timedelta(minutes=1)
    assert answer.json["next"] is None
    assert answer.headers["Cache-Control"] == "no-store"


def test_it_is_filtered(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    keep(
        app,
        entry(subject="a", actor="user:1", act="team.edit"),
        entry(subject="b", actor="user:2", act="team.edit"),
        entry(subject="c", actor="user:2", act="campaign.edit"),
    )
    assert subjects(client, admin) == ["c", "b", "a"]
    assert subjects(client, admin, actor="user:2") == ["c", "b"]
    assert subjects(client, admin, actor="user:2", act="team.edit") == ["b"]
    assert subjects(client, admin, subject="a") == ["a"]
    assert subjects(client, admin, actor="user:9") == []


def test_days_are_those_of_vietnam(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    midnight = datetime.fromisoformat("2024-11-20T00:00:00+07:00")
    moment = timedelta(microseconds=1)
    keep(
        app,
        entry(subject="before", at=midnight - moment),
        entry(subject="first", at=midnight),
        entry(subject="last", at=midnight + timedelta(days=1) - moment),
        entry(subject="after", at=midnight + timedelta(days=1)),
    )
    day = {"from": "2024-11-20", "to": "2024-11-20"}
    assert subjects(client, admin, **day) == ["last", "first"]
    assert subjects(client, admin, to="2024-11-19") == ["before"]
    assert subjects(client, admin, reads="without", **{"from": "2024-11-21"}) == ["after"]


def test_pages_hold_every_entry_once_whatever_is_added_meanwhile(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    # Entries of one transaction have the same time: the id tells them apart.
    keep(app, *[entry(subject=str(n)) for n in range(5)])
    keep(app, *[entry(subject=str(n), at=AT + timedelta(microseconds=n)) for n in range(5, 8)])
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3, "act": "team.edit"}
    while True:
        page = client.get("/api/v1/audit", query_string=query, headers=admin).json
        seen += [item["subject"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
        keep(app, entry(subject="new", at=AT + timedelta(days=1)))
    assert seen == ["7", "6", "5", "4", "3", "2", "1", "0"]


def test_a_last_page_that_is_full_says_so(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    keep(app, entry(), entry())
    assert client.get("/api/v1/audit?limit=2", headers=admin).json["next"] is None


@pytest.mark.parametrize(
    "key", [("05:00:00Z", "x"), ("05:00:00", 1), ("05:00:00Z", 2**63), ("05:00:00Z", -1),
            ("05:00:00Z",)],
)  # fmt: skip
def test_a_cursor_that_cannot_be_read_is_named(
    client: FlaskClient, admin: dict[str, str], key: tuple[Any, ...]
) -> None:
    cursor = encode_cursor(f"2024-11-20T{key[0]}", *key[1:])
    answer = client.get(f"/api/v1/audit?cursor={cursor}", headers=admin)
    assert wrong_fields(answer) == [("cursor", "not_cursor")]


def test_a_token_for_reading_reads_it(app: Flask, client: FlaskClient) -> None:
    reader = person(app, "admin", scopes=("read",))
    assert client.get("/api/v1/audit", headers=reader).status_code == 200
