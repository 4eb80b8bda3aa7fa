"""Roles above team leader wait until an admin has confirmed an account."""

from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.models import OfficeIdentity, OneTimeLink, Role, User
from backend.database.extensions import db
from tests.support import people
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.people import LONG_AGO, audit_entries, person, sign_in
from tests.support.problems import wrong_fields
from tests.support.sign_in import status_and_code

NAME = "chutich.vonhai@example.vn"
STOLEN, CHOSEN = "mưa chiều trên phố", "nắng sớm bên sông Cầu"
COMMUNE = {"system": "2024", "code": "05443"}
SAMPLES = "/api/v1/units/05443/measurements"
OFFICIALS = "/admin/people/officials"


def accept(client: FlaskClient, link: str, password: str) -> None:
    body = {"secret": link.partition("#")[2], "password": password}
    assert client.post("/api/v1/invitations/accept", json=body).status_code == 200


class Thief:
    """A person who took the account of a future official, invited as a leader of an own team."""

    def __init__(self, app: Flask, admin: AdminBrowser) -> None:
        self.app, self.admin, self.client = app, admin, app.test_client()
        organisation = people.organisation(app)
        organiser = person(app, "organiser", organisation, display_name="Anh Sơn")
        role = {"role": "team_leader", "scope_id": people.team(app, organisation)}
        asked = {"name": NAME, "roles": [role]}
        made = self.client.post("/api/v1/invitations", json=asked, headers=organiser).json
        self.id = made["user_id"]
        accept(self.client, made["link"], STOLEN)
        sign_in(self.client, NAME, password=STOLEN)

    def reads(self) -> int:
        return int(self.client.get(SAMPLES).status_code)

    def put_on_list(self, **fields: Any) -> str:
        rows = f"Phường Trưng Vương\tÔng Chủ tịch\t{NAME}"
        return self.admin.send(OFFICIALS, officials=rows, home="Tỉnh Thái Nguyên", **fields).text

    def grant(self, role: dict[str, Any]) -> None:
        path = f"/api/v1/users/{self.id}/roles"
        headers = {"X-CSRF-Token": self.admin.token}
        assert self.admin.client.post(path, json=role, headers=headers).status_code == 201


@pytest.fixture
def thief(app: Flask, client: FlaskClient, clock: FakeClock) -> Thief:
    return Thief(app, AdminBrowser(app, client, clock.now))


def test_the_list_shows_who_invited_and_gives_a_new_link(thief: Thief) -> None:
    shown = thief.put_on_list()
    assert "tài khoản chưa xác nhận: vai trò chờ đường dẫn mới" in shown
    assert "Anh Sơn" in shown and "Đội 1" in shown
    done = thief.put_on_list(go="yes")
    assert thief.reads() == 404
    link = "http://localhost/invitation#" + done.split("/invitation#")[1].split()[0].split("<")[0]
    with thief.app.app_context():  # what the thief prepared meanwhile
        db.session.add(
            OfficeIdentity(
                issuer="https://id.example", subject="x", user_id=thief.id,
                created_at=LONG_AGO, signed_in_at=LONG_AGO,
            )
        )  # fmt: skip
        db.session.commit()
    honest = thief.app.test_client()
    accept(honest, link, CHOSEN)
    assert thief.reads() == 404
    sign_in(honest, NAME, password=CHOSEN)
    assert honest.get(SAMPLES).status_code == 200
    with thief.app.app_context():
        assert db.session.scalar(select(OfficeIdentity.id)) is None


def test_a_tick_in_the_list_confirms_the_account(thief: Thief) -> None:
    assert "checked" in thief.put_on_list(known=str(thief.id))
    assert thief.reads() == 404
    assert "/invitation#" not in thief.put_on_list(go="yes", known=str(thief.id))
    assert thief.reads() == 200
    assert ("user.confirm", {}) in audit_entries(thief.app, f"user:{thief.id}")


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ({"role": "official", "unit": COMMUNE}, SAMPLES),
        ({"role": "admin"}, SAMPLES),
        ({"role": "organiser", "scope_id": 1}, None),
    ],
)
def test_a_granted_role_waits_for_the_admin(
    thief: Thief, clock: FakeClock, role: dict[str, Any], path: str | None
) -> None:
    if path is None:
        role = role | {"scope_id": people.organisation(thief.app, "Sở")}
    if role["role"] == "admin":
        with thief.app.app_context():
            db.session.get_one(User, thief.id).totp_secret = "set up by the thief"
            db.session.commit()
    thief.grant(role)
    url = path or f"/api/v1/organisations/{role['scope_id']}"

    def status() -> int:
        if path:
            return thief.reads()
        shown = sign_in(thief.client, NAME, password=STOLEN) | {"If-Match": '"1"'}
        return int(thief.client.patch(url, json={"name": "Sở Y"}, headers=shown).status_code)

    assert status() in (403, 404)
    page = thief.admin.get(f"/admin/people/{thief.id}")
    assert "Mời bởi Anh Sơn" in page and "chờ xác nhận" in page
    headers = {"X-CSRF-Token": thief.admin.token}
    confirm = f"/api/v1/users/{thief.id}/confirmation"
    assert thief.admin.client.post(confirm, headers=headers).status_code == 204
    assert status() == 200


def test_a_role_that_waits_ends_with_the_name_it_was_granted_to(thief: Thief) -> None:
    """An admin's new link goes to the name that the holder chose."""
    thief.grant({"role": "official", "unit": COMMUNE})
    shown = sign_in(thief.client, NAME, password=STOLEN)
    renamed = {"name": "thief@evil.example", "password": STOLEN}
    patched = thief.client.patch("/api/v1/account/name", json=renamed, headers=shown)
    assert patched.status_code == 204
    path, headers = f"/api/v1/users/{thief.id}/password-link", {"X-CSRF-Token": thief.admin.token}
    accept(thief.client, thief.admin.client.post(path, headers=headers).json["link"], CHOSEN)
    sign_in(thief.client, "thief@evil.example", password=CHOSEN)
    assert thief.reads() == 404
    ended = [
        facts for act, facts in audit_entries(thief.app, f"user:{thief.id}") if act == "role.end"
    ]
    assert [(one["role"], one["scope"]) for one in ended] == [("official", "unit")]
    with thief.app.app_context():  # the role before stays
        lasting = select(Role.role).where(Role.user_id == thief.id, Role.valid_to.is_(None))
        assert db.session.scalars(lasting).all() == ["team_leader"]


def test_an_official_lends_nothing_to_an_unconfirmed_account(thief: Thief) -> None:
    official = person(thief.app, "official", people.unit_id(thief.app, "05443"))
    asked = {"name": NAME, "unit": COMMUNE, "reason": "nghỉ phép"}
    asked["valid_to"] = "2024-12-01T00:00:00+07:00"
    refused = thief.client.post("/api/v1/deputies", json=asked, headers=official)
    assert wrong_fields(refused) == [("name", "deputy_unconfirmed")]
    assert thief.reads() == 404
    thief.admin.done(f"/admin/people/{thief.id}/confirm")
    lent = thief.client.post("/api/v1/deputies", json=asked, headers=official)
    assert (lent.status_code, thief.reads()) == (201, 200)


def test_a_link_of_the_organiser_confirms_nothing_and_one_of_the_admin_does(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """Again in turn, while nobody has accepted."""
    organisation, admin = people.organisation(app), person(app, "admin")
    organiser = person(app, "organiser", organisation)
    role = {"role": "team_leader", "scope_id": people.team(app, organisation)}
    asked = {"name": NAME, "roles": [role]}
    for headers, purpose in ((organiser, "leader"), (admin, "invitation"), (organiser, "leader")):
        made = client.post("/api/v1/invitations", json=asked, headers=headers)
        assert made.status_code == 201
        with app.app_context():
            assert db.session.scalar(select(OneTimeLink.purpose)) == purpose
    early = client.post(f"/api/v1/users/{made.json['user_id']}/confirmation", headers=admin)
    assert status_and_code(early) == (409, "not_accepted_yet")
    accept(client, made.json["link"], CHOSEN)
    with app.app_context():
        assert db.session.scalar(select(User.confirmed_at).where(User.name == NAME)) is None


def test_a_name_of_the_persons_own_choice_is_not_confirmed(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """A confirmed leader takes the address of a future official; roles from before stay."""
    official = people.account(app, "a@example.vn", "official", people.unit_id(app, "05443"))
    shown = sign_in(client, "a@example.vn")
    body = {"name": NAME, "password": people.PASSWORD}
    assert client.patch("/api/v1/account/name", json=body, headers=shown).status_code == 204
    assert client.get(SAMPLES).status_code == 200
    role = {"role": "official", "unit": COMMUNE | {"code": "05452"}}
    made = client.post(f"/api/v1/users/{official}/roles", json=role, headers=person(app, "admin"))
    assert made.json["waits"] is True
    assert client.get(SAMPLES.replace("05443", "05452")).status_code == 404
    with app.app_context():
        waiting = db.session.scalars(select(Role.scope_id).where(Role.waits)).all()
    assert waiting == [people.unit_id(app, "05452")]
    page = AdminBrowser(app, app.test_client(), clock.now).get(f"/admin/people/{official}")
    assert "đã đổi tên đăng nhập" in page


def test_a_second_factor_of_a_thief_does_not_lock_the_person_out(
    thief: Thief, clock: FakeClock
) -> None:
    shown = sign_in(thief.client, NAME, password=STOLEN)
    body = {"password": STOLEN}
    offered = thief.client.post("/api/v1/account/totp", json=body, headers=shown).json
    code = {"code": pyotp.TOTP(offered["secret"]).at(clock.now)}
    confirmed = thief.client.post("/api/v1/account/totp/confirm", json=code, headers=shown)
    assert confirmed.status_code == 200
    headers = {"X-CSRF-Token": thief.admin.token}
    path = f"/api/v1/users/{thief.id}/password-link"
    link = thief.admin.client.post(path, headers=headers).json["link"]
    honest = thief.app.test_client()
    accept(honest, link, CHOSEN)
    sign_in(honest, NAME, password=CHOSEN)
    assert status_and_code(thief.client.get("/api/v1/account")) == (401, "unauthorized")
