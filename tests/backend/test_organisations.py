"""Organisations: everybody reads them; an admin makes them, organisers keep their own."""

import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.campaigns.naming import folded, normalised
from backend.extensions import db
from tests.people import audited, campaign, organisation, person, seen, team

URL = "/api/v1/organisations"
PROVINCE = {"system": "2024", "level": "province", "code": "19"}
NEW = {"name": "Thành Đoàn Thái Nguyên", "type": "youth_union"}


def codes(answer: Any) -> list[tuple[str, str]]:
    return [(one["field"], one["code"]) for one in answer.json["errors"]]


def create(client: FlaskClient, headers: dict[str, str], **changes: Any) -> Any:
    return client.post(URL, json=NEW | changes, headers=headers)


def patch(client: FlaskClient, one: int, headers: dict[str, str], **changes: Any) -> Any:
    return client.patch(f"{URL}/{one}", json=changes, headers=headers)


# Making one


def test_an_admin_makes_one(app: Flask, client: FlaskClient) -> None:
    answer = create(client, person(app, "admin"), unit=PROVINCE)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    made = answer.json
    unit = made.pop("unit")
    assert {k: unit[k] for k in unit if k != "id"} == {**PROVINCE, "name": "Tỉnh Thái Nguyên"}
    told = {"id": made["id"], **NEW, "parent_id": None, "ended_at": None, "version": 1}
    assert made == told
    assert client.get(f"{URL}/{made['id']}").json == told | {"unit": unit}
    after = {**NEW, "parent_id": None, "unit_id": unit["id"]}
    assert audited(app, f"organisation:{made['id']}") == [("organisation.create", {"after": after})]


def test_an_organiser_makes_one_below_the_own_only(app: Flask, client: FlaskClient) -> None:
    mine, other = organisation(app), organisation(app, "Sở KH&CN")
    headers = person(app, "organiser", mine)
    assert create(client, headers, parent_id=mine).status_code == 201
    assert create(client, headers, parent_id=other).status_code == 403
    assert create(client, headers).status_code == 403
    assert create(client, {}).status_code == 401
    assert create(client, person(app, "official", 1)).status_code == 403


def test_below_what_is_not_there_or_ended(app: Flask, client: FlaskClient, clock: Any) -> None:
    admin = person(app, "admin")
    answer = create(client, admin, parent_id=999)
    assert (answer.status_code, codes(answer)) == (422, [("parent_id", "no_such_organisation")])
    gone = organisation(app, ended_at=clock.now)
    answer = create(client, admin, parent_id=gone)
    assert (answer.status_code, answer.json["code"]) == (409, "organisation_ended")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": " \u200b\t"}, "name", "blank"),
        ({"name": "—"}, "name", "blank"),
        ({"name": "x" * 201}, "name", "too_long"),
        ({"name": None}, "name", "null"),
        ({"name": "a\x00"}, "name", "has_nul"),
        ({"type": "party"}, "type", "not_one_of"),
        ({"unit": {**PROVINCE, "code": "99"}}, "unit", "no_such_unit"),
        ({"unit": {**PROVINCE, "level": "commune"}}, "unit", "no_such_unit"),
        ({"unit": {"system": "2024", "code": "19"}}, "unit.level", "required"),
        ({"unit": {**PROVINCE, "system": "2023"}}, "unit.system", "not_one_of"),
        ({"unit": {**PROVINCE, "code": "\x00"}}, "unit.code", "has_nul"),
        ({"parent_id": 2**31}, "parent_id", "out_of_range"),
        ({"parent_id": True}, "parent_id", "not_whole"),
    ],
)
def test_what_cannot_be_taken(
    app: Flask, client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = create(client, person(app, "admin"), **changes)
    assert (answer.status_code, codes(answer)) == (422, [(field, code)])
    assert answer.json["errors"][0]["message"] != code


def test_a_body_is_read_of_people_only(client: FlaskClient) -> None:
    answer = client.post(URL, data=b"{", content_type="application/json")
    assert answer.status_code == 401


# Names


def test_a_name_is_kept_in_one_form(app: Flask, client: FlaskClient) -> None:
    sent = unicodedata.normalize("NFD", " Đoàn\u200b  xã\n Hoá Thượng\u202e ")
    assert create(client, person(app, "admin"), name=sent).json["name"] == "Đoàn xã Hoá Thượng"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_names_have_one_form(text: str) -> None:
    name = normalised(text)
    assert normalised(name) == name
    assert normalised(f" {text}\t") == name
    assert normalised(unicodedata.normalize("NFD", name)) == name
    assert folded(folded(name)) == folded(name)


def test_names_that_look_the_same_are_one() -> None:
    assert folded(unicodedata.normalize("NFD", "ĐỘI  Ứng ")) == folded("đội ứng")
    assert folded("Đội") != folded("Đôi")


# Lists


def test_the_list_is_public_and_in_vietnamese_order(app: Flask, client: FlaskClient) -> None:
    names = ["Đoàn xã 10", "Ủy ban", "Đoàn xã 2", "Anh", "Ănh"]
    for name in names:
        organisation(app, name)
    shown = [one["name"] for one in client.get(URL).json["items"]]
    assert shown == ["Anh", "Ănh", "Đoàn xã 2", "Đoàn xã 10", "Ủy ban"]


def test_pages_hold_each_once(app: Flask, client: FlaskClient) -> None:
    made = {organisation(app, f"Đoàn xã {n % 3}") for n in range(7)}
    found: list[int] = []
    answer = client.get(URL, query_string={"limit": 3}).json
    while True:
        found += [one["id"] for one in answer["items"]]
        if answer["next"] is None:
            break
        assert len(answer["items"]) == 3
        answer = client.get(URL, query_string={"limit": 3, "cursor": answer["next"]}).json
    assert sorted(found) == sorted(made)


def test_filters(app: Flask, client: FlaskClient, clock: Any) -> None:
    top = organisation(app, "Tỉnh Đoàn")
    below = organisation(app, "Đoàn xã Hoá Thượng", parent_id=top)
    office = organisation(app, "Sở KH&CN", type="department")
    gone = organisation(app, "Đã 100%", ended_at=clock.now)

    def ids(**query: Any) -> set[int]:
        return {one["id"] for one in client.get(URL, query_string=query).json["items"]}

    assert ids() == {top, below, office}
    assert ids(ended="true") == {top, below, office, gone}
    assert ids(type="department") == {office}
    assert ids(parent=top) == {below}
    assert ids(q="hoa thuong") == {below}
    assert ids(q="ĐOÀN") == {top, below}
    assert ids(q="0%", ended="true") == {gone}
    assert ids(q="%") == set()


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "é"},
        {"cursor": "MSAA"},
        {"cursor": "9" * 2_900},
        {"limit": 0},
        {"limit": 501},
        {"type": "party"},
        {"parent": "x"},
        {"parent": 10**40},
        {"ended": "1"},
        {"q": "x" * 101},
    ],
)
def test_a_strange_question(client: FlaskClient, query: dict[str, Any]) -> None:
    assert client.get(URL, query_string=query).status_code == 422


@pytest.mark.parametrize("written", ["0", "999", "x", "-1", "٣", "9" * 5_000, "1.0", "%00"])
def test_what_is_not_there(app: Flask, client: FlaskClient, written: str) -> None:
    organisation(app)
    admin = seen(person(app, "admin"))
    assert client.get(f"{URL}/{written}").status_code == 404
    assert client.patch(f"{URL}/{written}", json={}, headers=admin).status_code == 404
    assert client.delete(f"{URL}/{written}", headers=admin).status_code == 404


# Changing one


def test_an_organiser_changes_the_own(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    answer = patch(client, mine, seen(person(app, "organiser", mine)), name="Mới", unit=PROVINCE)
    assert answer.status_code == 200
    assert (answer.json["name"], answer.json["unit"]["code"]) == ("Mới", "19")
    assert (answer.headers["ETag"], answer.json["type"]) == ('"2"', "youth_union")
    assert [one["name"] for one in client.get(f"{URL}?q=moi").json["items"]] == ["Mới"]
    act, details = audited(app, f"organisation:{mine}")[0]
    assert act == "organisation.change"
    assert details["before"] == {"name": "Tỉnh Đoàn Thái Nguyên", "unit_id": None}
    assert details["after"]["name"] == "Mới"


def test_others_do_not(app: Flask, client: FlaskClient) -> None:
    mine, other = organisation(app), organisation(app, "Khác")
    child = organisation(app, "Con", parent_id=mine)
    for headers, status in (
        ({}, 401),
        (person(app), 403),
        (person(app, "organiser", other), 403),
        (person(app, "organiser", child), 403),
        (person(app, "organiser", mine, scopes=("read",)), 403),
    ):
        assert patch(client, mine, seen(headers), name="x").status_code == status
        assert client.delete(f"{URL}/{mine}", headers=seen(headers)).status_code == status
    above = seen(person(app, "organiser", mine))
    assert patch(client, child, above, name="Con nữa").status_code == 200


def test_a_change_that_changes_nothing_leaves_no_trace(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    headers = seen(person(app, "organiser", mine))
    for changes in ({}, {"name": " Tỉnh Đoàn  Thái Nguyên"}, {"unit": None}):
        assert patch(client, mine, headers, **changes).headers["ETag"] == '"1"'
    assert audited(app, f"organisation:{mine}") == []


def test_versions(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    headers = person(app, "organiser", mine)
    answer = patch(client, mine, headers, name="x")
    assert (answer.status_code, answer.json["code"]) == (428, "precondition_required")
    assert patch(client, mine, {**headers, "If-Match": "*"}, name="x").status_code == 428
    assert patch(client, mine, {**headers, "If-Match": "nonsense"}, name="x").status_code == 412
    assert client.delete(f"{URL}/{mine}", headers=headers).status_code == 428
    stale = patch(client, mine, seen(headers, 2), name="x")
    assert (stale.status_code, stale.json["code"]) == (412, "precondition_failed")
    assert client.delete(f"{URL}/{mine}", headers=seen(headers, 7)).status_code == 412
    weak = {**headers, "If-Match": '"9", W/"1"'}
    assert patch(client, mine, weak, name="x").headers["ETag"] == '"2"'


def test_what_the_client_holds_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    mine = organisation(app)
    tag = client.get(f"{URL}/{mine}").headers["ETag"]
    again = client.get(f"{URL}/{mine}", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert patch(client, mine, seen(person(app, "admin")), name="x").status_code == 200
    assert client.get(f"{URL}/{mine}", headers={"If-None-Match": tag}).status_code == 200


def test_two_changes_at_once_are_one_and_a_refusal(app: Flask) -> None:
    mine = organisation(app)
    headers = person(app, "organiser", mine)
    for version in (1, 2, 3):

        def change(n: int, version: int = version) -> int:
            told = seen(headers, version)
            name = f"Tên {version} {n}"
            return patch(app.test_client(), mine, told, name=name).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(change, range(2))) == [200, 412]
    assert len(audited(app, f"organisation:{mine}")) == 3


# Moving one


def test_a_move_takes_the_word_of_both(app: Flask, client: FlaskClient) -> None:
    left, right = organisation(app, "Trái"), organisation(app, "Phải")
    child = organisation(app, "Con", parent_id=left)
    for headers in (person(app, "organiser", child), person(app, "organiser", left)):
        assert patch(client, child, seen(headers), parent_id=right).status_code == 403
        assert patch(client, child, seen(headers), parent_id=None).status_code == 403
    admin = person(app, "admin")
    assert patch(client, child, seen(admin), parent_id=right).json["parent_id"] == right
    assert patch(client, child, seen(admin, 2), parent_id=None).json["parent_id"] is None


def test_loops_are_refused(app: Flask, client: FlaskClient) -> None:
    top = organisation(app, "A")
    middle = organisation(app, "B", parent_id=top)
    low = organisation(app, "C", parent_id=middle)
    admin = seen(person(app, "admin"))
    for parent in (top, middle, low):
        answer = patch(client, top, admin, parent_id=parent)
        assert (answer.status_code, codes(answer)) == (422, [("parent_id", "parent_loop")])
    assert patch(client, low, admin, parent_id=top).status_code == 200


def test_two_that_move_below_each_other_at_once(app: Flask) -> None:
    admin = seen(person(app, "admin"))
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
    answer = client.delete(f"{URL}/{mine}", headers=seen(headers))
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(f"{URL}/{mine}").status_code == 404
    with app.app_context():
        ended = db.session.execute(db.text("select valid_to is not null from roles")).scalars()
        assert list(ended) == [True]
    act, details = audited(app, f"organisation:{mine}")[0]
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
    answer = client.delete(f"{URL}/{mine}", headers=seen(headers))
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json["ended_at"].startswith(clock.now.isoformat()[:19])
    assert client.get(f"{URL}/{mine}").json == answer.json
    assert mine not in [one["id"] for one in client.get(URL).json["items"]]
    assert [act for act, _ in audited(app, f"organisation:{mine}")] == ["organisation.end"]
    refused = patch(client, mine, seen(headers, 2), name="x")
    assert (refused.status_code, refused.json["code"]) == (409, "organisation_ended")
    again = client.delete(f"{URL}/{mine}", headers=seen(headers, 2))
    assert (again.status_code, again.json) == (200, answer.json)
