"""/campaigns: the organiser's board, read and changed through its pages and forms."""

import io
import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from backend.campaigns.models import Campaign
from backend.database.extensions import db
from backend.units.models import Unit
from backend.web.board.schemas import parse_areas
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.factories import location, post, register, sample
from tests.support.people import (
    account,
    add_membership,
    campaign,
    organisation,
    sign_in,
    team,
    unit_id,
)
from tests.support.plans import HERE, NEAR, TODAY, Cast

ORGANISER, LEADER, OTHER = "ban@example.vn", "doi@example.vn", "khac@example.vn"


@pytest.fixture
def cast(app: Flask) -> Cast:
    """A campaign over two communes with two teams and a few samples of the first."""
    cast = Cast(app, HERE, NEAR)
    cast.first = cast.team("Đội Một", capacity_per_day=10)
    cast.second = cast.team("Đội Hai", NEAR, capacity_per_day=10)
    account(app, ORGANISER, "organiser", cast.organisation)
    account(app, LEADER, "team_leader", cast.first)
    account(app, OTHER, "organiser", organisation(app, "Tỉnh Đoàn khác"))
    [person] = volunteers(app, "Lan")
    with app.app_context():
        for _ in range(3):
            add_measurement(cast.campaign, cast.first, unit=unit_id(app, HERE), volunteer=person)
        add_measurement(
            cast.campaign, cast.first, unit=unit_id(app, HERE), category="repeat", volunteer=person
        )
        db.session.commit()
    cast.page = f"/campaigns/{cast.campaign}"
    return cast


def enter(client: FlaskClient, name: str) -> str:
    """Sign in; the token that forms send along."""
    return sign_in(client, name)["X-CSRF-Token"]


def read(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path, query_string={"lang": "vi"} if "?" not in path else None)
    assert answer.status_code == status, answer.text
    return re.sub(r"\s+", " ", answer.text)


def send(client: FlaskClient, path: str, token: str, status: int = 200, **fields: Any) -> str:
    answer = client.post(f"{path}?lang=vi", data={"csrf_token": token, **fields})
    assert answer.status_code == status, answer.text
    return re.sub(r"\s+", " ", answer.text)


def test_an_organiser_finds_the_own_campaigns(client: FlaskClient, cast: Cast) -> None:
    assert client.get("/campaigns").location.startswith("/sign-in?next=%2Fcampaigns")
    enter(client, ORGANISER)
    page = read(client, "/campaigns")
    assert "Tháng thanh niên đo mạng" in page and "Đơn vị tổ chức" in page
    assert client.get("/work").location == "/campaigns/1"  # with one open campaign its day
    enter(client, OTHER)
    assert "Bạn chưa có chiến dịch nào" in read(client, "/campaigns")


@pytest.mark.slow
def test_a_campaign_shows_the_figures_of_the_api(client: FlaskClient, cast: Cast) -> None:
    enter(client, ORGANISER)
    found = client.get(f"/api/v1/campaigns/{cast.campaign}/contributions").json["total"]
    page = read(client, cast.page)
    assert '<dd class="figure">3</dd><dd class="hint">trong 4 mẫu nhận được</dd>' in page
    assert (found["received"], found["counted"], found["needed"]) == (4, 3, 3)
    listed = read(client, f"{cast.page}/teams")
    assert "Đội Một" in listed and "Máy này đã có mẫu được tính" in listed


def test_today_says_the_goal_who_measured_and_who_is_silent_in_one_message(
    client: FlaskClient, app: Flask, cast: Cast, clock: FakeClock
) -> None:
    third = cast.team("Đội Ba", NEAR)
    with app.app_context():
        add_measurement(cast.campaign, third, at=clock.now, unit=unit_id(app, NEAR))
        db.session.commit()
    enter(client, ORGANISER)
    page = read(client, cast.page)
    assert "trên 2 xã, phường đạt mục tiêu" in page and "Của mọi người: đã có 4 trên" in page
    assert "Cần 55 mẫu mỗi ngày đến hết chiến dịch." in page  # 596 in 11 days
    assert '<dd class="figure">1 / 3</dd>' in page and page.count('data-copy="silent-') == 1
    [message] = re.findall(r'<textarea id="silent-message"[^>]*>(.*?)</textarea>', page)
    assert "Đội Hai (chưa có mẫu), Đội Một (từ 05/11/2024)" in message
    assert "Đội Ba" not in message and message.endswith(f"{cast.page}/plan")
    panel = page.partition('aria-labelledby="silent"')[2].partition("<textarea")[0]
    assert re.findall(r"/teams/\d+[^>]*>([^<]+)</a>", panel) == ["Đội Hai", "Đội Một"]
    with app.app_context():  # on the first day nobody was silent for days
        db.session.get_one(Campaign, cast.campaign).first_day = date(2024, 11, 20)
        db.session.commit()
    assert "Đội Hai (chưa có mẫu)" in read(client, cast.page).partition("silent-message")[2]
    assert re.search(r'/plan\?[^"]*date=2024-11-21" *>Kế hoạch ngày mai</a>', page)
    clock.now = datetime(2024, 11, 20, 1, tzinfo=UTC)
    assert "Kế hoạch hôm nay</a>" in read(client, cast.page)
    enter(client, LEADER)
    page = read(client, cast.page)
    assert "silent-message" not in page and "Kế hoạch hôm nay</a>" in page
    assert "Đội Một" in page and "Đội Hai" not in page and "popover" in page


def test_the_pace_counts_the_days_of_the_campaign_and_ends_with_it(
    client: FlaskClient, app: Flask, cast: Cast, clock: FakeClock
) -> None:
    with app.app_context():
        one = db.session.get_one(Campaign, cast.campaign)
        one.last_day = date(2024, 12, 31)
        db.session.commit()
    clock.now = datetime(2024, 11, 30, 2, tzinfo=UTC)  # the last day of the month, of 32
    enter(client, ORGANISER)
    page = read(client, cast.page)
    assert "còn 32 ngày" in page and "Cần 19 mẫu mỗi ngày" in page  # 597 / 32
    with app.app_context():
        db.session.get_one(Campaign, cast.campaign).state = "closed"
        db.session.commit()
    page = read(client, cast.page)
    assert "mẫu mỗi ngày" not in page and "Kế hoạch hôm nay" not in page and "còn 32" not in page


def test_a_correction_begins_in_the_row_of_a_member(client: FlaskClient, cast: Cast) -> None:
    enter(client, ORGANISER)
    row = read(client, f"{cast.page}/teams/{cast.first}").partition('scope="row">Lan')[2]
    assert 'class="n">4</td>' in row and 'class="n strong">3</td>' in row  # one table of members
    [there] = re.findall(rf'href="({cast.page}/corrections\?[^"]+member=\d+)"', row)
    page = read(client, there.replace("&amp;", "&"))
    assert "Chuyển mẫu của Lan, Đội Một" in page
    assert '<option value="2024-11-05">05/11/2024 (4)</option>' in page


def test_the_part_that_lives_says_that_nothing_changed(client: FlaskClient, cast: Cast) -> None:
    enter(client, ORGANISER)
    page = client.get(f"{cast.page}?lang=vi").text
    tag = re.search(r'data-tag="([^"]+)"', page)
    assert tag is not None
    shown = {"If-None-Match": tag[1].replace("&#34;", '"')}
    part = f"{cast.page}/figures?lang=vi"
    assert client.get(part, headers=shown).status_code == 304
    with client.application.app_context():
        add_measurement(cast.campaign, cast.second, unit=unit_id(cast.app, NEAR))
        db.session.commit()
    fresh = client.get(part, headers=shown)
    assert fresh.status_code == 200 and '<dd class="figure">4</dd>' in fresh.text


@pytest.mark.parametrize("by", ["team", "member", "unit", "day", "organisation"])
def test_contributions_by_each_kind(client: FlaskClient, cast: Cast, by: str) -> None:
    enter(client, ORGANISER)
    page = read(client, f"{cast.page}/teams?by={by}&lang=vi")
    named = {"team": "Đội Một", "member": "Lan", "unit": "Trưng Vương", "day": "05/11/2024",
             "organisation": "Tỉnh Đoàn Thái Nguyên"}  # fmt: skip
    assert named[by] in page and "format=xlsx" in page
    assert "Theo tổ chức" not in page and "Cả hai loại mạng" not in page  # there is one of each
    [there] = re.findall(rf'href="([^"]+format=xlsx[^"]+by={by}[^"]*)"', page)
    file = client.get(there.replace("&amp;", "&")).headers["Content-Disposition"]
    kind = {"team": "doi", "member": "nguoi-do", "unit": "xa-phuong", "day": "ngay"}
    assert f"dong-gop-{cast.campaign}-{kind.get(by, 'don-vi')}.xlsx" in file


def test_teams_are_one_list_by_rank_with_leader_last_day_and_state(
    client: FlaskClient, cast: Cast, clock: FakeClock
) -> None:
    enter(client, ORGANISER)
    rows = re.findall(r"<tr>.*?</tr>", read(client, f"{cast.page}/teams"))[1:3]
    first, second = (re.sub(r"(<[^>]+>|\s)+", " ", row) for row in rows)
    assert first == " Đội Một Phường Trưng Vương 1 3 3 05/11/2024 lâu chưa đo doi@example.vn "
    assert second == " Đội Hai Phường Quang Trung – 0 0 chưa có mẫu nào – "


def test_a_leader_sees_the_own_team_and_none_of_the_organisers_tools(
    client: FlaskClient, cast: Cast
) -> None:
    enter(client, LEADER)
    page = read(client, f"{cast.page}/teams")
    assert "Đội Một" in page and "Đội Hai" not in page and "Thiết lập" not in page
    assert "Lan" in read(client, f"{cast.page}/teams/{cast.first}")
    read(client, f"{cast.page}/teams/{cast.second}", 404)
    for tool in ("signals", "corrections"):
        assert client.get(f"{cast.page}/{tool}").status_code in (403, 404)


def test_a_campaign_is_made_by_its_form(client: FlaskClient, app: Flask, cast: Cast) -> None:
    token = enter(client, ORGANISER)
    fields = {
        "organisation_id": cast.organisation, "name": "Đợt hai", "first_day": "2024-11-10",
        "last_day": "2024-11-30", "areas": "19 Thái Nguyên\n05443", "networks": ["mobile"],
        "target": "", "cap": "20", "state": "open",
    }  # fmt: skip
    page = send(client, "/campaigns/new", token, **fields | {"areas": "19\n99999", "name": "!"})
    assert page.count('aria-invalid="true"') == 1 and 'value="20"' in page
    page = send(client, "/campaigns/new", token, **fields | {"areas": "99999"})
    assert "Không có đơn vị này vào ngày đó." in page
    made = client.post("/campaigns/new", data={"csrf_token": token, **fields})
    assert made.status_code == 303
    teams = {"csrf_token": token, "teams": "Đội Bốn", "go": "start"}
    started = client.post(made.location, data=teams)
    number = re.search(r"/campaigns/(\d+)/ready", started.location)
    found = client.get(f"/api/v1/campaigns/{number and number[1]}").json
    assert (found["name"], found["cap"], found["target"]) == ("Đợt hai", 20, None)
    assert [one["name"] for one in found["areas"]] == ["Phường Trưng Vương", "Tỉnh Thái Nguyên"]
    refused = client.post("/campaigns/new", data=fields)
    assert refused.status_code == 403


def test_a_unit_that_is_typed_often_is_looked_up_once(app: Flask) -> None:
    asked: list[Any] = []

    def see(*seen: Any) -> None:
        asked.append(seen)

    days = {"first_day": date(2024, 11, 1), "last_day": date(2024, 11, 30)}
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", see)
        areas = parse_areas({**days, "areas": "05443 Trưng Vương\n" * 5_000})
        event.remove(db.engine, "before_cursor_execute", see)
    assert len(areas) == 1 and len(asked) < 10


def test_settings_show_what_moves_before_it_moves(client: FlaskClient, cast: Cast) -> None:
    token = enter(client, ORGANISER)
    page = read(client, f"{cast.page}/settings")
    assert "Phường Trưng Vương, Thành phố Thái Nguyên, Tỉnh Thái Nguyên (05443)" in page
    fields = {
        "version": "1", "name": "Tên mới", "first_day": "2024-11-01", "last_day": "2024-11-30",
        "areas": "05443", "networks": ["mobile"], "target": "", "cap": "", "state": "open",
    }  # fmt: skip
    page = send(client, f"{cast.page}/settings", token, **fields)
    assert "Tên mới" not in read(client, f"{cast.page}/settings")
    other = fields | {"cap": "1", "go": token_of(page)}  # of another change than was seen
    assert "Có thay đổi" in send(client, f"{cast.page}/settings", token, **other)
    send(client, f"{cast.page}/settings", token, 303, **fields, go=token_of(page))
    assert "Tên mới" in read(client, f"{cast.page}/settings")
    late = fields | {"name": "Muộn", "go": token_of(page)}
    page = send(client, f"{cast.page}/settings", token, **late | {"cap": "3"})
    assert "Tên mới" in read(client, cast.page)  # somebody else changed it: version 1 is gone
    assert 'value="Muộn"' in page and 'name="version" value="2"' in page  # both texts
    theirs = re.findall(r"Người khác đã lưu: ([^<]+)<", page)
    assert (theirs[0], theirs[-1]) == ("Tên mới", "–")
    for version, state in (("2", "closed"), ("3", "open")):  # no sample moves
        changed = fields | {"version": version, "state": state}
        page = send(client, f"{cast.page}/settings", token, **changed)
        assert "Số liệu không đổi." in page and "Trước và sau" not in page
        send(client, f"{cast.page}/settings", token, 303, **changed, go=token_of(page))
        assert client.get(f"/api/v1/campaigns/{cast.campaign}").json["state"] == state


@pytest.mark.slow
def test_the_plan_is_pinned_and_printed(
    client: FlaskClient, app: Flask, cast: Cast, clock: Any
) -> None:
    token = enter(client, ORGANISER)
    page = read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")
    assert "Đội Hai" in page and ">đã ghim<" not in page
    wanted = {"team_id": cast.second, "unit": HERE, "date": TODAY, "network": "mobile"}
    faulty = send(client, f"{cast.page}/plan/pins", token, **wanted, samples="0")
    assert "aria-invalid" in faulty and "Đội Hai" in faulty
    nowhere = send(
        client, f"{cast.page}/plan/pins", token, **wanted | {"unit": "99998"}, samples="7"
    )
    assert "Không có đơn vị này vào ngày đó." in nowhere and 'id="samples"' in nowhere
    named = wanted | {"unit": "Phường Trưng Vương"}
    send(client, f"{cast.page}/plan/pins", token, 303, **named, samples="7")
    assert ">đã ghim<" in read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")
    slips = read(client, f"{cast.page}/plan/slips?date={TODAY}&lang=vi")
    assert "<svg" in slips and slips.count('class="slip"') == 2
    send(client, f"{cast.page}/plan/unpin", token, 303, **wanted)
    assert ">đã ghim<" not in read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")


def test_a_leader_reads_what_is_done_and_left_above_the_plan(
    client: FlaskClient, app: Flask, cast: Cast, clock: Any
) -> None:
    phone = register(client)
    add_membership(app, phone, cast.campaign, cast.first, datetime(2024, 11, 1, tzinfo=UTC))
    with app.app_context():
        unit = db.session.get_one(Unit, unit_id(app, HERE))
        at = location(latitude=unit.latitude, longitude=unit.longitude)
    cast.pin(cast.first, samples=2)
    enter(client, LEADER)

    def own(day: str = TODAY) -> str:
        page = read(client, f"{cast.page}/plan?date={day}&lang=vi")
        above, _, plan = page.partition('<details class="opens" id="all-of-plan">')
        assert 'id="plan"' in plan and "Đội Một" in above and "Đội Hai" not in above
        return above

    assert "đã đo 0 trên 2" in own() and "còn 2" in own()
    sent = post(client, phone, sample(clock.now.isoformat(), location=at))
    assert sent.json["counted"] and sent.json["unit"]["code"] == HERE
    assert "đã đo 0 trên 2" in own()  # one who measures alone shows at the full hour
    clock.now += timedelta(hours=1)
    assert "đã đo 1 trên 2" in own() and "còn 1" in own() and "tính đến" in own()
    assert "đã đo" not in own("2024-11-21")
    enter(client, ORGANISER)
    assert "all-of-plan" not in read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")


def test_the_limits_of_the_plan_are_changed_on_its_page(
    client: FlaskClient, app: Flask, cast: Cast, clock: Any
) -> None:
    token = enter(client, ORGANISER)
    page = read(client, f"{cast.page}/plan?lang=vi")
    assert "Thứ Năm, 21/11/2024" in page  # in the evening of the 20th
    wanted = {"radius_km": "7", "visit_least": "5", "assumed_capacity": "8", "date": TODAY}
    faulty = send(client, f"{cast.page}/plan/limits", token, **wanted | {"radius_km": "-1"})
    assert "aria-invalid" in faulty and 'value="-1"' in faulty
    send(client, f"{cast.page}/plan/limits", token, 303, **wanted, community_travels="on")
    page = read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")
    assert "<span>7 km · " in page and 'name="community_travels" checked' in page
    enter(client, LEADER)
    assert 'name="radius_km"' not in read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")


def test_the_plan_is_a_map_that_says_what_the_table_says(
    client: FlaskClient, app: Flask, cast: Cast, clock: Any
) -> None:
    token = enter(client, ORGANISER)
    wanted = {"team_id": cast.second, "unit": HERE, "date": TODAY, "network": "mobile"}
    send(client, f"{cast.page}/plan/pins", token, 303, **wanted, samples="7")
    answer = client.get(f"{cast.page}/plan?date={TODAY}&lang=vi")
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    found = json.loads(re.findall(r'id="plan-map">(.*?)</script>', answer.text)[0])
    assert set(found["figures"]) == {HERE, NEAR} and found["figures"][HERE][1] == 3
    goes = set(re.findall(r'<tr data-unit="(\d+)" data-team="(\d+)"', answer.text))
    assert (HERE, str(cast.second)) in goes
    assert len(found["stops"]) == len({unit for unit, _ in goes})
    assert (
        len(found["homes"]) == len(found["ways"]) == 1
    )  # a home that is a destination is one mark
    for words in ("Quần đảo Hoàng Sa", "Quần đảo Trường Sa", "Biển Đông", f'data-code="{NEAR}"'):
        assert words in answer.text
    slips = read(client, f"{cast.page}/plan/slips?date={TODAY}&lang=vi")
    assert slips.count('class="map"') == slips.count('class="slip"') == 2
    assert "Quần đảo Trường Sa" in slips


def test_a_map_tells_no_figure_before_it_is_published(
    client: FlaskClient, app: Flask, cast: Cast, clock: Any
) -> None:
    app.config["PUBLISH"] = "after_approval"
    enter(client, LEADER)
    page = client.get(f"{cast.page}/plan?date={TODAY}&lang=vi").text
    found = json.loads(re.findall(r'id="plan-map">(.*?)</script>', page)[0])
    assert set(found["figures"]) == set(re.findall(r'<tr data-unit="(\d+)"', page)) == {HERE}


def test_a_large_area_is_drawn_as_provinces(
    client: FlaskClient, app: Flask, cast: Cast, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.web.board.plan_map.MAX_DRAWN", 1)
    enter(client, ORGANISER)
    page = read(client, f"{cast.page}/plan?date={TODAY}&lang=vi")
    assert "map plan whole" in page and "data-code" not in page and 'class="plate"' in page


def test_the_other_language_of_a_form_s_answer_is_the_page_of_the_form(
    client: FlaskClient, cast: Cast, clock: Any
) -> None:
    token = enter(client, ORGANISER)
    faulty = send(client, f"{cast.page}/plan/pins", token, team_id=cast.first, unit="", date=TODAY)
    [there] = re.findall(r'<a href="([^"]+)" lang="en"', faulty)
    assert there == f"{cast.page}/plan?lang=en"
    assert client.get(there).status_code == 200


def test_no_plan_is_said_in_words(client: FlaskClient, cast: Cast, clock: Any) -> None:
    enter(client, ORGANISER)
    assert "Ngày này đã qua." in read(client, f"{cast.page}/plan?date=2024-11-02&lang=vi")
    over = campaign(cast.app, cast.organisation, unit_id(cast.app, HERE), state="closed")
    assert "Chiến dịch đã đóng." in read(client, f"/campaigns/{over}/plan")


def test_a_team_gets_a_code(client: FlaskClient, app: Flask, cast: Cast) -> None:
    token = enter(client, ORGANISER)
    without = team(app, cast.organisation, "Đội Ba")
    page = f"{cast.page}/teams/{without}"
    assert "Đội chưa có mã tham gia." in read(client, page)
    send(client, f"{page}/code", token, 303)
    found = client.get(f"/api/v1/campaigns/{cast.campaign}/teams/{without}/join-code").json
    assert f"{found['code'][:4]} {found['code'][4:]}" in read(client, page)


def token_of(page: str) -> str:
    """Return the value with which a page's form confirms what it shows."""
    [token] = re.findall(r'name="go"\s+value="(\w{64})"', page)
    return str(token)


def test_a_correction_is_shown_first(client: FlaskClient, cast: Cast) -> None:
    token = enter(client, ORGANISER)
    fields = {"from_team": cast.first, "to_team": cast.second, "reason": "Nhầm đội"}
    nothing = send(
        client, f"{cast.page}/corrections", token, from_team="", to_team="none", reason="x"
    )
    assert 'role="alert"' in nothing
    page = send(client, f"{cast.page}/corrections", token, **fields)
    assert "Chưa có lần nào" in page


def test_signals_are_searched_when_a_page_is_opened_and_by_a_button(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    token = enter(client, ORGANISER)
    page = read(client, f"{cast.page}/signals")
    assert "Đang tính." in page and "được tìm lần đầu" in page and "Tải lại" in page
    app.test_cli_runner().invoke(args=["jobs", "run"])
    page = read(client, f"{cast.page}/signals")
    assert "Không có dấu hiệu nào" in page and "Tính đến" in page and "Tìm lại" in page
    send(client, f"{cast.page}/signals/search", token, 303)
    page = read(client, f"{cast.page}/signals")
    assert "Đang tính." in page and "Tính đến" in page and "Tìm lại</button>" not in page


@pytest.mark.slow
def test_a_list_of_teams_is_checked_then_imported(client: FlaskClient, cast: Cast) -> None:
    token = enter(client, ORGANISER)
    page = f"{cast.page}/teams/add"
    assert "/campaigns/teams.xlsx" in read(client, page)
    template = client.get("/campaigns/teams.xlsx")
    assert template.data.startswith(b"PK") and "doi.xlsx" in template.headers["Content-Disposition"]
    assert 'aria-invalid="true"' in send(client, page, token, teams="", go="start")

    def file(*rows: str) -> dict[str, Any]:
        text = "\n".join(["Tên đội,Loại đội,Xã phường", *rows]).encode()
        return {"file": (io.BytesIO(text), "doi.csv")}

    good, bad = "Đội Ba,Đoàn thanh niên,05443", "Đội Bốn,Đoàn thanh niên,Không có"
    shown = send(client, page, token, **file(good, bad), go="start")
    assert "có lỗi: 1" in shown and "Đội Ba" in shown
    assert "Đội Ba" not in read(client, f"{cast.page}/teams")
    assert "thêm mới: 1" in send(client, page, token, **file(good))
    send(client, page, token, 303, **file(good), go="start")
    assert "Đội Ba" in read(client, f"{cast.page}/teams")
