"""The pages of admins about webhooks."""

import re
from datetime import timedelta
from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.database.extensions import db
from backend.doors.webhooks.models import Webhook, WebhookFailure
from backend.doors.webhooks.service import FAILURES_SHOWN
from backend.outbox import service as outbox
from backend.outbox.models import Event
from backend.outbox.service import NewEvent
from tests.support.admin_client import AdminBrowser, field_error
from tests.support.clock import FakeClock
from tests.support.webhooks import delete_all_events

PAGE, URL = "/admin/webhooks", "https://example.vn/dosong"


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    return AdminBrowser(app, client, clock.now)


def hook_of(app: Flask) -> Webhook:
    with app.app_context():
        hook = db.session.query(Webhook).one()
        db.session.expunge(hook)
        return hook


def test_the_secret_of_a_new_webhook_is_on_the_page_once(app: Flask, admin: AdminBrowser) -> None:
    assert "Chưa có webhook nào" in admin.get(PAGE)
    made = admin.send(PAGE, url=URL, kinds=["report.sealed", "commune.reached"])
    assert made.status_code == 201
    assert re.search(r"whsec_[A-Za-z0-9+/=]{44}", made.text)
    assert hook_of(app).kinds == ["commune.reached", "report.sealed"]
    page = admin.get(PAGE)
    assert URL in page and "whsec_" not in page


def test_a_unit_is_chosen_by_its_name(app: Flask, admin: AdminBrowser) -> None:
    assert admin.send(PAGE, url=URL, unit="Tỉnh Thái Nguyên").status_code == 201
    assert hook_of(app).unit_id is not None
    assert "Thái Nguyên" in admin.get(PAGE)


def test_a_wrong_address_is_said_beside_its_field(app: Flask, admin: AdminBrowser) -> None:
    for url, words in (
        ("", "Không được để trống."),
        ("http://example.vn", "https://"),
        ("https://192.168.1.1/", "không công khai"),
    ):
        page = admin.refused(PAGE, url=url)
        assert words in field_error(page, "url")


def test_a_webhook_shows_what_failed_and_can_be_disabled_and_removed(
    app: Flask, admin: AdminBrowser, clock: FakeClock
) -> None:
    admin.send(PAGE, url=URL)
    hook = hook_of(app)
    here = f"{PAGE}/{hook.id}"
    with app.app_context():
        outbox.add(NewEvent("report.sealed", None, "2024-11", {}))
        db.session.commit()
        outbox.number_pending()
        event = db.session.query(Event.id).scalar()
        times = dict.fromkeys(("first_at", "last_at", "next_at"), clock.now)
        row = WebhookFailure(webhook_id=hook.id, event_id=event, tries=3, error="http_503", **times)
        db.session.add(row)
        db.session.execute(update(Webhook).values(error="timeout", failing_since=clock.now))
        db.session.commit()
    page = admin.get(here)
    assert "mã trả lời 503" in page and "không trả lời trong 10 giây" in page
    admin.done(here, act="disable")
    assert "Quản trị viên đã tắt." in admin.get(here)
    admin.done(here, act="enable")
    assert "Quản trị viên đã tắt." not in admin.get(here)
    admin.done(here, act="replay", after="0")
    assert hook_of(app).cursor == 0
    assert "Không có sự kiện nào" in admin.get(here)
    for after in ("2", ""):  # of no event yet; forgotten
        assert field_error(admin.refused(here, act="replay", after=after), "after")
    assert admin.send(here, act="burn").status_code == 422
    admin.done(here, act="remove")  # without the tick
    assert admin.get(here)
    admin.done(here, act="remove", sure="yes")
    admin.get(here, 404)


def test_a_new_secret_is_on_the_page_once(app: Flask, admin: AdminBrowser) -> None:
    first = re.search(r"whsec_[^<]*", admin.send(PAGE, url=URL).text)
    here = f"{PAGE}/{hook_of(app).id}"
    assert "Khóa cũ vẫn ký" not in admin.get(here)
    made = admin.send(here, act="secret")
    second = re.search(r"whsec_[^<]*", made.text)
    assert made.status_code == 200 and first and second and first[0] != second[0]
    page = admin.get(here)
    assert "whsec_" not in page and "Khóa cũ vẫn ký" in page


def test_the_number_of_failed_events_counts_those_that_are_not_listed(
    app: Flask, admin: AdminBrowser, clock: FakeClock
) -> None:
    admin.send(PAGE, url=URL)
    hook = hook_of(app)
    with app.app_context():
        outbox.add(*[NewEvent("report.sealed", None, "2024-11", {})] * (FAILURES_SHOWN + 5))
        db.session.commit()
        outbox.number_pending()
        times = dict.fromkeys(("first_at", "last_at", "next_at"), clock.now)
        for event in db.session.scalars(select(Event.id)):
            row = WebhookFailure(webhook_id=hook.id, event_id=event, tries=1, error="tls", **times)
            db.session.add(row)
        db.session.commit()
    page = admin.get(f"{PAGE}/{hook.id}")
    assert "<dd>205</dd>" in page and "Danh sách có 200 sự kiện cũ nhất" in page


@pytest.mark.parametrize("reason", ["failing", "gone", "events_deleted"])
def test_why_a_webhook_was_disabled_is_on_its_page(
    app: Flask, admin: AdminBrowser, clock: FakeClock, reason: str
) -> None:
    admin.send(PAGE, url=URL)
    with app.app_context():
        at = clock.now - timedelta(days=1)
        db.session.execute(update(Webhook).values(disabled_at=at, disabled_reason=reason))
        db.session.commit()
    assert "Đã tắt: " in admin.get(f"{PAGE}/{hook_of(app).id}")


def test_a_webhook_whose_address_is_no_longer_allowed_says_what_to_do(
    app: Flask, admin: AdminBrowser
) -> None:
    app.config["WEBHOOK_NETWORKS"] = (ip_network("10.1.0.0/16"),)
    admin.send(PAGE, url="http://10.1.2.3/dosong")
    here = f"{PAGE}/{hook_of(app).id}"
    admin.done(here, act="disable")
    app.config["WEBHOOK_NETWORKS"] = ()
    page = admin.refused(here, act="enable")
    assert "Địa chỉ của webhook này không còn được phép" in page and "url:" not in page
    admin.done(here, act="disable")


def test_the_page_names_the_smallest_number_of_a_replay(
    app: Flask, admin: AdminBrowser, clock: FakeClock
) -> None:
    admin.send(PAGE, url=URL)
    here = f"{PAGE}/{hook_of(app).id}"
    hint = "các sự kiện cũ hơn đã bị xóa"
    assert hint not in admin.get(here)
    with app.app_context():
        outbox.add(*[NewEvent("report.sealed", None, "2024-11", {})] * 3)
        db.session.commit()
        outbox.number_pending()
    delete_all_events(app, clock)
    page = admin.get(here)
    assert f"Từ 3 trở đi: {hint}" in page
    page = admin.refused(here, act="enable")
    assert "Hãy bắt đầu từ một số sau đó" in page
    admin.done(here, act="replay", after="3")
    admin.done(here, act="enable")
