"""A volunteer's day: five tests whose upload fails, two places without a network."""

import time
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, text

from backend.database.extensions import db
from backend.devices.models import Consent, Device
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.recording.models import Measurement, Receipt
from backend.measurements.recording.rules import MIN_DURATION_S
from tests.support.browser import PHONE, check_page, expect_text, picture, press
from tests.support.measuring_page import HERE, MEASURED_MS, agree, least_data, measure

Open = Callable[..., Page]
STEP_DEG = 0.004  # some 400 m
# Minutes pass at once: the clock of the page is moved, and its position stays fresh.
CLOCK = """(() => {
  const Real = Date;
  let passed = 0;
  globalThis.pass = (ms) => { passed += ms; };
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + passed); }
    static now() { return Real.now() + passed; }
  };
  const watch = navigator.geolocation.watchPosition.bind(navigator.geolocation);
  navigator.geolocation.watchPosition = (found, ...more) => watch((fix) => {
    const { latitude, longitude, accuracy, speed } = fix.coords;
    const coords = { latitude, longitude, accuracy, speed };
    const tell = () => found({ coords, timestamp: Date.now() });
    tell();
    clearInterval(globalThis.telling);
    globalThis.telling = setInterval(tell, 500);
  }, ...more);
  delete ServiceWorkerRegistration.prototype.sync; // its requests pass by the routes of a test
})()"""


def go(page: Page, steps: int) -> None:
    """Walk to another place."""
    place = HERE | {"latitude": HERE["latitude"] + steps * STEP_DEG}
    page.context.set_geolocation(place)  # type: ignore[arg-type]


# A phone that agreed to the first text, which names no notes.
OLD_CONSENT = """new Promise((done) => {
  indexedDB.open("dosong").onsuccess = ({ target }) => {
    const change = target.result.transaction("settings", "readwrite");
    change.objectStore("settings").put("1", "consent");
    change.oncomplete = done;
  };
})"""


def agree_to_notes(page: Page) -> int:
    """Agree to the newer text without a network; return the number of taps."""
    expect(page.locator("#consent-notes")).to_be_visible()
    expect(page.locator("#agree")).not_to_be_checked()
    check_page(page, "do-consent-notes")
    press(page, "Để sau")
    expect(page.locator("#consent")).to_be_hidden()
    press(page, "Đúng cả ba: ghi nhận chỗ này")
    return accept(page)


def decline(page: Page) -> int:
    """Note under the older text; return the number of taps."""
    expect_text(page, "bạn vẫn đo và ghi nhận như trước")
    press(page, "Để sau")
    return 1


def accept(page: Page) -> int:
    """Agree to the newer text; return the number of taps."""
    page.locator("#agree").check()
    press(page, "Tôi đồng ý")
    return 2


def note_the_place(page: Page, answer: Callable[[Page], int] | None = None) -> int:
    """Try to measure without a network, and note the place; return the number of taps."""
    press(page, "Đo")
    expect_text(page, "Chỗ này không kết nối được")
    expect_text(page, "Lần thử 1/3")
    picture(page, "do-noting")
    press(page, "Đúng cả ba: ghi nhận chỗ này")
    more = answer(page) if answer else 0
    for attempt in (2, 3):
        page.evaluate("pass(32_000)")
        if attempt == 2:
            expect_text(page, "Lần thử 2/3")
    expect(page.locator("#no-connection-result")).to_contain_text("Đã ghi nhận.", timeout=30_000)
    return 2 + more


@pytest.mark.long
def test_a_note_stays_under_the_text_that_its_person_agreed_to(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.add_init_script(CLOCK)
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    page.evaluate("navigator.serviceWorker.ready")
    with app.app_context():
        db.session.execute(
            text(
                "update devices set registered_at = registered_at - interval '1 h',"
                " consent_version = '2'"
            )
        )
        db.session.execute(text("update consents set version = '2'"))
        db.session.commit()
    page.evaluate(OLD_CONSENT.replace('"1"', '"2"'))
    page.context.set_offline(True)
    for step, answer in ((6, decline), (9, accept)):
        go(page, step)
        page.evaluate("pass(3_000)")
        page.wait_for_timeout(1_000)
        note_the_place(page, answer)
    page.context.set_offline(False)
    expect(page.locator("#gaps li.good")).to_have_count(2, timeout=30_000)
    with app.app_context():
        first, second = db.session.scalars(
            select(NoConnectionNote.received_at).order_by(NoConnectionNote.noted_at)
        )
        consents = db.session.query(Consent.version, Consent.recorded_at).order_by(Consent.id)
        (_, _), (version, recorded) = consents.all()
        assert version == "4" and first < recorded <= second


@pytest.mark.long
def test_a_day_with_two_places_without_a_network(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE, geolocation=HERE, permissions=["geolocation"])
    page.add_init_script(CLOCK)
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    least_data(page)
    page.evaluate("navigator.serviceWorker.ready")
    with app.app_context():  # the minutes that the clock is moved by are not before the consent
        db.session.execute(
            text(
                "update devices set registered_at = registered_at - interval '1 h',"
                " consent_version = '1'"
            )
        )
        db.session.commit()
    page.evaluate(OLD_CONSENT)
    began, taps = time.monotonic(), 0
    page.route("**/api/v1/measurements?*", lambda route: route.abort())
    page.route("**/api/v1/measurements", lambda route: route.abort())
    for step in range(5):
        go(page, step)
        if step:
            page.wait_for_timeout(1_000 * MIN_DURATION_S)  # tests must not overlap
        measure(page)
        taps += 1
        expect(page.locator("#verdict")).to_contain_text(
            "Đang chờ mạng để gửi", timeout=MEASURED_MS
        )
    page.context.set_offline(True)
    for step in (6, 9):
        go(page, step)
        page.evaluate("pass(3_000)")
        page.wait_for_timeout(1_000)
        taps += note_the_place(page, agree_to_notes if step == 6 else None)
        expect(page.locator("body")).not_to_contain_text("Không hợp lệ")
    expect(page.locator("#today li")).to_have_count(5)
    expect(page.locator("#gaps li.wait")).to_have_count(2)
    expect(page.locator("#map .gap.wait")).to_have_count(2)
    check_page(page, "do-no-connection")
    with app.app_context():
        assert (
            db.session.query(Measurement).count() == db.session.query(NoConnectionNote).count() == 0
        )
    page.unroute("**/api/v1/measurements?*")
    page.unroute("**/api/v1/measurements")
    page.context.set_offline(False)
    expect(page.locator("#gaps li.good")).to_have_count(2, timeout=30_000)
    expect_text(page, "Đã gửi 2 chỗ mất mạng bạn ghi nhận.")
    expect(page.locator("#today .good")).to_have_count(5)
    expect(page.locator("#map .gap.good")).to_have_count(2)
    expect(page.locator("#queue")).to_be_hidden()
    seconds = time.monotonic() - began
    page.reload()  # nothing is sent twice
    expect(page.locator("#today .good")).to_have_count(5)
    expect(page.locator("#gaps li.good")).to_have_count(2)
    with app.app_context():
        samples = db.session.query(Measurement).all()
        assert [(one.counted, one.assurance) for one in samples] == [(True, "witnessed")] * 5
        assert db.session.query(NoConnectionNote).count() == 2
        assert db.session.query(Receipt).filter_by(kind="note").count() == 2
        assert db.session.query(Device.consent_version).scalar() == "4"
    print(
        f"volunteer's day: {taps} taps, {seconds:.0f} s with 5 tests, without the waits of 2 notes"
    )
