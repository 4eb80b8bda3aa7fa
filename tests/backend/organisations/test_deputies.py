"""Deputies: an official lends the own area until a day, and takes it back."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.accounts.models import OneTimeLink, Role, User
from backend.accounts.second_factor import encrypt
from backend.database.extensions import db
from backend.demo.service import remove_teams
from tests.support.clock import FakeClock
from tests.support.people import (
    PASSWORD,
    account,
    audit_entries,
    cluster,
    grant,
    password_hash,
    person,
    sign_in,
    unit_id,
)
from tests.support.problems import wrong_fields
from tests.support.sign_in import SECRET
from tests.support.smtp_server import mail_server
from tests.support.sql_statements import recorded_statements

URL = "/api/v1/deputies"
COMMUNE = {"system": "2024", "code": "05443"}
PROVINCE = {"system": "2024", "code": "19"}
NAME = "lan@example.vn"


class Cast:
    """The official of a province, and a person who has no role."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.official = person(app, "official", unit_id(app, "19", level="province"))
        self.lan = person(app, name=NAME, password_hash=password_hash())

    def lend(self, headers: Any = None, **changes: Any) -> Any:
        asked = {
            "name": NAME, "unit": COMMUNE, "reason": "nghỉ phép",
            "valid_to": "2024-12-01T00:00:00+07:00",
        }  # fmt: skip
        return self.client.post(URL, json=asked | changes, headers=headers or self.official)

    def sees(self, code: str = "05443", headers: Any = None) -> bool:
        url = f"/api/v1/units/{code}/signals"
        status = self.client.get(url, headers=headers or self.lan).status_code
        assert status in (200, 404)
        return bool(status == 200)


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_a_deputy_acts_in_the_part_that_was_lent(cast: Cast) -> None:
    assert not cast.sees()
    made = cast.lend()
    assert made.status_code == 201 and made.json["area"]["unit"]["code"] == "05443"
    assert cast.sees() and not cast.sees("05452") and not cast.sees("19")
    for headers in (cast.official, cast.lan):
        [one] = cast.client.get(URL, headers=headers).json["items"]
        assert (one["name"], one["reason"]) == (NAME, "nghỉ phép")
    [(act, details)] = audit_entries(cast.app, f"user:{made.json['user_id']}")
    assert act == "area.delegate" and "reason" not in details


def test_the_list_asks_no_more_of_the_database_however_long_it_is(cast: Cast) -> None:
    def listed() -> int:
        return len(cast.client.get(URL, headers=cast.official).json["items"])

    cast.lend()
    assert listed() == 1
    with recorded_statements(cast.app) as few:
        listed()
    for code in ("05452", "05455"):
        cast.lend(unit={"system": "2024", "code": code})
    with recorded_statements(cast.app) as more:
        assert listed() == 3
    assert len(more) == len(few)


@pytest.mark.slow
def test_what_was_lent_ends_by_itself(cast: Cast, clock: FakeClock) -> None:
    cast.lend()
    clock.now = datetime(2024, 11, 30, 17, 0, tzinfo=UTC)
    assert not cast.sees() and cast.sees(headers=cast.official)


def test_who_lent_takes_back(cast: Cast) -> None:
    one = cast.lend().json["id"]
    stranger = person(cast.app, "official", unit_id(cast.app, "01", level="province"))
    assert cast.client.delete(f"{URL}/{one}", headers=stranger).status_code == 404
    assert cast.client.delete(f"{URL}/{one}", headers=cast.official).status_code == 204
    assert not cast.sees()
    assert cast.client.get(URL, headers=cast.official).json["items"] == []


def test_who_lent_renews_for_30_days_and_nobody_else(cast: Cast, clock: FakeClock) -> None:
    one = cast.lend().json["id"]
    clock.now += timedelta(days=10)
    renewal = f"{URL}/{one}/renewal"
    for headers in (cast.lan, person(cast.app, "admin")):
        assert cast.client.post(renewal, headers=headers).status_code == 404
    assert cast.client.post(renewal, headers=cast.official).status_code == 204
    [lent] = cast.client.get(URL, headers=cast.official).json["items"]
    assert lent["valid_to"] == (clock.now + timedelta(days=30)).isoformat()
    clock.now += timedelta(days=30)
    assert not cast.sees()
    assert cast.client.post(renewal, headers=cast.official).status_code == 404


def test_both_are_reminded_by_mail_once_three_days_before(cast: Cast, clock: FakeClock) -> None:
    cast.lend(valid_to="2024-12-10T00:00:00+07:00")
    with mail_server() as (settings, mails):
        cast.app.config.update(settings, PUBLIC_URL="https://do.example.vn")
        for days, mailed in ((16, 0), (1, 1), (1, 1)):
            clock.now += timedelta(days=days)
            done = cast.app.test_cli_runner().invoke(args=["accounts", "remind"])
            assert done.exit_code == 0, done.output
            assert len(mails) == mailed
        [mail] = [message_from_bytes(one, policy=policy.default) for one in mails]
    assert NAME in mail["To"] and len(mail["To"].addresses) == 2
    text = mail.get_content()
    assert "https://do.example.vn/account/deputies" in text and "00:00, 10/12/2024" in text


def test_a_deputy_may_give_up(cast: Cast) -> None:
    one = cast.lend().json["id"]
    assert cast.client.delete(f"{URL}/{one}", headers=cast.lan).status_code == 204
    assert not cast.sees()


def test_a_deputy_does_not_lend_further(cast: Cast) -> None:
    person(cast.app, name="minh@example.vn", password_hash=password_hash())
    assert cast.lend(unit=PROVINCE).status_code == 201 and cast.sees("19")
    refused = cast.lend(cast.lan, name="minh@example.vn")
    assert refused.status_code == 403


def test_a_deputy_is_none_without_whom_they_stand_in_for(cast: Cast) -> None:
    cast.lend()
    with cast.app.app_context():
        own = Role.delegated_by.is_(None)
        ends = datetime(2024, 11, 20, 11, 59, tzinfo=UTC)
        db.session.execute(update(Role).where(own).values(valid_to=ends))
        db.session.commit()
    assert not cast.sees()


def test_ending_a_role_ends_what_was_lent_of_it(cast: Cast) -> None:
    cast.lend()
    with cast.app.app_context():
        role, user = db.session.execute(
            select(Role.id, Role.user_id).where(Role.delegated_by.is_(None))
        ).one()
    admin = person(cast.app, "admin")
    url = f"/api/v1/users/{user}/roles/{role}"
    assert cast.client.delete(url, headers=admin).status_code == 204
    with cast.app.app_context():
        assert db.session.scalar(select(Role.valid_to).where(Role.delegated_by == role)) is not None
        lan = db.session.scalar(select(User.id).where(User.name == NAME))
        now = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)
        assert not db.session.scalar(
            select(Role.id).where(Role.user_id == lan, Role.valid_to > now)
        )


def test_an_official_of_a_cluster_lends_it(cast: Cast) -> None:
    own = cluster(cast.app, ("05443", "05452"))
    official = person(cast.app, "official", own, kind="cluster")
    made = cast.lend(official, unit=None, cluster_id=own)
    assert made.json["area"]["cluster"] == {"id": own, "name": "Cụm xã"}
    assert cast.sees("05452") and not cast.sees("05455")
    assert cast.lend(official, unit=COMMUNE).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"valid_to": "2024-11-20T00:00:00+07:00"}, "valid_to", "in_the_past"),
        ({"valid_to": "2024-12-20T19:00:01+07:00"}, "valid_to", "deputy_too_long"),
        ({"reason": " "}, "reason", "required"),
        ({"name": "nobody@example.vn"}, "name", "deputy_unknown"),
        ({"unit": None}, "unit", "unit_or_cluster"),
        ({"unit": {"system": "2024", "code": "x"}}, "unit", "scope_unknown"),
    ],
)
def test_what_cannot_be_lent(cast: Cast, changes: dict[str, Any], field: str, code: str) -> None:
    answer = cast.lend(**changes)
    assert wrong_fields(answer) == [(field, code)]


def test_only_the_own_area_is_lent(cast: Cast) -> None:
    assert cast.lend(unit={"system": "2024", "code": "01"}).status_code == 403
    admin = cast.lend(person(cast.app, "admin"))
    assert (admin.status_code, admin.json["code"]) == (403, "no_own_area")


def test_what_a_demos_official_lent_goes_with_the_demo(cast: Cast) -> None:
    cast.lend()
    with cast.app.app_context():
        db.session.execute(update(User).where(User.name != NAME).values(demo=True))
        db.session.commit()
        remove_teams()
        assert db.session.scalar(select(Role.id).limit(1)) is None
    assert not cast.sees()


def test_after_a_new_password_what_the_account_gave_is_ended_with_one_press(cast: Cast) -> None:
    """Whoever had the old password made a deputy and an invitation; others' stay."""
    unit, admin = unit_id(cast.app, "19", level="province"), person(cast.app, "admin")
    own = account(cast.app, "binh@example.vn", "official", unit)
    grant(cast.app, own, "admin")
    with cast.app.app_context():
        secret = encrypt(SECRET, own, cast.app.config["SECRET_KEY"])
        db.session.execute(update(User).where(User.id == own).values(totp_secret=secret))
        db.session.commit()
    browser, invitation = cast.app.test_client(), {"roles": [{"role": "admin"}]}
    code = pyotp.TOTP(SECRET).at(cast.app.extensions["clock"]())
    shown = sign_in(browser, "binh@example.vn", totp=code)
    assert cast.lend().status_code == 201  # by another official
    asked = {"name": NAME, "unit": COMMUNE, "reason": "x", "valid_to": "2024-12-01T00:00:00Z"}
    assert browser.post(URL, json=asked, headers=shown).status_code == 201
    for headers, name in ((shown, "a@example.vn"), (admin, "b@example.vn")):
        client = browser if headers is shown else cast.client
        made = client.post("/api/v1/invitations", json={"name": name} | invitation, headers=headers)
        assert made.status_code == 201
    changed = {"old": PASSWORD, "new": "mưa chiều trên phố"}
    assert browser.patch("/api/v1/account/password", json=changed, headers=shown).status_code == 204
    page = browser.get("/account/deputies").text
    assert NAME in page and "a@example.vn" in page and "b@example.vn" not in page
    form = {"csrf_token": shown["X-CSRF-Token"]}
    assert browser.post("/account/deputies/end", data=form).status_code == 303
    assert "a@example.vn" not in browser.get("/account/deputies").text
    with cast.app.app_context():
        left = db.session.scalars(
            select(User.name).join(OneTimeLink, OneTimeLink.user_id == User.id)
        ).all()
        assert left == ["b@example.vn"]
    assert len(cast.client.get(URL, headers=cast.lan).json["items"]) == 1
