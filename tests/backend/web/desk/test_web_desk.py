"""The official's desk: the own area today, down to why a single sample counts or not."""

import re
from datetime import UTC, datetime
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.models import AuditEntry
from backend.coverage.alerts.groups import GROUPS
from backend.database.extensions import db
from backend.i18n.formats import number
from backend.web.desk.area import AreaPage
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.factories import HERE, network, post, register, sample

NAME = "binh@example.vn"
AREA = "/desk/area/19?month=2024-11"


def sign_in(app: Flask, client: FlaskClient, province: str = "19", role: str = "official") -> str:
    """Sign in as the official of a province; what forms send along."""
    scope = people.unit_id(app, province, level="province")
    people.account(app, NAME, role, scope)
    return people.sign_in(client, NAME)["X-CSRF-Token"]


def measured(client: FlaskClient, *hours: int, **changes: Any) -> list[str]:
    """Samples of one phone, in a commune of Thái Nguyên; their ids."""
    made = [sample(f"2024-11-05T{hour:02}:00:00+07:00", **changes) for hour in hours]
    assert post(client, register(client), *made).status_code < 300
    return [str(one["id"]) for one in made]


def test_the_only_area_opens_at_once(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client)
    answer = client.get("/desk?lang=en")
    assert (answer.status_code, answer.location) == (303, "/desk/area/19?lang=en")


def test_a_cluster_s_official_chooses_among_its_communes(app: Flask, client: FlaskClient) -> None:
    cluster = people.cluster(app, ("05443", "05452"))
    headers = people.person(app, "official", cluster, kind="cluster")
    page = client.get("/desk", headers=headers).text
    assert "/desk/area/05443" in page and "/desk/area/05452" in page
    assert f"/cluster/{cluster}?month=2024-11" in page and "0 trên 2 xã" in page
    assert "Viết báo cáo" not in client.get("/desk/reports", headers=headers).text


def test_who_has_no_area_is_told_who_grants_them(app: Flask, client: FlaskClient) -> None:
    people.account(app, NAME)
    people.sign_in(client, NAME)
    assert "Bạn chưa có địa bàn nào" in client.get("/desk").text


@pytest.mark.slow
def test_the_table_shows_coverage_s_figures(app: Flask, client: FlaskClient) -> None:
    measured(client, 8, 13, 18)
    sign_in(app, client)
    page = client.get(AREA).text
    query = {"month": "2024-11", "parent": "19", "level": "commune"}
    items = client.get("/api/v1/coverage", query_string=query).json["items"]
    (best,) = [item for item in items if item["counted"]]
    row = page.partition('id="units"')[2].split(f"/desk/area/{best['code']}?")[1].split("</tr>")[0]
    assert f"3 / {best['target']}" in row
    assert f' class="n">{number(best["shortfall"], "vi")}</td>' in row


@pytest.mark.slow
def test_the_groups_of_the_page_are_disjoint(app: Flask, client: FlaskClient) -> None:
    measured(client, 8)
    sign_in(app, client)
    listed = []
    for group in GROUPS:
        page = client.get(f"{AREA}&show={group}").text
        table = page.partition('id="units"')[2].partition("</table>")[0]
        listed += re.findall(r'<th scope="row"><a href="/desk/area/(\d+)', table)
    assert len(listed) == len(set(listed)) == 172
    page = client.get(AREA).text
    assert '<p class="count">171</p>' in page and "xã, phường chưa bắt đầu" in page
    assert "mới 1 mẫu, cần 28 mẫu mỗi ngày, chưa có kế hoạch" in page
    assert "<strong>0</strong> trên 172 xã, phường đạt 300 mẫu" in page


@pytest.mark.parametrize(("group", "signals", "any_task"), [
    ("not_started", 0, True), ("needs_teams", 0, True), ("out_of_reach", 0, True),
    ("planned", 0, False), ("on_pace", 0, False), ("reached", 0, False), ("exempt", 0, False),
    ("reached", 1, True),
])  # fmt: skip
def test_units_behind_and_signals_are_tasks(group: str, signals: int, any_task: bool) -> None:
    groups = {name: [{}] if name == group else [] for name in GROUPS}
    area: Any = SimpleNamespace(groups=groups, signals=signals, few_phones=[])
    area.reminded = AreaPage.reminded.__get__(area)
    assert AreaPage.has_tasks.__get__(area) is any_task


@pytest.mark.slow
def test_a_reminder_names_its_communes(app: Flask, client: FlaskClient) -> None:
    """It is the 20th; the sample of the 5th is older than three days."""
    measured(client, 8)
    sign_in(app, client)
    page = client.get(AREA).text
    message = page.partition('id="message-not_started"')[2].partition("</textarea>")[0]
    assert "171 xã, phường chưa có mẫu nào trong tháng:" in message
    assert "Còn 11 ngày là hết tháng." in message
    lines = [one for one in message.splitlines() if "/unit/" in one]
    assert len(lines) == 171 and max(map(len, lines)) < 80  # a commune finds its own line
    assert "Phường Quang Trung: thiếu 300 http://localhost/unit/05446" in lines
    page = client.get("/desk/area/19/remind?month=2024-11").text
    assert page.count('data-copy="m-') == 172
    assert "Mẫu gần nhất là ngày 05/11/2024." in page and "Mỗi ngày cần" in page
    assert "chưa có mẫu nào, cần 28 mẫu mỗi ngày, chưa có kế hoạch" in page
    assert "Không có ai cần nhắc" in client.get("/desk/area/19/remind?month=2024-10").text


@pytest.mark.slow
def test_an_overdue_report_is_on_every_page(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    measured(client, 8)
    clock.now = datetime(2024, 12, 12, 3, tzinfo=UTC)
    sign_in(app, client)
    found = "Báo cáo tháng 11/2024 "
    pages = ("/desk/area/19?month=2024-11", "/desk/area/19/samples", "/desk/reports",
             "/desk/area/19/contacts", "/desk/area/19/signals")  # fmt: skip
    for page in pages:
        assert f"{found}phải gửi trước ngày 15/12/2024: còn 3 ngày" in client.get(page).text, page
    clock.now = datetime(2024, 12, 15, 3, tzinfo=UTC)
    people.sign_in(client, NAME)  # the session has ended
    page = client.get("/desk/reports").text
    assert f"{found}đã quá hạn 1 ngày (phải gửi trước ngày 15/12/2024)" in page


def tasks(client: FlaskClient, code: str) -> list[str]:
    """Return the heads of the tasks on the desk of an area, in their order."""
    page = client.get(f"/desk/area/{code}").text
    assert 'class="notice due' not in page  # the task says the same
    return re.findall(r'<li class="task.*?<h3>(.*?)</h3>', page, re.S)


@pytest.mark.slow
def test_last_month_s_report_is_the_first_task_until_the_15th(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    measured(client, 8)
    clock.now = datetime(2024, 12, 2, 3, tzinfo=UTC)
    sign_in(app, client)
    assert tasks(client, "19")[0] == "ngày nữa đến hạn báo cáo tháng 11/2024"
    page = client.get("/desk/area/19").text
    assert "Gửi trước ngày 15/12/2024." in page and "Soạn báo cáo tháng 11/2024" in page
    for day, place in ((15, 0), (16, -1)):
        clock.now = datetime(2024, 12, day, 3, tzinfo=UTC)
        people.sign_in(client, NAME)  # the session has ended
        assert tasks(client, "19")[place] == "ngày quá hạn báo cáo tháng 11/2024"


@pytest.mark.slow
def test_a_province_sets_the_deadline_of_its_communes(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    count(app, "05443", ("2024-11-05", 8))
    clock.now = datetime(2024, 12, 5, 3, tzinfo=UTC)
    token = sign_in(app, client)
    people.account(app, "xa@example.vn", "official", people.unit_id(app, "05443"))
    commune = app.test_client()
    people.sign_in(commune, "xa@example.vn")
    assert "Báo cáo tháng 11/2024" not in commune.get("/desk/area/05443").text
    form = {"csrf_token": token, "before_day": "16"}
    wrong = client.post("/desk/area/19/deadline", data=form)
    assert wrong.status_code == 200 and 'aria-invalid="true"' in wrong.text
    assert client.post("/desk/area/19/deadline", data=form | {"before_day": "10"}).location
    found = "Gửi trước ngày 10/12/2024."
    assert found in commune.get("/desk/area/05443").text
    query = {"month": "2024-11", "level": "commune", "parent": "19"}
    assert (
        commune.get("/api/v1/reports/deadlines", query_string=query).json["deadline"]
        == "2024-12-10"
    )
    assert client.post("/desk/area/19/deadline", data=form | {"before_day": ""}).location
    assert found not in commune.get("/desk/area/05443").text
    with app.app_context():
        acts = db.session.query(AuditEntry).filter_by(act="deadline.set").order_by(AuditEntry.id)
        assert [one.details["after"] for one in acts] == [10, None]


def test_the_teams_of_a_commune_are_those_of_the_page_s_network(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(app, client)
    organisation, area = people.organisation(app), people.unit_id(app, "19", level="province")
    campaign = people.campaign(app, organisation, area, networks=["mobile", "fixed"])
    team, phone = people.team(app, organisation, "Chi đoàn 7"), register(client)
    people.add_membership(app, phone, campaign, team, datetime(2024, 11, 1, tzinfo=UTC))
    made = [sample(f"2024-11-05T{hour:02}:00:00+07:00") for hour in (6, 11, 16)]
    home = [sample("2024-11-05T20:00:00+07:00", network=network(kind="wifi"))]
    assert post(client, phone, *made, *home).status_code < 300
    assert teams_on(client, "mobile") == ["3", "3"]
    assert teams_on(client, "fixed") == ["1", "1"]


def teams_on(client: FlaskClient, name: str) -> list[str]:
    """Return received and counted of the only team on the page of a network."""
    here = client.post("/api/v1/units/locate", json={**HERE, "at": "2024-11-15T00:00:00Z"}).json
    code = here["unit"]["code"]
    page = client.get(f"/desk/area/{code}?month=2024-11&network={name}&lang=en").text
    [row] = re.findall(r"<tr><th[^>]*>Chi đoàn 7.*?</tr>", page)
    return re.findall(r"<td[^>]*>(\d+)<", row)


def test_a_click_turns_the_order_round(app: Flask, client: FlaskClient) -> None:
    measured(client, 8, 13)
    sign_in(app, client)
    first = client.get(f"{AREA}&sort=share").text
    assert 'aria-sort="ascending"' in first and "sort=-share" in first
    last = client.get(f"{AREA}&sort=-share").text
    table = last.partition('id="units"')[2]
    assert 'aria-sort="descending"' in table and table.index("2 / ") < table.index("0 / ")


def test_the_files_hold_what_the_table_shows(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client)
    page = client.get(f"{AREA}&show=reached").text
    assert "/table.csv?" in page and "filter=reached" in page


@pytest.mark.slow
def test_from_a_lost_sample_to_its_reason(app: Flask, client: FlaskClient) -> None:
    _, identity = measured(client, 8, 9)  # the second repeats the first
    sign_in(app, client)
    (lost,) = set(
        re.findall(r'href="(/desk/area/19/samples\?reason=[^"]+)"', client.get(AREA).text)
    )
    assert f"/samples/{identity}" in client.get(unescape(lost)).text
    counted = client.get("/desk/area/19/samples?month=2024-11&reason=counted").text
    assert f"/samples/{identity}" not in counted
    page = client.get(f"/desk/area/19/samples/{identity}").text
    found = client.get(f"/api/v1/units/19/measurements/{identity}").json
    assert found["verdict"]["message"] in page
    assert all(reason["message"] in page for reason in found["reasons"])


def test_the_desk_leads_to_the_board_of_the_own_area(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client)
    assert client.get("/desk/wall").location == "/unit/19/wall"


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_month_that_is_over_asks_for_nothing_more(
    app: Flask, client: FlaskClient, clock: FakeClock, lang: str
) -> None:
    measured(client, 8)
    sign_in(app, client)
    page = client.get(f"/desk/area/19?month=2024-10&lang={lang}").text
    assert ("Tháng đã hết" if lang == "vi" else "The month is over") in page
    assert "show=not_started" not in page and "One by one" not in page


def test_the_figures_come_anew_only_where_they_changed(app: Flask, client: FlaskClient) -> None:
    sign_in(app, client)
    page = client.get(AREA).text
    assert len(re.findall("data-live=", page)) == 2
    live, tag = re.findall(r'data-live="([^"]+)" data-tag="([^"]+)"', page)[0]
    known = {"If-None-Match": unescape(tag)}
    assert client.get(unescape(live), headers=known).status_code == 304
    measured(client, 8)
    changed = client.get(unescape(live), headers=known)
    assert changed.status_code == 200 and changed.text in client.get(AREA).text
