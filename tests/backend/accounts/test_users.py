"""Who is there and what they may: GET /api/v1/users, and their roles."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.accounts.models import Role, User
from backend.database.extensions import db
from backend.fields import MAX_ID
from backend.http.paging import encode_cursor
from tests.support.people import (
    account,
    audit_entries,
    organisation,
    person,
    sign_in,
    team,
    unit_id,
)
from tests.support.problems import wrong_fields
from tests.support.sign_in import status_and_code

URL = "/api/v1/users"


@pytest.fixture
def admin(app: Flask) -> dict[str, str]:
    return person(app, "admin", password_hash="set")


def roles_of(app: Flask, user_id: int) -> list[tuple[str, int | None, bool]]:
    with app.app_context():
        rows = db.session.scalars(select(Role).where(Role.user_id == user_id).order_by(Role.id))
        return [(row.role, row.scope_id, row.valid_to is not None) for row in rows]


# The list


def test_pages_hold_everybody_once(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    made = [account(app, f"p{n}@example.vn", "organiser", organisation(app)) for n in range(5)]
    account(app, "gone@example.vn", closed_at="2024-11-01T00:00Z")
    seen: list[Any] = []
    cursor = ""
    while True:
        page = client.get(f"{URL}?limit=2{cursor}", headers=admin).json
        assert len(page["items"]) <= 2
        seen += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [one["id"] for one in seen][1:] == made
    assert seen[1]["name"] == "p0@example.vn"
    assert [one["role"] for one in seen[1]["roles"]] == ["organiser"]
    assert "hash" not in str(seen)


def test_a_person_is_found_by_name(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    mine = account(app, "+84912345678")
    for name in ("0912 345 678", "%2B84912345678"):
        found = client.get(f"{URL}?name={name}", headers=admin).json
        assert [one["id"] for one in found["items"]] == [mine]
    assert client.get(f"{URL}?name=nobody", headers=admin).json["items"] == []


@pytest.mark.parametrize(("query", "field", "code"), [
    ("cursor=-1", "cursor", "not_cursor"), ("cursor=%D9%A1", "cursor", "not_cursor"),
])  # fmt: skip
def test_what_cannot_be_read_is_named(
    client: FlaskClient, admin: dict[str, str], query: str, field: str, code: str
) -> None:
    answer = client.get(f"{URL}?{query}", headers=admin)
    assert wrong_fields(answer) == [(field, code)]


def test_a_cursor_beyond_every_row_is_the_end(client: FlaskClient, admin: dict[str, str]) -> None:
    page = client.get(f"{URL}?cursor={encode_cursor(MAX_ID)}", headers=admin)
    assert (page.status_code, page.json["items"]) == (200, [])


# Roles


def test_a_role_is_granted_once(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    mine = account(app, "hoa@example.vn")
    unit = unit_id(app, "19", "2024", "province")
    asked = {"role": "official", "scope_id": unit}
    first = client.post(f"{URL}/{mine}/roles", json=asked, headers=admin)
    again = client.post(f"{URL}/{mine}/roles", json=asked, headers=admin)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert first.json["scope_kind"] == "unit"
    assert roles_of(app, mine) == [("official", unit, False)]
    role = {"role": "official", "scope": "unit", "scope_id": unit, "valid_to": None}
    assert audit_entries(app, f"user:{mine}") == [("role.grant", role)]


def test_a_role_for_a_time(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: Any
) -> None:
    account(app, "hoa@example.vn")
    own = team(app, organisation(app))
    asked = {"role": "team_leader", "scope_id": own, "valid_to": "2024-11-20T19:30:00+07:00"}
    path = f"{URL}/{client.get(f'{URL}?name=hoa@example.vn', headers=admin).json['items'][0]['id']}"
    assert client.post(f"{path}/roles", json=asked, headers=admin).status_code == 201
    sign_in(client, "hoa@example.vn")
    assert len(client.get("/api/v1/account").json["user"]["roles"]) == 1
    clock.now = clock.now.replace(minute=30)
    assert client.get("/api/v1/account").json["user"]["roles"] == []


def test_a_role_ends_now(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: Any
) -> None:
    org = organisation(app)
    mine = account(app, "hoa@example.vn", "organiser", org)
    [role] = client.get(f"{URL}?name=hoa@example.vn", headers=admin).json["items"][0]["roles"]
    path = f"{URL}/{mine}/roles/{role['id']}"
    assert client.delete(path, headers=admin).status_code == 204
    clock.now = clock.now.replace(hour=13)
    assert client.delete(path, headers=admin).status_code == 204
    assert roles_of(app, mine) == [("organiser", org, True)]
    told_once = [("role.end", {"role": "organiser", "scope": "organisation", "scope_id": org})]
    assert audit_entries(app, f"user:{mine}") == told_once


def test_an_organiser_grants_and_ends_leading_own_teams(app: Flask, client: FlaskClient) -> None:
    org, foreign = organisation(app), organisation(app, "Sở KH&CN")
    own, theirs = team(app, org), team(app, foreign)
    mine = account(app, "hoa@example.vn", "team_leader", theirs)
    headers = person(app, "organiser", org)
    asked = {"role": "team_leader", "scope_id": own}
    made = client.post(f"{URL}/{mine}/roles", json=asked, headers=headers)
    assert made.status_code == 201
    for refused in ({"role": "team_leader", "scope_id": theirs}, {"role": "admin"},
                    {"role": "organiser", "scope_id": org}):  # fmt: skip
        answer = client.post(f"{URL}/{mine}/roles", json=refused, headers=headers)
        assert status_and_code(answer) == (403, "forbidden")
    assert (
        client.delete(f"{URL}/{mine}/roles/{made.json['id']}", headers=headers).status_code == 204
    )
    for other in (made.json["id"] - 1, 999):
        answer = client.delete(f"{URL}/{mine}/roles/{other}", headers=headers)
        assert status_and_code(answer) == (403, "forbidden")
    assert roles_of(app, mine)[0] == ("team_leader", theirs, False)


def test_the_last_admin_keeps_the_role(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    with app.app_context():
        mine, role = db.session.query(Role.user_id, Role.id).one()
    path = f"{URL}/{mine}/roles/{role}"
    assert status_and_code(client.delete(path, headers=admin)) == (409, "last_admin")
    other = account(app, "hoa@example.vn", "admin")
    assert client.delete(path, headers=admin).status_code == 204
    assert status_and_code(client.get(URL, headers=admin)) == (403, "forbidden")
    assert roles_of(app, other) == [("admin", None, False)]


def test_two_admins_do_not_end_each_other(app: Flask) -> None:
    headers = [person(app, "admin", password_hash="set") for _ in range(2)]
    with app.app_context():
        roles = db.session.query(Role.user_id, Role.id).order_by(Role.id).all()
    paths = [f"{URL}/{user}/roles/{role}" for user, role in reversed(roles)]
    both = Barrier(2)

    def end(place: int) -> int:
        client = app.test_client()
        both.wait()
        return client.delete(paths[place], headers=headers[place]).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(end, range(2)))
    # Both at once, or the second one no longer an admin when asking.
    assert answers in ([204, 409], [204, 403])


@pytest.mark.slow
@pytest.mark.parametrize("role", ["organiser", "team_leader"])
def test_no_role_is_granted_over_what_ends_in_that_moment(
    app: Flask, admin: dict[str, str], role: str
) -> None:
    group = organisation(app)
    table, scope = ("organisations", group) if role == "organiser" else ("teams", team(app, group))
    path = f"{URL}/{account(app, 'hoa@example.vn')}/roles"
    body = {"role": role, "scope_id": scope}

    def grant() -> Any:
        return app.test_client().post(path, json=body, headers=admin)

    with app.app_context(), db.engine.connect() as ending, ThreadPoolExecutor(1) as pool:
        ending.execute(text(f"update {table} set ended_at = now() where id = {scope}"))
        granted = pool.submit(grant)
        with pytest.raises(TimeoutError):
            granted.result(timeout=2)
        ending.commit()
        assert granted.result().status_code == 422


def test_a_closed_account_gets_no_role(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    gone = account(app, "gone@example.vn", closed_at="2024-11-01T00:00Z")
    for number in (gone, 999, "99999999999", "x"):
        answer = client.post(f"{URL}/{number}/roles", json={"role": "admin"}, headers=admin)
        assert status_and_code(answer) == (404, "not_found")
    with app.app_context():
        assert db.session.get_one(User, gone).closed_at is not None
