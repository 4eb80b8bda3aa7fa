"""The measuring page on a phone: from a poster's address to a sample that counts."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

from backend.clock import local_day, utc_now
from backend.coverage.plan.models import Pin
from backend.database.extensions import db
from backend.devices.models import Consent
from backend.measurements.recording.models import Measurement
from backend.measurements.recording.rules import MIN_DURATION_S
from backend.memberships import poster
from backend.memberships.models import Volunteer
from backend.places.hamlets import locate
from backend.places.models import Place, PlaceStep
from backend.witness.models import TicketRow
from tests.support import people
from tests.support.browser import PHONE, Guard, check_page, expect_text, press
from tests.support.joining import Cast
from tests.support.measuring_page import (
    HERE,
    agree,
    go_on,
    least_data,
    limit_bandwidth,
    measure,
    measure_and_lose_the_network,
    open_fold,
)
from tests.support.requirements import counting_from

Open = Callable[..., Page]
BORDER = re.compile("^M.+Z$")


@pytest.fixture
def phone(new_page: Open) -> Iterator[Page]:
    """A phone in Thái Nguyên with permission to read its position."""
    yield new_page(PHONE, geolocation=HERE, permissions=["geolocation"])


def begin(page: Page) -> None:
    """Open the page, consent, choose the operator and the small test."""
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    least_data(page)


def stored(app: Flask) -> list[dict[str, Any]]:
    with app.app_context():
        rows = db.session.query(Measurement).order_by(Measurement.measured_at).all()
        names = ("counted", "reasons", "assurance")
        return [row.raw | {name: getattr(row, name) for name in names} for row in rows]


def test_from_the_poster_to_a_counted_sample(app: Flask, served: str, phone: Page) -> None:
    today, province = local_day(utc_now()), people.unit_id(app, "19", "2025", "province")
    cast = Cast(app, province, first_day=today, last_day=today)
    taps: list[str] = []
    phone.expose_function("tapped", lambda name: taps.append(name))
    phone.add_init_script("addEventListener('click', (e) => e.isTrusted && tapped(e.target.id))")
    phone.goto(poster.content(f"{served}/", cast.code_one))
    expect_text(phone, "Đội 1 mời bạn đo Internet")
    check_page(phone, "do-welcome")
    go_on(phone)
    expect(phone.locator("#agree")).not_to_be_checked()
    check_page(phone, "do-consent")
    press(phone, "Bắt đầu")
    expect_text(phone, "Hãy đánh dấu ô đồng ý.")
    taps.clear()  # of who does at once what is asked
    agree(phone)
    expect_text(phone, "Bạn đang dùng mạng nào?")
    press(phone, "Viettel")
    limit_bandwidth(phone, 200)
    measure(phone)
    expect_text(phone, "Được tính cho")
    # Six with the link that the camera offers and the browser's own question of the position, and
    # the first screen before.
    assert len(taps) == 4, taps
    [kept] = stored(app)
    assert kept["counted"] and kept["network"] == {"kind": "mobile", "operator": "Viettel"}
    assert kept["operator_source"] == "user"
    assert 0 < kept["download_mbps"] < 5_000 and kept["data_used_mb"] > 0
    assert kept["location"]["accuracy_m"] == 12
    assert kept["assurance"] == "witnessed"
    expect(phone.locator("#verdict .assurance")).to_be_empty()  # confirmed
    open_fold(phone, "team")
    expect_text(phone, "Cả đội: 1 mẫu được tính")
    check_page(phone, "do-in-team")
    phone.locator("#teams button").click()
    phone.locator("#leave").get_by_role("button", name="Rời đội", exact=True).click()
    expect_text(phone, "Bạn chưa ở đội nào.")


def test_a_sample_in_the_same_place_takes_two_taps_and_says_what_to_do_better(
    app: Flask, phone: Page
) -> None:
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    phone.reload()
    measure(phone, anyway=True)
    expect_text(phone, "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua.")
    expect_text(phone, "Đi xa chỗ cũ hơn 100 m")
    expect_text(phone, "2 mẫu, 1 được tính")
    assert [one["counted"] for one in stored(app)] == [True, False]
    check_page(phone, "do-measured")


# Store the sample of this phone so many times more, and show its verdict again.
MORE = """async (n) => {
  const [store, verdicts] = await Promise.all(["store", "verdicts"].map((name) => import(`/static/do/${name}.js`)));
  const [own] = await store.samples();
  for (let i = 0; i < n; i += 1) await store.saveSample({ ...own, id: crypto.randomUUID() });
  await verdicts.showVerdict(own);
}"""  # noqa: E501


def test_who_measured_much_in_a_commune_is_led_to_other_phones(phone: Page) -> None:
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    tip = phone.locator("#verdict.good .tip")
    phone.evaluate(MORE, 8)
    expect(tip).not_to_contain_text("Rủ thêm người")
    phone.evaluate(MORE, 1)
    expect(tip).to_contain_text("Ở đây máy bạn đã đo đủ nhiều. Rủ thêm người, hoặc sang chỗ khác")


def test_a_new_consent_text_requires_new_consent(app: Flask, phone: Page) -> None:
    begin(phone)
    phone.evaluate(
        "import('/static/do/store.js').then((store) => store.saveSetting('consent', '0'))"
    )
    phone.reload()
    expect(phone.locator("#agree")).not_to_be_checked()
    agree(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    with app.app_context():
        agreed = db.session.query(Consent.device_id, Consent.version).all()
    assert len(agreed) == 2 and len(set(agreed)) == 1  # twice, the same phone


def test_without_a_network_nothing_is_lost(app: Flask, phone: Page) -> None:
    begin(phone)
    again = measure_and_lose_the_network(phone)
    assert stored(app) == []
    check_page(again, "do-offline")
    again.context.set_offline(False)
    expect_text(again, "1 mẫu, 1 được tính")
    expect(again.locator("#queue")).to_be_hidden()
    [sample] = stored(app)
    assert sample["counted"] and sample["assurance"] == "witnessed"


def test_without_a_ticket_a_sample_is_claimed(app: Flask, phone: Page) -> None:
    phone.route("**/api/v1/tests", lambda route: route.abort())
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    expect_text(phone, "Kết quả chưa được máy chủ đo xác nhận")
    [sample] = stored(app)
    assert sample["assurance"] == "claimed" and sample["counted"]


@pytest.mark.long
def test_where_a_witness_is_needed_a_test_without_one_says_what_to_do(
    app: Flask, phone: Page
) -> None:
    phone.route("**/api/v1/tests", lambda route: route.abort())
    with counting_from(app, "witnessed"):
        begin(phone)
        measure(phone)
        expect_text(phone, "Phép đo chưa được máy chủ đo xác nhận")
        expect_text(phone, "Hãy đo lại và giữ trang này mở cho đến khi đo xong.")
        phone.unroute("**/api/v1/tests")
        phone.wait_for_timeout(1_000 * MIN_DURATION_S)  # earlier tests would overlap
        measure(phone)
        expect_text(phone, "Được tính cho")
    assert [one["counted"] for one in stored(app)] == [False, True]


@pytest.mark.parametrize(
    "path", ["/do/tests", "/do/down/end?*", "/do/down?bytes=0&test=*", "/do/tests/end?*"]
)
def test_a_silent_host_does_not_fail_a_test(app: Flask, phone: Page, path: str) -> None:
    phone.route(f"**{path}", lambda route: route.abort())
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    expected = "witnessed" if "bytes=0" in path else "claimed"  # pings only make it more exact
    assert [one["assurance"] for one in stored(app)] == [expected]


def test_a_host_that_ends_a_test_early_does_not_fail_it(
    app: Flask, phone: Page, guard: Guard
) -> None:
    phone.route("**/do/up?*test=*", lambda route: route.fulfill(status=409))
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    assert [one["assurance"] for one in stored(app)] == ["claimed"]
    assert all(one.startswith("Error fetching") for one in guard.complaints)
    guard.complaints.clear()  # of the engine


@pytest.mark.long
def test_a_late_ticket_is_used_for_the_next_test(app: Flask, phone: Page) -> None:
    late: list[Route] = []
    phone.route("**/api/v1/tests", lambda route: late.append(route))
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    with phone.expect_response("**/api/v1/tests"):
        late.pop().continue_()
    measure(phone, anyway=True)
    expect_text(phone, "2 mẫu, 1 được tính")
    expect_text(phone, "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua.")  # answered
    assert late == []
    assert [one["assurance"] for one in stored(app)] == ["claimed", "witnessed"]


def test_a_lost_answer_costs_no_ticket(app: Flask, phone: Page) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    phone.route("**/api/v1/tests", lose)
    begin(phone)
    measure(phone)
    expect_text(phone, "Được tính cho")
    phone.unroute_all()
    measure(phone, anyway=True)
    expect_text(phone, "2 mẫu, 1 được tính")
    expect_text(phone, "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua.")  # answered
    assert [one["assurance"] for one in stored(app)] == ["claimed", "witnessed"]
    with app.app_context():
        assert db.session.query(TicketRow).count() == 2  # with that of the next test


def test_a_witness_that_was_not_fetched_is_fetched_later(app: Flask, phone: Page) -> None:
    begin(phone)
    for path in ("/do/tests/end?*", "/api/v1/devices/me"):
        phone.route(f"**{path}", lambda route: route.abort())
    phone.evaluate("delete ServiceWorkerRegistration.prototype.sync")
    measure(phone)
    expect_text(phone, "Đang chờ mạng để gửi")
    assert stored(app) == []
    phone.unroute_all()
    phone.evaluate("dispatchEvent(new Event('online'))")
    expect_text(phone, "Được tính cho")
    assert [one["assurance"] for one in stored(app)] == ["witnessed"]


def test_a_refused_position_shows_how_to_allow_it(app: Flask, new_page: Open) -> None:
    page = new_page(PHONE)
    begin(page)
    press(page, "Đo")
    expect_text(page, "Trang này chưa được phép lấy vị trí")
    check_page(page, "do-refused")
    press(page, "Đo không có vị trí")
    expect_text(page, "Không có vị trí GPS dùng được.")
    expect_text(page, "Cho phép lấy vị trí, rồi đo lại.")
    assert [one["reasons"] for one in stored(app)] == [["position_missing"]]


@pytest.mark.long
def test_an_i_speed_result_is_stored_separately(app: Flask, phone: Page) -> None:
    phone.context.set_geolocation(HERE | {"accuracy": 900})  # a better position is waited for
    begin(phone)
    measure(phone)
    phone.get_by_text("Đo thêm bằng i-Speed").click()
    press(phone, "Lưu")
    expect_text(phone, "Hãy nhập đủ ba con số.")
    expect(phone.locator("#note-down")).to_be_focused()
    for name, value in (("down", "45,6"), ("up", "12"), ("ping", "23")):
        phone.locator(f"#note-{name}").fill(value)
    phone.get_by_role("button", name="Lưu", exact=True).dblclick()
    phone.context.set_geolocation(HERE)
    open_fold(phone, "samples")
    expect_text(phone, "i-Speed, nhập tay")
    expect(phone.locator("#queue")).to_be_hidden()
    [noted] = [one for one in stored(app) if one["source"] == "manual"]
    assert (noted["source"], noted["download_mbps"], noted["counted"]) == ("manual", 45.6, False)
    assert noted["location"]["accuracy_m"] == 12


# Move the samples of this phone to the day before.
A_DAY_EARLIER = """async () => {
  const { samples, saveSample } = await import("/static/do/store.js");
  for (const one of await samples()) {
    one.body.measured_at = new Date(new Date(one.body.measured_at) - 86_400_000).toISOString();
    await saveSample(one);
  }
}"""


def test_verdicts_of_earlier_days_can_be_read(phone: Page) -> None:
    begin(phone)
    measure(phone)
    measure(phone, anyway=True)
    expect(phone.locator("#today .bad")).to_have_count(1)
    expect(phone.locator("#earlier")).to_be_hidden()
    phone.evaluate(A_DAY_EARLIER)
    phone.reload()
    expect(phone.locator("#own-day")).to_have_text("chưa đo")
    expect(phone.locator("#own-data")).to_be_hidden()
    expect_text(phone, "Hôm qua 1 mẫu")
    expect(phone.locator("#today li")).to_have_count(0)
    open_fold(phone, "samples")
    expect_text(phone, "Những ngày trước")
    expect_text(phone, "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua.")
    expect(phone.locator("#earlier .at").first).to_have_text(re.compile(r"^\d\d/\d\d, \d\d:\d\d$"))
    check_page(phone, "do-earlier")


def test_answers_that_come_late_leave_the_focus_where_it_is(phone: Page) -> None:
    late: list[Route] = []
    phone.route("**/api/v1/memberships/today", lambda route: late.append(route))
    begin(phone)
    open_fold(phone, "team")
    phone.get_by_text("Vào đội", exact=True).first.click()
    phone.locator("#join-code").fill("ACD")
    for route in late:
        route.continue_()
    expect_text(phone, "Bạn chưa ở đội nào.")
    phone.wait_for_load_state("networkidle")
    expect(phone.locator("#join-code")).to_be_focused()


def test_without_a_network_nothing_is_withdrawn_and_the_page_says_so(phone: Page) -> None:
    begin(phone)
    open_fold(phone, "team")
    expect_text(phone, "Bạn chưa ở đội nào.")
    phone.context.set_offline(True)
    phone.get_by_text("Vào đội", exact=True).first.click()
    press(phone, "Vào đội")
    expect_text(phone, "Hãy nhập mã.")
    expect(phone.locator("#join-code")).to_be_focused()
    phone.locator("#join-code").fill("ACDEFGHJ")
    press(phone, "Vào đội")
    expect(phone.locator("#join-code-fault")).to_contain_text("Không kết nối được với máy chủ.")
    open_fold(phone, "privacy")
    expect_text(phone, "Chưa có mạng nên chưa cho biết được điều gì sẽ thay đổi.")
    phone.locator("#withdraw").click()
    press(phone, "Xóa")
    said = phone.locator("#message")
    expect(said).to_have_text("Không kết nối được với máy chủ. Hãy kiểm tra mạng rồi thử lại.")
    expect(said).to_be_in_viewport()


def test_withdrawing_leaves_nothing_on_the_phone(app: Flask, phone: Page) -> None:
    begin(phone)
    measure(phone)
    open_fold(phone, "privacy")
    expect(phone.locator("#act-all-alone")).to_have_text(
        "1 mẫu trong 7 ngày sẽ không còn được tính."
    )
    phone.locator("#withdraw").click()
    expect_text(phone, "(Điện thoại không bị ảnh hưởng.)")
    expect(phone.locator("#sure-alone")).to_be_visible()
    check_page(phone, "do-withdraw")
    press(phone, "Xóa")
    expect_text(phone, "Bạn đã dừng tham gia")
    expect_text(phone, "1 mẫu trong 7 ngày qua, cho xã, phường lẫn cho đội")
    check_page(phone, "do-ended")
    press(phone, "Tham gia lại")
    go_on(phone)
    expect_text(phone, "Trước khi đo, bạn cần đồng ý")
    with app.app_context():  # a sample of the last 7 days leaves the counts too
        assert db.session.query(Measurement).all() == []


def test_the_code_that_was_shown_withdraws_without_the_phone(phone: Page) -> None:
    begin(phone)
    expect_text(phone, "hãy lưu mã xóa dữ liệu")
    open_fold(phone, "privacy")
    code = phone.locator("#withdrawal-code").inner_text()
    press(phone, "Tôi đã lưu mã")
    expect(phone.locator("#keep-code")).to_be_hidden()  # stored: a reload would abort it before
    phone.reload()
    expect(phone.locator("#withdrawal-code")).to_have_text(code)
    expect(phone.locator("#keep-code")).to_be_hidden()
    phone.goto("/withdraw")
    press(phone, "Xem điều gì sẽ thay đổi")
    expect_text(phone, "Hãy nhập mã.")
    expect(phone.locator("#withdrawal_code")).to_be_focused()
    phone.locator("#withdrawal_code").fill("AAAA-AAAA-AAAA")
    press(phone, "Xem điều gì sẽ thay đổi")
    expect_text(phone, "Không có thiết bị nào ứng với mã này")
    check_page(phone, "withdraw")
    phone.locator("#withdrawal_code").fill(code)
    press(phone, "Xem điều gì sẽ thay đổi")
    expect_text(phone, "Thiết bị, vị trí và thời điểm chính xác bị xóa ngay")
    check_page(phone, "withdraw-effects")
    press(phone, "Xóa hết")
    expect_text(phone, "Đã rút lại sự đồng ý, có hiệu lực ngay.")
    expect_text(phone, "Điện thoại không bị ảnh hưởng")
    phone.goto("/do/")
    go_on(phone)
    expect_text(phone, "Trước khi đo, bạn cần đồng ý")


WITHOUT_CLIPBOARD = """() => {
  navigator.clipboard.writeText = () => Promise.reject();
  document.execCommand = () => false;
}"""


def test_inside_another_app_the_page_says_how_to_leave_it(new_page: Open) -> None:
    page = new_page(PHONE, user_agent="Mozilla/5.0 (Linux; Android 14; SM-A525F; wv) Zalo/24.1")
    page.goto("/do/#ACDEFGHJ")
    expect_text(page, "Bạn đang mở trang này bên trong Zalo")
    link = str(page.locator("#chrome-link").get_attribute("href"))
    assert link.startswith("intent://127.0.0.1") and "/j/ACDEFGHJ#Intent" in link
    check_page(page, "do-inside")
    page.evaluate(WITHOUT_CLIPBOARD)
    press(page, "Sao chép đường dẫn")
    expect_text(page, "Đã chọn sẵn nội dung; hãy sao chép bằng tay.")
    assert page.evaluate("getSelection().toString()").endswith("/do/#ACDEFGHJ")
    page.goto("/?network=mobile")
    expect(page.locator("#inside")).to_contain_text("Bạn đang mở trang này bên trong Zalo")
    link = str(page.get_by_role("link", name="Mở trong Chrome").get_attribute("href"))
    assert link.startswith("intent://127.0.0.1") and "/?network=mobile#Intent" in link
    check_page(page, "home-inside")


def test_moving_to_another_team_needs_confirmation(app: Flask, phone: Page) -> None:
    cast = Cast(app)
    phone.goto(f"/do/#{cast.code_one}")
    agree(phone)
    press(phone, "Viettel")
    expect(phone.locator("#team-names")).to_have_text("Đội 1")
    open_fold(phone, "team")
    phone.get_by_text("Vào đội khác").click()
    phone.locator("#join-code").fill(cast.code_two.lower())
    press(phone, "Vào đội")
    expect_text(phone, "Bạn đang ở Đội 1. Chuyển sang Đội 2?")
    press(phone, "Chuyển đội")
    expect_text(phone, "Đã vào Đội 2.")
    expect(phone.locator("#team-names")).to_have_text("Đội 2")


def planned(unit: str, name: str, done: int, latitude: float) -> dict[str, Any]:
    """Return a place of a team's plan of today, which needs five samples."""
    place = {"code": unit, "name": name, "level": "commune"}
    at = {"latitude": latitude, "longitude": 105.8482, "distance_m": None}
    return {"unit": place, "samples": 5, "done": done, "pinned": True, **at}


def test_a_team_that_is_done_here_reads_where_it_is_not(app: Flask, phone: Page) -> None:
    def add_plan(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        here = (body.get("unit") or {}).get("code", "05443")
        items = [
            planned(here, "Phường này", 5, 21.5942),
            planned("1", "Xã Xa", 0, 21.7),
            planned("2", "Xã Gần", 2, 21.6),
        ]
        body["assignments"] = [{"items": items}]
        route.fulfill(response=answer, json=body)

    phone.route("**/api/v1/next?*", add_plan)
    phone.goto(f"/do/#{Cast(app).code_one}")
    agree(phone)
    press(phone, "Viettel")
    needs = phone.locator("#team-needs")
    expect(needs).to_have_text(re.compile("Đội đã đủ mẫu hôm nay ở đây; còn cần 3 mẫu ở xã Gần"))
    expect(phone.locator("#ring")).to_be_hidden()  # below one percent


def test_what_the_page_says_of_a_team_ends_with_its_truth(app: Flask, phone: Page) -> None:
    phone.goto(f"/do/#{Cast(app).code_one}")
    agree(phone)
    press(phone, "Viettel")
    expect(phone.locator("#message")).to_have_text("Đã vào Đội 1.")
    expect(phone.locator("#team > summary")).to_be_visible()  # the network that was chosen is kept
    phone.reload()
    expect(phone.locator("#team-names")).to_have_text("Đội 1")
    expect(phone.locator("#message")).to_be_hidden()
    phone.evaluate("navigator.serviceWorker.ready")
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.locator("#team-names")).to_have_text("Đội 1")
    phone.context.set_offline(False)
    phone.reload()
    open_fold(phone, "team")
    phone.locator("#teams").get_by_role("button", name="Rời").click()
    phone.locator("#leave").get_by_role("button", name="Rời").click()
    expect(phone.locator("#message")).to_have_text("Đã rời Đội 1. Mẫu đã đo vẫn tính cho đội.")
    phone.reload()  # the code has left the address
    expect(phone.locator("#team-names")).to_have_text("chưa có")
    expect(phone.locator("#message")).to_be_hidden()


def test_an_unknown_join_code_shows_an_error(phone: Page) -> None:
    unknown = "Không có mã tham gia này. Hãy kiểm tra lại từng chữ cái."
    phone.goto("/do/#CAFE-100%")
    expect_text(phone, unknown)
    press(phone, "Tiếp tục, không vào đội")
    agree(phone)
    press(phone, "Viettel")
    expect(phone.locator("#team-names")).to_have_text("chưa có")
    phone.goto("about:blank")
    phone.goto("/do/#CAFE-100%")
    expect_text(phone, unknown)


def test_what_a_typed_code_is_stands_on_the_screen(app: Flask, new_page: Open) -> None:
    cast = Cast(app)
    phone = new_page({"width": 360, "height": 640})
    phone.goto("/do/")
    phone.get_by_text("Nhập mã đội").click()
    press(phone, "Dùng mã này")
    expect_text(phone, "Hãy nhập mã.")
    expect(phone.locator("#code")).to_be_focused()
    phone.locator("#code").fill("abcd")
    press(phone, "Dùng mã này")
    expect(phone.get_by_text("Mã này không dùng được")).to_be_in_viewport()
    phone.locator("#code").fill(cast.code_one)
    press(phone, "Dùng mã này")
    expect(phone.get_by_text("Đội 1 mời bạn đo Internet")).to_be_in_viewport()


def test_the_first_button_shows_that_a_slow_network_is_waited_for(phone: Page) -> None:
    def answer_late(route: Route) -> None:
        phone.wait_for_timeout(1_500)
        route.continue_()

    phone.route("**/join-codes/check", answer_late)
    phone.goto("/do/#ACDEFGHJ")
    button = phone.locator("#go-on")
    button.click(no_wait_after=True)
    expect(button).to_have_attribute("aria-busy", "true")
    expect(phone.locator("#consent")).to_be_visible()
    phone.unroute_all(behavior="wait")


def test_the_code_of_an_old_poster_does_not_stop_anyone(app: Flask, phone: Page) -> None:
    cast = Cast(app)
    old = cast.code(cast.one, revoked_at=utc_now())
    phone.goto(f"/do/#{old}")
    expect_text(phone, "Mã này không dùng được")
    expect_text(phone, "Mã tham gia này đã được thay bằng mã khác.")
    check_page(phone, "do-old-poster")
    phone.locator("#code").fill(cast.code_two.lower())
    press(phone, "Tiếp tục, không vào đội")  # the typed code is checked first
    expect_text(phone, "Đội 2 mời bạn đo Internet")
    agree(phone)
    press(phone, "Viettel")
    expect(phone.locator("#team-names")).to_have_text("Đội 2")


def test_the_copy_on_the_home_screen_of_an_iphone_knows_the_team(
    app: Flask, new_page: Open
) -> None:
    safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1 Safari/604.1"
    page = new_page(PHONE, user_agent=safari)
    code = Cast(app).code_one
    page.goto(f"/join#{code}")  # the address of former posters
    expect_text(page, "Đội 1 mời bạn đo Internet")
    expect_text(page, "hãy thêm trang này vào Màn hình chính trước")
    expect_text(page, "Mã đội đi theo")
    check_page(page, "do-iphone")
    manifest = page.evaluate(
        "fetch(document.querySelector('[rel=manifest]').href).then((a) => a.json())"
    )
    home = page.context.browser.new_context(user_agent=safari, base_url=page.url, locale="vi")
    copy = home.new_page()  # its storage is not that of the tab
    copy.add_init_script("Object.defineProperty(navigator, 'standalone', { value: true })")
    copy.goto(manifest["start_url"])
    expect_text(copy, "Đội 1 mời bạn đo Internet")
    agree(copy)
    press(copy, "Viettel")
    open_fold(copy, "team")
    copy.locator("#teams button").click()
    copy.locator("#leave").get_by_role("button", name="Rời đội", exact=True).click()
    expect(copy.locator("#team-names")).to_have_text("chưa có")
    copy.goto("about:blank")
    copy.goto(manifest["start_url"])  # whoever left stays out
    expect(copy.locator("#team-names")).to_have_text("chưa có")
    home.close()


def test_the_first_screen_fits_a_small_phone(new_page: Open) -> None:
    page = new_page({"width": 360, "height": 640})
    page.goto("/do/")
    expect_text(page, "tối đa 30 MB")
    for part in ("#welcome-purpose", ".costs", "#go-on", ".permission"):
        box = page.locator(part).bounding_box()
        assert box and box["y"] + box["height"] <= 640, part
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_team_sees_a_name_only_with_a_consent_of_its_own(app: Flask, phone: Page) -> None:
    cast = Cast(app)
    phone.goto(f"/do/#{cast.code_one}")
    agree(phone)
    press(phone, "Viettel")
    open_fold(phone, "team")
    phone.locator("#naming summary").click()
    phone.locator("#display-name").fill("Lan")
    save = phone.locator("#name").get_by_role("button", name="Lưu", exact=True)
    save.click()
    expect_text(phone, "Hãy đánh dấu ô đồng ý cho đội thấy tên.")
    check_page(phone, "do-name")
    phone.locator("#name-agree").check()
    save.click()
    expect(phone.locator("#own-name")).to_have_text("Lan")
    with app.app_context():
        assert [one.display_name for one in db.session.query(Volunteer)] == ["Lan"]


def test_next_places_are_shown_offline(phone: Page) -> None:
    begin(phone)
    open_fold(phone, "next")
    press(phone, "Tìm chỗ gần đây")
    expect(phone.locator("#map .spot").first).to_be_visible()
    border = phone.locator("#map .border")
    expect(border).to_have_attribute("d", BORDER)
    phone.evaluate("navigator.serviceWorker.ready")
    phone.context.set_offline(True)
    phone.reload()
    expect_text(phone, "khi còn mạng.")
    open_fold(phone, "team")
    expect_text(phone, "Sẽ hiện khi kết nối được máy chủ.")
    open_fold(phone, "next")
    expect(phone.locator("#spots li").first).to_be_visible()
    expect(border).to_have_attribute("d", BORDER)
    check_page(phone, "do-next-offline")


def test_a_team_reads_which_place_to_measure_again(app: Flask, phone: Page) -> None:
    today, province = local_day(utc_now()), people.unit_id(app, "19", "2025", "province")
    cast = Cast(app, province, first_day=today, last_day=today)
    with app.app_context():
        [(commune, _)] = locate([(HERE["latitude"], HERE["longitude"])], utc_now())
        place = Place(
            province_id=province, unit_id=commune, name="Đèo Khế", operator="Viettel",
            latitude=21.595, longitude=105.849, state="remeasure",
        )  # fmt: skip
        db.session.add(place)
        db.session.flush()
        numbers = {"number": 1, "notes": 0, "failed_tests": 0, "slow_tests": 0, "phones": 0}
        step = {"state": "remeasure", "day": today, "correction": False, "for_campaigns": True}
        db.session.add(PlaceStep(place_id=place.id, **numbers, **step))
        db.session.add(
            Pin(
                campaign_id=cast.campaign,
                day=today,
                network="mobile",
                team_id=cast.one,
                unit_id=commune,
                samples=4,
            )
        )
        db.session.commit()
    phone.goto(f"/do/#{cast.code_one}")
    agree(phone)
    press(phone, "Viettel")
    open_fold(phone, "next")
    press(phone, "Tìm chỗ gần đây")
    line = phone.locator("#spots li", has_text="hôm nay còn 4 mẫu")
    expect(line).to_contain_text("Đo lại tại Đèo Khế, dùng mạng Viettel.")
    expect(line.locator("div a")).to_have_attribute("href", re.compile("21.595,105.849"))
    check_page(phone, "do-measure-again")


RESULT = """async (changes) => {
  const { showQuality } = await import("/static/do/quality.js");
  const { describe } = await import("/static/do/verdicts.js");
  const line = { download_mbps: 40, upload_mbps: 20, ping_ms: 20, ping_download_ms: 22 };
  const body = { status: "finished", data_cap_mb: 30, network: {}, ...line, ...changes };
  showQuality(body);
  const answer = { valid: true, counted: true, marks: [{ code: "capped" }] };
  const { tip } = describe({ state: "held", body, answer });
  return [document.querySelector("#loaded").textContent, tip];
}"""


def test_a_result_praises_no_slow_line_and_advises_no_repeat(phone: Page) -> None:
    begin(phone)
    praised, tip = phone.evaluate(RESULT, {})
    assert praised == "Khi đang tải, độ trễ vẫn khoảng 20 ms"
    assert tip == "Mạng ở đây rất nhanh, vượt mức đo của 30 MB; không cần đo lại."
    assert phone.evaluate(RESULT, {"download_mbps": 4.9})[0] == ""


def test_in_english_and_dark(new_page: Open) -> None:
    page = new_page(PHONE, "en", "dark", geolocation=HERE, permissions=["geolocation"])
    page.goto("/do/")
    press(page, "Continue")
    page.locator("#agree").check()
    press(page, "Begin")
    expect_text(page, "Which network are you on?")
    check_page(page, "do-choose-en-dark")
    press(page, "Wi-Fi or a fixed line")
    least_data(page)
    press(page, "Measure")
    expect_text(page, "Counted for")
    check_page(page, "do-measured-en-dark")
