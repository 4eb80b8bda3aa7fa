"""Targets are rows: read by everybody, set by admins, one at a time for each unit."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.daily_counts import count
from tests.support.people import audit_entries, if_match, person
from tests.support.problems import wrong_fields

URL = "/api/v1/targets"
WARD = {"system": "2024", "level": "commune", "code": "05443"}
OWN = {
    "level": "commune", "network": "mobile", "threshold": 100, "unit": WARD,
    "valid_from": "2024-11-01", "valid_to": None, "source": "kế hoạch của phường",
}  # fmt: skip


def put(client: FlaskClient, headers: dict[str, str], **changes: Any) -> Any:
    return client.post(URL, json={**OWN, **changes}, headers=headers)


def coverage(client: FlaskClient, **query: str) -> Any:
    asked = {"month": "2024-11", "parent": "19", **query}
    return client.get("/api/v1/coverage", query_string=asked).json


def test_the_built_in_ones(client: FlaskClient) -> None:
    answer = client.get(f"{URL}?as_of=2024-11-15").json
    found = {(one["level"], one["network"], one["purpose"]): one for one in answer["items"]}
    assert found["commune", "mobile", "target"]["threshold"] == 300
    assert ("commune", "fixed", "target") not in found
    assert found["commune", "fixed", "assessment"]["threshold"] == 30
    later = client.get(f"{URL}?as_of=2025-08-01&purpose=target&network=fixed").json["items"]
    assert [(one["level"], one["threshold"]) for one in later] == [("commune", 300)]
    of_mobile = f"{URL}?purpose=target&network=mobile&as_of="
    for day, levels in (("2025-06-30", 3), ("2025-07-01", 1)):
        assert len(client.get(of_mobile + day).json["items"]) == levels
    pages = [client.get(f"{URL}?limit=7").json]
    pages.append(client.get(f"{URL}?limit=7&cursor={pages[0]['next']}").json)
    assert len({one["id"] for page in pages for one in page["items"]}) == 10


def test_a_units_own_target_beats_the_general_one(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", ("2024-11-10", 100))
    assert coverage(client)["summary"]["reached"] == 0
    made = put(client, person(app, "admin"))
    assert made.status_code == 201 and made.headers["ETag"] == '"1"'
    found = coverage(client)
    assert found["target"]["threshold"] == 300 and found["summary"]["reached"] == 1
    (item,) = (item for item in found["items"] if item["code"] == "05443")
    assert (item["target"], item["reached"], item["shortfall"]) == (100, True, 0)
    assert found["summary"]["distribution"]["best_reached"] == 1  # the cheapest one first
    ((act, details),) = audit_entries(app, f"target:{made.json['id']}")
    assert act == "target.create" and details["after"]["threshold"] == 100


@pytest.mark.slow
def test_an_exempt_unit_is_expected_to_do_nothing_and_is_named(
    app: Flask, client: FlaskClient
) -> None:
    count(app, "05443", ("2024-11-10", 100))
    before = coverage(client)["summary"]
    admin = person(app, "admin")
    made = put(client, admin, threshold=None)
    assert (made.status_code, made.json["threshold"]) == (201, None)
    answer = coverage(client)
    summary = answer["summary"]
    assert summary["units"] == before["units"] - 1 and before["exempt"] == []
    assert summary["exempt"] == [{"code": "05443", "name": "Phường Trưng Vương"}]
    (item,) = (item for item in answer["items"] if item["code"] == "05443")
    assert (item["target"], item["reached"], item["shortfall"]) == (None, None, None)
    assert item["counted"] == 100 == summary["counted"]
    query = "month=2024-11&level=province&network=mobile&unit=19"
    [province] = client.get(f"/api/v1/coverage?{query}").json["items"]
    assert province["communes"]["units"] == summary["units"]
    assert client.get("/api/v1/units/05443/history?network=mobile").status_code == 200
    page = client.get("/unit/19?month=2024-11").text
    assert "Được miễn chỉ tiêu, không tính trong số đó:" in page and "Phường Trưng Vương" in page
    assert "Đơn vị này được miễn chỉ tiêu." in client.get("/unit/05443?month=2024-11").text
    general = put(client, admin, unit=None, threshold=None, valid_from="2030-01-01")
    assert general.status_code == 422
    assert "threshold" in str(general.json["errors"])


def test_two_of_one_key_never_hold_the_same_day(app: Flask, client: FlaskClient) -> None:
    admin = person(app, "admin")
    assert put(client, admin, valid_to="2024-11-30").status_code == 201
    refused = put(client, admin, valid_from="2024-11-30")
    assert (refused.status_code, refused.json["code"]) == (409, "target_overlaps")
    assert put(client, admin, valid_from="2024-12-01").status_code == 201
    assert put(client, admin, purpose="assessment").status_code == 201
    general = put(client, admin, unit=None)
    assert (general.status_code, general.json["code"]) == (409, "target_overlaps")


def test_changing_one(app: Flask, client: FlaskClient) -> None:
    admin = person(app, "admin")
    made = put(client, admin).json
    where = f"{URL}/{made['id']}"
    changed = client.patch(where, json={"threshold": 50, "basis": "valid"}, headers=if_match(admin))
    assert (changed.status_code, changed.json["threshold"], changed.json["version"]) == (200, 50, 2)
    assert client.patch(where, json={"threshold": 60}, headers=if_match(admin)).status_code == 412
    assert client.patch(where, json={"threshold": 60}, headers=admin).status_code == 428
    ended = client.patch(where, json={"valid_to": "2024-11-30"}, headers=if_match(admin, 2))
    assert ended.json["valid_to"] == "2024-11-30" and ended.json["unit"]["code"] == "05443"
    assert [act for act, _ in audit_entries(app, f"target:{made['id']}")] == [
        "target.create", "target.change", "target.change",
    ]  # fmt: skip
    assert client.patch(f"{URL}/2000000000", json={}, headers=if_match(admin)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"valid_to": "2024-10-31"}, "valid_to", "before_first_day"),
        ({"level": "district"}, "unit", "not_of_this_level"),
        ({"unit": {**WARD, "code": "1"}}, "unit", "no_such_unit"),
    ],
)
def test_what_is_no_target(
    app: Flask, client: FlaskClient, changes: dict[str, Any], field: str, code: str
) -> None:
    answer = put(client, person(app, "admin"), **changes)
    assert wrong_fields(answer) == [(field, code)]
