"""Clusters of communes: an area of campaigns, and of officials."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.people import (
    account,
    audit_entries,
    cluster,
    if_match,
    organisation,
    person,
    team,
    unit_id,
)

URL = "/api/v1/clusters"


def commune(code: str, system: str = "2024") -> dict[str, str]:
    return {"system": system, "level": "commune", "code": code}


BODY: dict[str, Any] = {"name": "Cụm xã phía bắc", "units": [commune("05443"), commune("05452")]}


def create(client: FlaskClient, headers: dict[str, str], **changes: Any) -> Any:
    return client.post(URL, json=BODY | changes, headers=headers)


def test_a_leader_is_invited_to_none(app: Flask, client: FlaskClient) -> None:
    union = organisation(app)
    asked = {"role": "team_leader", "scope_id": team(app, union), "cluster_id": 1}
    answer = client.post(
        "/api/v1/invitations",
        json={"name": "0912 345 678", "roles": [asked]},
        headers=person(app, "organiser", union),
    )
    assert answer.status_code == 422, answer.text
    [error] = answer.json["errors"]
    assert (error["field"], error["code"]) == ("roles.0.cluster_id", "scope_not_taken")


def codes(answer: Any) -> set[str]:
    return {one["code"] for one in answer.json["units"]}


def test_an_organiser_makes_and_changes_one(app: Flask, client: FlaskClient) -> None:
    union = organisation(app)
    organiser = person(app, "organiser", union)
    made = create(client, organiser, organisation_id=union)
    assert made.status_code == 201 and codes(made) == {"05443", "05452"}
    url = f"{URL}/{made.json['id']}"
    assert client.get(url).json == made.json
    changed = client.patch(
        url, json={"name": "Cụm nam", "units": [commune("05443")]}, headers=if_match(organiser)
    )
    assert (changed.status_code, changed.json["name"], codes(changed)) == (
        200,
        "Cụm nam",
        {"05443"},
    )
    stale = client.patch(url, json={"name": "x"}, headers=if_match(organiser))
    assert stale.status_code == 412
    acts = [act for act, _ in audit_entries(app, f"cluster:{made.json['id']}")]
    assert acts == ["cluster.create", "cluster.change"]
    assert [one["id"] for one in client.get(URL).json["items"]] == [made.json["id"]]


def test_a_cluster_of_communes_of_before_ends_with_them(app: Flask, client: FlaskClient) -> None:
    made = create(client, person(app, "admin")).json
    assert (made["valid_from"], made["valid_to"]) == ("2024-11-20", "2025-06-30")
    late = create(client, person(app, "admin"), valid_from="2025-07-01")
    assert late.json["errors"][0]["code"] == "units_ended"


def test_a_campaign_takes_the_units_of_a_cluster(app: Flask, client: FlaskClient) -> None:
    union = organisation(app)
    organiser, own = person(app, "organiser", union), cluster(app, ("05443", "05452"), union)
    body = {
        "organisation_id": union, "name": "Tháng ba", "first_day": "2024-11-01",
        "last_day": "2024-11-30", "cluster_id": own,
    }  # fmt: skip
    made = client.post("/api/v1/campaigns", json=body, headers=organiser)
    assert {one["code"] for one in made.json["areas"]} == {"05443", "05452"}
    both = client.post(
        "/api/v1/campaigns", json=body | {"areas": [commune("05443")]}, headers=organiser
    )
    assert both.json["errors"][0]["code"] == "areas_or_cluster"
    body.pop("cluster_id")
    neither = client.post("/api/v1/campaigns", json=body, headers=organiser)
    assert neither.json["errors"][0] | {"message": ""} == {
        "field": "areas", "code": "required", "message": "",
    }  # fmt: skip
    missing = client.post("/api/v1/campaigns", json=body | {"cluster_id": 99}, headers=organiser)
    assert missing.json["errors"][0]["code"] == "no_such_cluster"


def signals(client: FlaskClient, code: str, headers: dict[str, str]) -> int:
    return client.get(f"/api/v1/units/{code}/signals", headers=headers).status_code


def test_an_official_of_a_cluster_sees_its_communes_alone(app: Flask, client: FlaskClient) -> None:
    own = cluster(app, ("05443", "05452"))
    official = person(app, "official", own, kind="cluster")
    assert [signals(client, code, official) for code in ("05443", "05452", "05455", "19")] == [
        200, 200, 404, 404,
    ]  # fmt: skip


def test_a_cluster_of_a_district_holds_its_communes(app: Flask, client: FlaskClient) -> None:
    district = {"system": "2024", "level": "district", "code": "164"}
    made = create(client, person(app, "admin"), units=[district]).json
    official = person(app, "official", made["id"], kind="cluster")
    assert signals(client, "05443", official) == 200


def test_a_role_over_a_cluster_is_granted_by_an_admin(app: Flask, client: FlaskClient) -> None:
    own, user = cluster(app, ("05443",)), account(app, "lan@example.vn")
    url, admin = f"/api/v1/users/{user}/roles", person(app, "admin")
    asked = {"role": "official", "cluster_id": own}
    made = client.post(url, json=asked, headers=admin)
    assert (made.status_code, made.json["scope_kind"], made.json["scope_id"]) == (
        201, "cluster", own,
    )  # fmt: skip
    assert client.post(url, json=asked, headers=admin).status_code == 200
    wrong = client.post(url, json={"role": "organiser", "cluster_id": own}, headers=admin)
    assert wrong.json["errors"][0]["code"] == "scope_not_taken"
    nowhere = client.post(url, json={"role": "official", "cluster_id": 99}, headers=admin)
    assert nowhere.json["errors"][0]["code"] == "scope_unknown"


def test_an_organiser_widens_and_ends_nobodys_area(app: Flask, client: FlaskClient) -> None:
    union = organisation(app)
    organiser, own = person(app, "organiser", union), cluster(app, ("05443",), union)
    person(app, "official", own, kind="cluster")
    url = f"{URL}/{own}"
    more = {"units": [commune("05443"), commune("05452")]}
    assert client.patch(url, json=more, headers=if_match(organiser)).status_code == 403
    assert client.delete(url, headers=if_match(organiser)).status_code == 403
    assert client.patch(url, json={"name": "x"}, headers=if_match(organiser)).status_code == 200
    admin = if_match(person(app, "admin"), 2)
    assert client.patch(url, json=more, headers=admin).status_code == 200


@pytest.mark.parametrize(("held", "status"), [(False, 204), (True, 200)])
def test_end_cluster(
    app: Flask, client: FlaskClient, clock: FakeClock, held: bool, status: int
) -> None:
    own = cluster(app, ("05443",))
    official = person(app, "official", own, kind="cluster") if held else {}
    assert signals(client, "05443", official) == (200 if held else 404)
    gone = client.delete(f"{URL}/{own}", headers=if_match(person(app, "admin")))
    assert gone.status_code == status
    assert signals(client, "05443", official) == 404
    clock.now = datetime(2024, 11, 21, 12, 0, tzinfo=UTC)
    assert client.get(URL).json["items"] == []
    assert len(client.get(f"{URL}?ended=true").json["items"]) == held


def test_a_role_over_a_cluster_ends_with_it(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    later = datetime(2024, 11, 19).date()
    gone = cluster(app, ("05443",), valid_to=later)
    official = person(app, "official", gone, kind="cluster")
    assert signals(client, "05443", official) == 404
    assert unit_id(app, "05443")
