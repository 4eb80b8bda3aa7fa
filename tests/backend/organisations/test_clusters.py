"""Clusters of communes as areas of officials."""

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.access import PUBLIC, Actor, Grant
from backend.errors import Problem
from backend.organisations.clusters import (
    end_cluster,
    list_clusters,
    make_cluster,
    search_clusters,
)
from tests.support.clock import FakeClock
from tests.support.people import (
    account,
    audit_entries,
    cluster,
    organisation,
    person,
    team,
    unit_id,
)


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


AFTER = datetime(2025, 8, 20, 3, tzinfo=UTC)
ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))


@pytest.fixture
def today(clock: FakeClock) -> datetime:
    clock.now = AFTER
    return AFTER


def units(app: Flask, *codes: str, system: str = "2025") -> list[int]:
    return [unit_id(app, code, system) for code in codes]


def test_an_admin_makes_one_and_ends_it_on_its_first_day(
    app: Flask, client: FlaskClient, today: datetime
) -> None:
    communes = units(app, "05443", "05500")
    with app.app_context():
        made = make_cluster(ADMIN, "Khu vực Bắc", communes, today)
    official = person(app, "official", made, kind="cluster")
    assert signals(client, "05443", official) == 200
    with app.app_context():
        end_cluster(ADMIN, made, today)
        [row] = [one for one in list_clusters(today) if one["id"] == made]
        assert (row["lasts"], row["roles"]) == (False, 0)
        assert row["valid_to"] == date(2025, 8, 19)
        with pytest.raises(Problem, match="cluster_ended"):
            end_cluster(ADMIN, made, today)
    assert signals(client, "05443", official) == 404
    acts = audit_entries(app, f"cluster:{made}")
    assert [act for act, _ in acts] == ["cluster.create", "cluster.end"]
    assert acts[1][1]["ended"] == {"roles": 1}


@pytest.mark.parametrize(
    ("codes", "system", "field", "code"),
    [
        (("05443",), "2025", "communes", "cluster_too_small"),
        (("05443", "00004"), "2025", "communes", "cluster_of_provinces"),
        (("05443", "05452"), "2024", "communes", "unit_ended"),
    ],
)
def test_a_list_that_is_none_is_refused(
    app: Flask, today: datetime, codes: tuple[str, ...], system: str, field: str, code: str
) -> None:
    communes = units(app, *codes, system=system)
    with app.app_context(), pytest.raises(Problem) as refused:
        make_cluster(ADMIN, "Khu vực", communes, today)
    [error] = refused.value.errors
    assert (error.field, error.code) == (field, code)


def test_two_of_a_province_have_two_names(app: Flask, today: datetime) -> None:
    communes = units(app, "05443", "05500")
    with app.app_context():
        first = make_cluster(ADMIN, "Khu vực", communes, today)
        with pytest.raises(Problem) as refused:
            make_cluster(ADMIN, "Khu vực", communes, today)
        assert refused.value.errors[0].code == "cluster_name_taken"
        end_cluster(ADMIN, first, today)
        make_cluster(ADMIN, "Khu vực", communes, today)


@pytest.mark.parametrize(
    ("actor", "status"),
    [
        (PUBLIC, 401),
        (Actor(user_id=1, grants=(Grant("official", "unit", 1),)), 403),
        (Actor(user_id=1, grants=(Grant("admin", "system"),), may_write=False), 403),
        (Actor(user_id=1, grants=(Grant("admin", "system"),), session=b"old"), 403),
    ],
)
def test_others_make_and_end_none(app: Flask, today: datetime, actor: Actor, status: int) -> None:
    communes = units(app, "05443", "05500")
    with app.app_context():
        made = make_cluster(ADMIN, "Khu vực", communes, today)
        for act in (
            lambda: make_cluster(actor, "Khác", communes, today),
            lambda: end_cluster(actor, made, today),
        ):
            with pytest.raises(Problem) as refused:
                act()
            assert refused.value.status == status


def test_it_is_found_by_its_name(app: Flask, today: datetime) -> None:
    communes = units(app, "05443", "05500")
    with app.app_context():
        made = make_cluster(ADMIN, "Huyện Đồng Hỷ (cũ)", communes, today)
        for text, hits in (("dong hy", 1), ("h. Đồng Hỷ", 1), ("hy", 1), ("dong ho", 0), ("", 0)):
            found = search_clusters(text, today.date(), 30)
            assert [one["id"] for one in found] == [made] * hits, text
        end_cluster(ADMIN, made, today)
        assert search_clusters("dong hy", today.date(), 30) == []
