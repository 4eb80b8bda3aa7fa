"""Clusters of communes as areas of officials."""

from datetime import date

from flask import Flask
from flask.testing import FlaskClient

from tests.support.people import account, cluster, organisation, person, team


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


def signals(client: FlaskClient, code: str, headers: dict[str, str]) -> int:
    return client.get(f"/api/v1/units/{code}/signals", headers=headers).status_code


def test_an_official_of_a_cluster_sees_its_communes_alone(app: Flask, client: FlaskClient) -> None:
    own = cluster(app, ("05443", "05452"))
    official = person(app, "official", own, kind="cluster")
    assert [signals(client, code, official) for code in ("05443", "05452", "05455", "19")] == [
        200, 200, 404, 404,
    ]  # fmt: skip


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


def test_a_role_over_a_cluster_ends_with_it(app: Flask, client: FlaskClient) -> None:
    gone = cluster(app, ("05443",), valid_to=date(2024, 11, 19))
    official = person(app, "official", gone, kind="cluster")
    assert signals(client, "05443", official) == 404
