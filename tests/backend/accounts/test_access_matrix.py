"""Every endpoint and method against everybody who may ask, by a table written by hand."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from tests.support import people
from tests.support.access.requests import send_request
from tests.support.access.table import (
    BY_SESSION,
    IDENTITY,
    REPORT,
    TABLE,
    endpoint,
    expected,
)
from tests.support.access.table_pages import DESK_REPORT, DRAFT
from tests.support.access.world import PASSWORD, World
from tests.support.openapi_client import openapi_document


def served(app: Flask) -> set[str]:
    """Every endpoint with its method, as the table names them."""
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def found() -> set[str]:
    return {" ".join(endpoint(row)) for row in TABLE}


def test_every_endpoint_is_decided(built: Flask) -> None:
    assert sorted(served(built) - found()) == []


def test_no_row_is_left_of_an_endpoint_that_is_gone(built: Flask) -> None:
    assert sorted(found() - served(built)) == []


@pytest.fixture
def plain(client: FlaskClient, app: Flask) -> FlaskClient:
    """A client that keeps no cookies: one sign-in is not to help the next who asks."""
    return app.test_client(use_cookies=False)


@pytest.mark.slow
@pytest.mark.parametrize("row", TABLE)
def test_access_matrix(app: Flask, plain: FlaskClient, row: str) -> None:
    """A world is made again after a request that may have changed it."""
    wanted, answered, world = expected(row), {}, None
    if wanted["nobody"] != 200:
        wanted["person"] = OF_ANYBODY_ELSE.get(row, wanted["other organiser"])
        wanted["observer"] = OF_OBSERVER.get(row, wanted["person"])
    for actor in wanted:
        if world is None:
            world = World(app, plain, actor)
        else:
            world.act_as(actor)
        if actor == "admin" and "<int:" in row and wanted[actor] < 300 and IDENTITY not in row:
            assert send_request(world, row, nowhere=True).status_code == 404
        answered[actor] = send_request(world, row).status_code
        if not row.startswith("GET ") and answered[actor] < 400:
            world = None
    assert answered == wanted


# What an observer of the country gets beyond a person without roles: reports before their approval,
# and those of all provinces. No samples, cells, signals, contacts or people. No change of anything:
# of a report that can be read it is forbidden, where others are told that there is none.
OF_OBSERVER = {
    "GET /api/v1/reports/provinces": 200,
    "GET /api/v1/reports/provinces/<code>/report.json": 200,
    "GET /api/v1/reports/provinces/<code>/seal.json": 200,
    "GET /desk/provinces": 200,
    "GET /desk/provinces.<any(csv,xlsx):form>": 200,
    "GET /desk/provinces/<code>": 200,
    f"GET {REPORT}": 200,
    f"GET {REPORT}/figures": 200,
    f"GET {REPORT}/files/<name>": 200,
    f"GET {REPORT}/attachments/<int:attachment_id>": 200,
    f"GET {REPORT}/remarks": 200,
    f"GET {REPORT}/remarks (approved)": 200,
    "GET /api/v1/units/<code>/letterhead": 200,
    "GET /desk/area/<code>/letterhead": 200,
    f"GET {DESK_REPORT}": 200,
    f"DELETE {REPORT}": 403,
    f"POST {REPORT}/freeze": 403,
    f"POST {REPORT}/approve": 403,
    f"POST {REPORT}/supersede": 403,
    f"PUT {REPORT}/remarks/<section>": 403,
    f"POST {DESK_REPORT}/remarks": 403,
    f"POST {DESK_REPORT}/freeze": 403,
    f"POST {DESK_REPORT}/approve": 403,
    f"POST {DESK_REPORT}/supersede": 403,
    f"POST {DESK_REPORT}/remove": 403,
    "POST /desk/area/<code>/letterhead": 403,
    # with a second factor, which the role needs
    "POST /api/v1/account/totp": 409,
    "POST /api/v1/account/recovery-codes": 201,
}

# What a person without roles gets, where it is not what an organiser of elsewhere gets.
OF_ANYBODY_ELSE = {
    "GET /campaigns/new": 403,
    "POST /campaigns/drafts/save": 403,
    f"GET {DRAFT}": 403,
    f"POST {DRAFT}": 403,
}


WRITES = [row for row in TABLE if not row.startswith("GET") and expected(row)["nobody"] > 400]
OF_PEOPLE = [row for row in WRITES if expected(row)["admin"] < 300]


# Their public form is checked before who asks.
KIND_FIRST = {
    ("POST", "/api/v1/devices/me/consents"),
    ("POST", "/api/v1/tests"),
    ("POST", f"{REPORT}/attachments"),
    ("PUT", f"{REPORT}/remarks/<section>"),
}
QUERY = {"month": "2024-11"}  # of queries, which are public, the only required field


BODIES = {endpoint(row) for row in WRITES if not row.startswith("DELETE")} - KIND_FIRST


def test_a_body_is_read_only_of_who_may_send_it(plain: FlaskClient) -> None:
    """A broken one tells nobody what an endpoint takes."""
    for method, path in BODIES:
        url = re.sub(r"<[^<>]+>", "1", path)
        for headers in ({}, {"Authorization": "Bearer x"}):
            body = {"data": "{", "content_type": "application/json", "query_string": QUERY}
            broken = plain.open(url, method=method, headers=headers, **body)
            assert broken.status_code == 401, path


@pytest.mark.parametrize("row", OF_PEOPLE)
def test_a_token_for_reading_writes_nothing(app: Flask, plain: FlaskClient, row: str) -> None:
    world = World(app, plain, "nobody", by_session=False)
    world.headers = world.headers_of("admin", scopes=("read",))
    assert send_request(world, row).status_code in (403, 404)


# Ending one's own session is no privileged act; its beginning is noted.
NOTED = [row for row in OF_PEOPLE if row != "DELETE /api/v1/sessions/current"]


@pytest.mark.slow
@pytest.mark.parametrize("row", NOTED)
def test_every_privileged_act_is_noted_with_who_and_from_where(
    app: Flask, plain: FlaskClient, owner: Engine, row: str
) -> None:
    world = World(app, plain, "admin")
    user = world.user_of(world.headers)
    assert user is not None and send_request(world, row).status_code == expected(row)["admin"]
    with owner.connect() as connection:
        noted = connection.execute(text("select actor, address from audit")).all()
    own = [entry for entry in noted if entry.actor == f"user:{user.id}"]
    assert own and all(entry.address == "127.0.0.1" for entry in own)


@pytest.mark.parametrize("row", sorted(BY_SESSION))
def test_a_program_does_not_what_a_person_does_at_a_page(
    app: Flask, plain: FlaskClient, row: str
) -> None:
    assert send_request(World(app, plain, "admin", by_session=False), row).status_code == 403


HIDDEN = [row for row in TABLE if 404 in expected(row).values()]


@pytest.mark.slow
@pytest.mark.parametrize("row", HIDDEN)
def test_what_is_hidden_is_answered_as_what_is_not_there(
    app: Flask, plain: FlaskClient, row: str
) -> None:
    to_whom = [actor for actor, status in expected(row).items() if status == 404]
    world = World(app, plain, to_whom[0])  # a refused request leaves it as it is
    for actor in to_whom[:3]:
        world.act_as(actor)
        there = send_request(world, row)
        world.act_as(actor)
        nowhere = send_request(world, row, nowhere=True)
        assert _said(there) == _said(nowhere)


def _said(answer: TestResponse) -> tuple[str, dict[str, str]]:
    """An answer but for the request's own number, its address and those above it."""
    said, path = answer.text.replace(answer.headers["X-Request-Id"], ""), answer.request.path
    while path:
        said, path = said.replace(path, ""), path.rpartition("/")[0]
    own = ("X-Request-Id", "Content-Length")
    return said, {name: value for name, value in answer.headers.items() if name not in own}


def test_protected_endpoints_declare_security(built: Flask) -> None:
    paths = openapi_document()["paths"]
    open_to_all = {endpoint(row) for row in TABLE if expected(row)["nobody"] < 400}
    silent = []
    for method, path in {endpoint(row) for row in TABLE} - open_to_all:
        plain = re.sub(r"<(?:[^<>]+:)?(\w+)>", r"{\1}", path)
        if not paths[plain][method.lower()].get("security"):
            silent.append(f"{method} {path}")
    assert silent == []


# What two people do one after the other


@pytest.mark.parametrize("actor", ["organiser", "other organiser"])
def test_no_team_of_another_organisation_enters_a_campaign_by_the_word_of_one(
    app: Flask, client: FlaskClient, actor: str
) -> None:
    world = World(app, client, actor)
    stranger = people.team(app, world.elsewhere, "Đội của Sở")
    url = f"/api/v1/campaigns/{world.campaign}/teams/{stranger}/join-code"
    assert client.post(url, json={}, headers=world.headers).status_code in (403, 404)


def test_who_holds_an_invitation_does_not_get_what_an_admin_grants_to_its_name(
    app: Flask, client: FlaskClient
) -> None:
    """The organiser who invites sees the link, and may open it in place of the person."""
    world = World(app, client, "organiser")
    asked = {"name": "lan@example.vn", "roles": [{"role": "team_leader", "scope_id": world.team}]}
    invited = client.post("/api/v1/invitations", json=asked, headers=world.headers).json
    roles = f"/api/v1/users/{invited['user_id']}/roles"
    granted = client.post(roles, json={"role": "admin"}, headers=world.headers_of("admin"))
    secret = invited["link"].partition("#")[2]
    accepting = {"secret": secret, "password": PASSWORD}
    accepted = client.post("/api/v1/invitations/accept", json=accepting)
    assert granted.status_code == 409 or accepted.status_code == 404
