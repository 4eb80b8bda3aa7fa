"""Organisations change as they were last seen; one that something belongs to ends and stays."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from tests.support.people import audit_entries, campaign, if_match, organisation, person, team
from tests.support.problems import wrong_fields

URL = "/api/v1/organisations"
PROVINCE = {"system": "2024", "level": "province", "code": "19"}


def patch(client: FlaskClient, one: int, headers: dict[str, str], **changes: Any) -> Any:
    return client.patch(f"{URL}/{one}", json=changes, headers=headers)


# Changing one


def test_an_organiser_changes_the_own(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    answer = patch(
        client, mine, if_match(person(app, "organiser", mine)), name="Mới", unit=PROVINCE
    )
    assert answer.status_code == 200
    assert (answer.json["name"], answer.json["unit"]["code"]) == ("Mới", "19")
    assert (answer.headers["ETag"], answer.json["type"]) == ('"2"', "youth_union")
    assert [one["name"] for one in client.get(f"{URL}?q=moi").json["items"]] == ["Mới"]
    act, details = audit_entries(app, f"organisation:{mine}")[0]
    assert act == "organisation.change"
    assert details["before"] == {"name": "Tỉnh Đoàn Thái Nguyên", "unit_id": None}
    assert details["after"]["name"] == "Mới"


def test_a_change_that_changes_nothing_leaves_no_trace(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    headers = if_match(person(app, "organiser", mine))
    for changes in ({}, {"name": " Tỉnh Đoàn  Thái Nguyên"}, {"unit": None}):
        assert patch(client, mine, headers, **changes).headers["ETag"] == '"1"'
    assert audit_entries(app, f"organisation:{mine}") == []


def test_versions(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    headers = person(app, "organiser", mine)
    answer = patch(client, mine, headers, name="x")
    assert (answer.status_code, answer.json["code"]) == (428, "precondition_required")
    assert patch(client, mine, {**headers, "If-Match": "*"}, name="x").status_code == 428
    assert patch(client, mine, {**headers, "If-Match": "nonsense"}, name="x").status_code == 412
    assert client.delete(f"{URL}/{mine}", headers=headers).status_code == 428
    stale = patch(client, mine, if_match(headers, 2), name="x")
    assert (stale.status_code, stale.json["code"]) == (412, "precondition_failed")
    assert client.delete(f"{URL}/{mine}", headers=if_match(headers, 7)).status_code == 412
    weak = {**headers, "If-Match": '"9", W/"1"'}
    assert patch(client, mine, weak, name="x").headers["ETag"] == '"2"'


def test_what_the_client_holds_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    tag = client.get(f"{URL}/{mine}").headers["ETag"]
    again = client.get(f"{URL}/{mine}", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert patch(client, mine, if_match(person(app, "admin")), name="x").status_code == 200
    assert client.get(f"{URL}/{mine}", headers={"If-None-Match": tag}).status_code == 200


def test_two_changes_at_once_are_one_and_a_refusal(app: Flask) -> None:
    mine = organisation(app)
    headers = person(app, "organiser", mine)
    for version in (1, 2, 3):

        def change(n: int, version: int = version) -> int:
            found = if_match(headers, version)
            name = f"Tên {version} {n}"
            return patch(app.test_client(), mine, found, name=name).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(change, range(2))) == [200, 412]
    assert len(audit_entries(app, f"organisation:{mine}")) == 3


# Moving one


def test_a_move_takes_the_word_of_both(app: Flask, client: FlaskClient) -> None:
    left, right = organisation(app, "Trái"), organisation(app, "Phải")
    child = organisation(app, "Con", parent_id=left)
    for headers in (person(app, "organiser", child), person(app, "organiser", left)):
        assert patch(client, child, if_match(headers), parent_id=right).status_code == 403
        assert patch(client, child, if_match(headers), parent_id=None).status_code == 403
    admin = person(app, "admin")
    assert patch(client, child, if_match(admin), parent_id=right).json["parent_id"] == right
    assert patch(client, child, if_match(admin, 2), parent_id=None).json["parent_id"] is None


def test_loops_are_refused(app: Flask, client: FlaskClient) -> None:
    top = organisation(app, "A")
    middle = organisation(app, "B", parent_id=top)
    low = organisation(app, "C", parent_id=middle)
    admin = if_match(person(app, "admin"))
    for parent in (top, middle, low):
        answer = patch(client, top, admin, parent_id=parent)
        assert wrong_fields(answer) == [("parent_id", "parent_loop")]
    assert patch(client, low, admin, parent_id=top).status_code == 200


def test_two_that_move_below_each_other_at_once(app: Flask) -> None:
    admin = if_match(person(app, "admin"))
    for n in range(3):
        pair = organisation(app, f"A{n}"), organisation(app, f"B{n}")

        def move(one: int, pair: tuple[int, int] = pair) -> int:
            return patch(app.test_client(), pair[one], admin, parent_id=pair[1 - one]).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(move, range(2))) == [200, 422]


# Ending one


def test_one_that_nothing_belongs_to_is_removed(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    headers = person(app, "organiser", mine)
    answer = client.delete(f"{URL}/{mine}", headers=if_match(headers))
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{URL}/{mine}").status_code == 404
    with app.app_context():
        ended = db.session.execute(db.text("select valid_to is not null from roles")).scalars()
        assert list(ended) == [True]
    act, details = audit_entries(app, f"organisation:{mine}")[0]
    assert (act, details["before"]["name"]) == ("organisation.remove", "Tỉnh Đoàn Thái Nguyên")


@pytest.mark.parametrize(
    "what", [team, campaign, lambda app, one: organisation(app, parent_id=one)]
)
def test_one_that_has_something_ends(
    app: Flask, client: FlaskClient, clock: Any, what: Any
) -> None:
    mine = organisation(app)
    what(app, mine)
    headers = person(app, "organiser", mine)
    answer = client.delete(f"{URL}/{mine}", headers=if_match(headers))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json["ended_at"].startswith(clock.now.isoformat()[:19])
    assert client.get(f"{URL}/{mine}").json == answer.json
    assert mine not in [one["id"] for one in client.get(URL).json["items"]]
    assert [act for act, _ in audit_entries(app, f"organisation:{mine}")] == ["organisation.end"]
    admin = person(app, "admin")  # the organiser's own role has ended with it
    refused = patch(client, mine, if_match(admin, 2), name="x")
    assert (refused.status_code, refused.json["code"]) == (409, "organisation_ended")
    again = client.delete(f"{URL}/{mine}", headers=if_match(admin, 2))
    assert (again.status_code, again.json) == (200, answer.json)
