"""A notice of an admin on the page of a phone, online and offline."""

from datetime import timedelta

from flask import Flask
from playwright.sync_api import Page, expect

from backend.accounts.access import Actor, Grant
from backend.clock import utc_now
from backend.database.extensions import db
from backend.devices.models import NoticePhone
from backend.notices import service
from tests.browser.test_measuring import begin, phone  # noqa: F401 # a fixture
from tests.support.browser import press

ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
TEXT = "Thứ bảy này máy chủ đo nghỉ từ 8 giờ đến 10 giờ."


def test_a_notice_stands_on_the_page_until_it_is_read(
    app: Flask,
    phone: Page,  # noqa: F811
) -> None:
    begin(phone)
    notice = {"text": TEXT, "unit": None, "month": None, "until": utc_now() + timedelta(days=3)}
    with app.app_context():
        service.send(ADMIN, notice | {"preview": False}, utc_now())
    phone.reload()  # asks for what is stored about the phone
    shown = phone.locator("#notices").get_by_text(TEXT)
    expect(shown).to_be_visible()
    phone.evaluate("navigator.serviceWorker.ready")
    phone.context.set_offline(True)
    phone.reload()
    expect(shown).to_be_visible()
    phone.context.set_offline(False)
    with phone.expect_response(lambda answer: answer.url.endswith("/read")) as read:
        press(phone, "Đã đọc")
    read_id = int(read.value.url.split("/")[-2])
    expect(phone.locator("#notices")).to_be_hidden()
    # An answer that was on its way when the button was pressed does not bring it back.
    phone.evaluate(
        "detail => dispatchEvent(new CustomEvent('notices', { detail }))",
        [{"id": read_id, "text": TEXT, "sent_at": utc_now().isoformat()}],
    )
    phone.wait_for_timeout(200)
    expect(phone.locator("#notices")).to_be_hidden()
    with app.app_context():
        assert [one.read_at is not None for one in db.session.query(NoticePhone)] == [True]
