"""Pages of people who signed in: who gets in, how they come back, what is said in words."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.errors import FieldError, Problem
from backend.fields import Strict, Text
from backend.web.site.forms import Form
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.people import account, sign_in
from tests.support.sign_in import SECRET, code

NAME = "hoa@example.vn"


def signed_in(app: Flask, client: FlaskClient, role: str | None = None, **scope: Any) -> str:
    """Sign in; what forms have to send along."""
    account(app, NAME, role, scope.get("scope"))
    return sign_in(client, NAME)["X-CSRF-Token"]


def test_who_is_nobody_is_led_to_the_sign_in(client: FlaskClient) -> None:
    answer = client.get("/work")
    assert (answer.status_code, answer.location) == (303, "/sign-in")


@pytest.mark.parametrize(
    ("roles", "workspace"),
    [
        (["official"], "/desk"),
        (["organiser"], "/campaigns"),
        (["team_leader"], "/campaigns"),
        (["admin"], "/admin"),
        (["admin", "official"], "/desk"),
        ([], "/account"),
    ],
)
def test_sign_in_leads_to_the_workspace_of_a_role(
    app: Flask, client: FlaskClient, clock: FakeClock, roles: list[str], workspace: str
) -> None:
    organisation = people.organisation(app)
    scopes = {
        "official": people.unit_id(app, "19", level="province"),
        "organiser": organisation,
        "team_leader": people.team(app, organisation),
    }
    second = {"totp_secret": SECRET} if "admin" in roles else {}
    person = account(app, NAME, **second)
    for role in roles:
        people.grant(app, person, role, scopes.get(role))
    sign_in(client, NAME, **({"totp": code(clock)} if second else {}))

    typed = client.get("/sign-in?lang=en")
    assert (typed.status_code, typed.location) == (303, "/work?lang=en")
    assert client.get(typed.location).location == f"{workspace}?lang=en"
    assert client.get("/sign-in").location == "/work"
    assert client.get("/work").location == workspace
    assert client.get("/sign-in?next=/desk/reports/2").location == "/desk/reports/2"
    for path in ("//other.example/", "/\\other.example", "/\t/other.example", "x:y", ""):
        assert client.get("/sign-in", query_string={"next": path}).location == "/work"


def test_an_organiser_of_one_open_campaign_begins_with_its_day(
    app: Flask, client: FlaskClient
) -> None:
    organisation, area = people.organisation(app), people.unit_id(app, "19", level="province")
    people.grant(app, account(app, NAME), "organiser", organisation)
    sign_in(client, NAME)
    first = people.campaign(app, organisation, area)
    assert client.get("/work").location == f"/campaigns/{first}"
    people.campaign(app, organisation, area)
    assert client.get("/work").location == "/campaigns"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/unit/19", "/network-speed", "/search?q=Nguyên", "/reform/2024/19", "/data", "/embed",
        "/seal", "/docs", "/huong-dan", "/unit/khong-co",
    ],
)  # fmt: skip
def test_a_public_page_has_the_header_of_who_signed_in(
    app: Flask, client: FlaskClient, path: str
) -> None:
    app.config["PUBLISH"] = "after_approval"
    token = people.person(app, "official", people.unit_id(app, "19", level="province"))
    for headers in ({}, token):
        page = client.get(path, headers=headers, follow_redirects=True)
        assert "Đăng nhập</a>" in page.text and "csrf_token" not in page.text
    csrf = signed_in(app, client, "official", scope=people.unit_id(app, "19", level="province"))
    page = client.get(path, follow_redirects=True)
    assert "Đăng xuất" in page.text and "Đăng nhập</a>" not in page.text
    assert f'value="{csrf}"' in page.text and 'href="/desk' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/do/", "/invitation", "/unit/19/widget"])
def test_a_page_that_allows_no_forms_has_no_header_of_a_person(
    app: Flask, client: FlaskClient, path: str
) -> None:
    anonymous = client.get(path)
    signed_in(app, client, "official", scope=people.unit_id(app, "19", level="province"))
    assert client.get(path).data == anonymous.data


def test_a_page_asks_who_comes_and_remembers_where_to(client: FlaskClient) -> None:
    answer = client.get("/desk?month=2024-11")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=%2Fdesk%3Fmonth%3D2024-11"


def test_signing_out_needs_the_form_of_the_page(app: Flask, client: FlaskClient) -> None:
    token = signed_in(app, client)
    refused = client.post("/sign-out?lang=vi", data={"csrf_token": "0" * 64})
    assert refused.status_code == 403 and "Quay lại" in refused.text
    assert client.get("/api/v1/account").status_code == 200
    done = client.post("/sign-out", data={"csrf_token": token})
    assert (done.status_code, done.location) == (303, "/")
    assert client.get("/api/v1/account").status_code == 401


def test_what_goes_wrong_on_a_page_is_said_in_words(client: FlaskClient) -> None:
    answer = client.get("/?month=2099-01&lang=vi")
    assert answer.status_code == 422
    assert answer.mimetype == "text/html"
    assert "Không mở được trang này" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


class Named(Strict):
    name = Text(most=5, required=True)
    kinds = Text(load_default=None)


def loaded(app: Flask, **sent: Any) -> tuple[Any, Form]:
    form = Form("vi")
    with app.test_request_context("/", method="POST", data=sent):
        return form.load(Named()), form


def test_a_form_is_loaded_as_the_api_loads_it(app: Flask) -> None:
    assert loaded(app, name=" An ", kinds="", csrf_token="x")[0] == {"name": "An", "kinds": None}


@pytest.mark.parametrize(
    ("sent", "words"),
    [({"name": "dài quá rồi"}, "dài"), ({"name": " "}, "")],
)
def test_faults_stand_beside_what_was_typed(app: Flask, sent: dict[str, str], words: str) -> None:
    found, form = loaded(app, **sent)
    assert found is None
    assert words in form.errors["name"] and form.errors["name"]
    assert form.values["name"] == (sent["name"].strip() or None)


def test_a_rule_that_is_against_it_is_told_and_what_is_hidden_stays_so(app: Flask) -> None:
    def refuse(problem: Problem) -> Form:
        form = Form("en", values={"name": "An"})

        def act() -> None:
            raise problem

        with app.app_context():
            assert form.attempt(act) is None
        return form

    shown = refuse(Problem(422, "invalid", [FieldError("name", "too_long")]))
    assert set(shown.errors) == {"name"} and shown.error is None
    assert refuse(Problem(409, "month_in_future")).error == "This month has not begun."
    elsewhere = refuse(Problem(422, "invalid", [FieldError("unit", "required")]))
    assert elsewhere.errors == {} and elsewhere.error == "Unit: this field is missing."
    with pytest.raises(Problem):
        refuse(Problem(404, "not_found"))


def test_blueprints_of_pages_answer_in_words(app: Flask) -> None:
    """Whoever adds a blueprint of pages wraps it: an official cannot read JSON."""
    for name in {"web", "desk", "board", "admin", "measure"} & set(app.blueprints):
        assert Problem in app.error_handler_spec[name][None], name


def test_an_address_that_leads_nowhere_is_said_to_people_and_to_programs(
    client: FlaskClient,
) -> None:
    page, program = client.get("/khong-co"), client.get("/api/v1/khong-co")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Không có trang này" in page.text
    assert program.json["code"] == "not_found"
