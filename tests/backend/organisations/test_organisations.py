"""Organisations: everybody reads them; an admin makes them, organisers keep their own."""

import unicodedata
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.organisations.names import folded, normalised
from tests.support.people import audit_entries, if_match, organisation, person
from tests.support.problems import wrong_fields

URL = "/api/v1/organisations"
PROVINCE = {"system": "2024", "level": "province", "code": "19"}
NEW = {"name": "Thành Đoàn Thái Nguyên", "type": "youth_union"}


def create(client: FlaskClient, headers: dict[str, str], **changes: Any) -> Any:
    return client.post(URL, json=NEW | changes, headers=headers)


# Making one

NONE = {"parent_id": None, "telephone": None}


def test_an_admin_makes_one(app: Flask, client: FlaskClient) -> None:
    answer = create(client, person(app, "admin"), unit=PROVINCE)
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    made = answer.json
    unit = made.pop("unit")
    assert {k: unit[k] for k in unit if k != "id"} == {**PROVINCE, "name": "Tỉnh Thái Nguyên"}
    output = {"id": made["id"], **NEW, **NONE, "ended_at": None, "version": 1}
    assert made == output
    assert client.get(f"{URL}/{made['id']}").json == output | {"unit": unit}
    after = {**NEW, **NONE, "unit_id": unit["id"]}
    assert audit_entries(app, f"organisation:{made['id']}") == [
        ("organisation.create", {"after": after})
    ]


def test_below_what_is_not_there_or_ended(app: Flask, client: FlaskClient, clock: Any) -> None:
    admin = person(app, "admin")
    answer = create(client, admin, parent_id=999)
    assert wrong_fields(answer) == [("parent_id", "no_such_organisation")]
    gone = organisation(app, ended_at=clock.now)
    answer = create(client, admin, parent_id=gone)
    assert (answer.status_code, answer.json["code"]) == (409, "organisation_ended")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": " \u200b\t"}, "name", "blank"),
        ({"name": "—"}, "name", "blank"),
        ({"unit": {**PROVINCE, "code": "99"}}, "unit", "no_such_unit"),
        ({"unit": {**PROVINCE, "level": "commune"}}, "unit", "no_such_unit"),
    ],
)
def test_what_cannot_be_taken(
    app: Flask, client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = create(client, person(app, "admin"), **changes)
    assert wrong_fields(answer) == [(field, code)]
    assert answer.json["errors"][0]["message"] != code


# Names


def test_a_name_is_kept_in_one_form(app: Flask, client: FlaskClient) -> None:
    written = " Đoàn\u200b  xã\n Hoá Thượng\u202e\ufffe\ue000 "
    sent = unicodedata.normalize("NFD", written)
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


@pytest.mark.parametrize("written", ["0", "999", "x", "-1", "٣", "9" * 5_000, "1.0", "%00"])
def test_what_is_not_there(app: Flask, client: FlaskClient, written: str) -> None:
    organisation(app)
    admin = if_match(person(app, "admin"))
    assert client.get(f"{URL}/{written}").status_code == 404
    assert client.patch(f"{URL}/{written}", json={}, headers=admin).status_code == 404
    assert client.delete(f"{URL}/{written}", headers=admin).status_code == 404
