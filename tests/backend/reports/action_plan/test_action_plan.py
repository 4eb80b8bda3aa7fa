"""The plan of action: its figures recomputed from the plan of the teams, its text, its access."""

import io
import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from backend.accounts.access import Actor, Grant
from backend.database.extensions import db
from backend.outreach.models import Outreach
from backend.reports.action_plan.document import (
    ActionPlan,
    compose_plan,
)
from backend.reports.action_plan.service import plan_of_province
from backend.reports.files.annexes import MAX_COMMUNES
from backend.units.service import units_on
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.contributions import NOON, add_measurement, volunteers
from tests.support.plans import HERE, NEAR, THIRD, TODAY, Cast, store_count
from tests.support.reminders import HEAD

TARGET = 300  # of November 2024
DESK = "/desk/area/19/action-plan.docx"


def cast_of(app: Flask) -> Cast:
    """Two teams in three communes: one at its target, one nearly, one without a sample."""
    cast = Cast(app, HERE, NEAR, THIRD)
    cast.team("Đội Một", HERE, capacity_per_day=5)
    cast.team("Đội Hai", NEAR, capacity_per_day=2)
    for code, n in ((HERE, 290), (NEAR, TARGET + 7)):
        store_count(app, code, n)
    return cast


def read(file: bytes) -> tuple[str, list[list[list[str]]]]:
    """Return the paragraphs of a Word file, and its tables with a frame as text."""
    document = Document(io.BytesIO(file))
    tables = [
        [[cell.text for cell in row.cells] for row in table.rows]
        for table in document.tables
        if len(table.columns) > 2
    ]
    return "\n".join(one.text for one in document.paragraphs), tables


def of_campaign(cast: Cast, client: FlaskClient, **query: str) -> Any:
    cast_page = f"/campaigns/{cast.campaign}/plan/action-plan.docx"
    return client.get(cast_page, headers=cast.organiser, query_string=query)


def test_the_figures_are_those_of_the_plan(app: Flask, client: FlaskClient) -> None:
    cast = cast_of(app)
    answer = of_campaign(cast, client, date=TODAY)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    assert "KH-hanh-dong-2024-11-" in answer.headers["Content-Disposition"]
    text, (needs, teams) = read(answer.data)
    plan = cast.plan(client, date=TODAY)
    planned: dict[str, int] = {}
    for team in plan["teams"]:
        stops = {one["unit"]["name"]: one["samples_until_end"]
                 for one in [*team["items"], *team["later"]]}  # fmt: skip
        [row] = [row for row in teams[1:] if row[1] == team["name"]]
        days = -(-sum(stops.values()) // team["capacity_per_day"])
        assert row[3:6] == [str(team["capacity_per_day"]), str(sum(stops.values())), str(days)]
        assert set(row[6].split("; ")) == {f"{name} ({n})" for name, n in stops.items()}
        for name, n in stops.items():
            planned[name] = planned.get(name, 0) + n
    rows = {row[1]: [int(cell) for cell in row[2:5]] for row in needs[1:]}
    assert len(rows) == plan["summary"]["communes_lacking"] == 2
    assert sum(row[0] for row in rows.values()) == plan["summary"]["shortfall"] == 10 + TARGET
    for name, (shortfall, by_teams, missing) in rows.items():
        assert by_teams == planned.get(name, 0) and missing == max(0, shortfall - by_teams)
    covered = plan["summary"]["covered_by_plan"]
    missing = 10 + TARGET - covered
    assert f"Ngoài kế hoạch trên còn {missing} mẫu chưa có đội đo tại 1 đơn vị" in text
    more = -(-missing // (round((5 + 2) / 2) * plan["days_left"]))
    assert f"Cần thêm khoảng {more} đội như các đội hiện có" in text
    assert "1 trên 3 đơn vị cấp xã đạt 300 mẫu băng rộng di động" in text
    assert "đưa 1 trên 2 đơn vị còn thiếu đạt chỉ tiêu" in text


def test_a_province_joins_the_plans_of_its_campaigns(app: Flask, client: FlaskClient) -> None:
    cast, other = cast_of(app), Cast(app, THIRD)
    other.team("Đội Ba", THIRD, capacity_per_day=4)
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    answer = client.get(DESK, headers=official)
    assert answer.status_code == 200
    text, (needs, teams) = read(answer.data)
    assert {row[1] for row in teams[1:]} == {"Đội Một", "Đội Hai", "Đội Ba"}
    of_third = [row for row in needs if "Đội Ba" in row[-1]]
    assert len(of_third) == 1 and int(of_third[0][3]) > 4 * 11  # with the teams of the other one
    figures = client.get("/api/v1/coverage?month=2024-11&level=commune&parent=19", headers=official)
    lacking = [one["shortfall"] for one in figures.json["items"] if one["shortfall"]]
    assert len(needs) - 1 == MAX_COMMUNES and "Còn 1 đơn vị khác" in text
    missing = f"{sum(lacking):,}".replace(",", ".")
    assert f"; {MAX_COMMUNES + 1} đơn vị còn thiếu {missing} mẫu" in text
    assert len(lacking) == MAX_COMMUNES + 1
    assert "KẾ HOẠCH" in text and "trên địa bàn tỉnh Thái Nguyên" in text
    over = client.get(f"{DESK}?month=2024-10", headers=official)
    commune = people.person(app, "official", people.unit_id(app, HERE))
    own = client.get(f"/desk/area/{HERE}/action-plan.docx", headers=commune)
    assert (over.status_code, own.status_code) == (404, 404)
    assert cast.campaign != other.campaign


def test_the_month_before_tells_outreach_residents_and_good_places(
    app: Flask, clock: FakeClock
) -> None:
    """Five communes reached their target of November; six residents were helped in one."""
    province = people.unit_id(app, "19", level="province")
    with app.app_context():
        good = [one.code for one in units_on(date(2024, 11, 30), "commune", "19")[:5]]
    union = people.organisation(app)
    team, campaign = people.team(app, union), people.campaign(app, union, province)
    guests = volunteers(app, *[None] * 6)
    for code in good:
        store_count(app, code, TARGET)
    with app.app_context():
        here = people.unit_id(app, good[0])
        for one in guests:
            add_measurement(campaign, team, NOON, here, volunteer=one, guest=True)
        where = {"unit_id": province, "office_id": province, "day": date(2024, 11, 9)}
        activity = {**where, "kind": "launch", "audience": "residents", "people": 80, "note": ""}
        db.session.execute(insert(Outreach), [activity])
        db.session.commit()
    plan = plan_of(app, clock, province)
    assert plan.residents == 6 and plan.good is not None
    assert plan.good.reached.communes == 5 and plan.good.others.communes > 100
    assert plan.good.reached.residents == pytest.approx(6 / 5)
    assert plan.good.others.residents == 0
    said = words_of(plan)
    assert "Cơ quan cấp tỉnh có 1 buổi ra quân (80 lượt người)" in said
    assert "Các đội đã hướng dẫn 6 người dân tự đo" in said
    assert re.search(r"tháng 11 năm 2024, 5 đơn vị đạt chỉ tiêu bình quân .*1,2 người dân", said)
    assert "không chứng minh nguyên nhân" in said


def plan_of(app: Flask, clock: FakeClock, province: int) -> ActionPlan:
    """Return the plan of December for the official of a province."""
    clock.now = datetime(2024, 12, 10, 3, tzinfo=UTC)
    official = Actor(grants=(Grant("official", "unit", province),))
    with app.app_context():
        return plan_of_province(official, "19", None, "mobile", clock.now).plan


def words_of(plan: ActionPlan) -> str:
    return " ".join(one for part in compose_plan(plan, HEAD).sections for one in part.paragraphs)


def test_few_communes_or_residents_are_not_told(app: Flask, clock: FakeClock) -> None:
    province = people.unit_id(app, "19", level="province")
    with app.app_context():
        good = [one.code for one in units_on(date(2024, 11, 30), "commune", "19")[:4]]
    for code in good:
        store_count(app, code, TARGET)
    plan = plan_of(app, clock, province)
    assert plan.good is None and plan.residents is None and plan.outreach is None
    said = words_of(plan)
    assert "Nơi làm tốt" not in said and "người dân tự đo bằng" not in said
    assert "chưa ghi nhận hoạt động nào trong tháng 11 năm 2024" in said
    assert "Chưa có đội nào được xếp đo" in said


def test_a_campaign_tells_of_its_own_teams_alone(app: Flask, client: FlaskClient) -> None:
    cast, other = cast_of(app), people.organisation(app, "Sở khác")
    theirs = people.campaign(app, other, people.unit_id(app, HERE))
    for team, campaign, people_met in (
        (people.team(app, other, "Đội lạ"), theirs, 99), (None, cast.campaign, 40),
    ):  # fmt: skip
        own = team or people.team(app, cast.organisation, "Đội Bốn")
        row = {"day": date(2024, 10, 9), "unit_id": people.unit_id(app, HERE), "team_id": own,
               "campaign_id": campaign, "kind": "visits", "audience": "residents",
               "people": people_met, "note": ""}  # fmt: skip
        with app.app_context():
            db.session.execute(insert(Outreach), [row])
            db.session.commit()
    text, _ = read(of_campaign(cast, client, date=TODAY).data)
    assert "Các tổ, đội có 1 đợt đến từng nhà (40 lượt người)." in text and "99" not in text
    assert "Tỉnh Đoàn Thái Nguyên ban hành Kế hoạch hành động tháng 11 năm 2024" in text
    assert "chiến dịch “" in text


def test_a_campaign_of_a_later_month_has_a_plan(app: Flask, client: FlaskClient) -> None:
    days = {"first_day": date(2025, 2, 1), "last_day": date(2025, 2, 20)}
    cast = Cast(app, HERE, **days)
    cast.team("Đội Một", HERE, capacity_per_day=5)
    answer = of_campaign(cast, client)
    assert answer.status_code == 200
    text, (_, teams) = read(answer.data)
    assert "trong 20 ngày, từ ngày 01/02/2025 đến hết ngày 20/02/2025" in text
    assert teams[1][3:6] == ["5", "100", "20"] and "Nơi làm tốt" not in text


def test_a_plan_that_lacks_nothing_asks_for_nothing_more() -> None:
    plan = ActionPlan(
        agency="Sở A", place="tỉnh B", campaign=None, month="2026-12", network="fixed",
        first_day=date(2026, 12, 3), last_day=date(2026, 12, 31), units=9, threshold=None,
        needs=[], teams=[], usual_per_day=10, good=None, outreach=None, residents=None,
        references=["Công văn số 1", "Công văn số 2"], at=datetime(2026, 12, 3, tzinfo=UTC),
        demo=False,
    )  # fmt: skip
    content = compose_plan(plan, HEAD)
    assert content.annexes == [] and plan.more_teams == 0
    assert content.opening.startswith("Thực hiện Công văn số 1; Công văn số 2, Sở A ban hành")
    assert content.head.number == "Số:          /KH-SKHCN"
    said = words_of(plan)
    assert "9 trên 9 đơn vị cấp xã đạt chỉ tiêu băng rộng cố định." in said
    assert "đủ sức đo" in said and "Phụ lục" not in said
