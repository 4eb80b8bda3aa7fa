"""Section I of the letter: outreach as it was entered, and an annex of one line each."""

from datetime import date
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import insert

from backend.database.extensions import db
from backend.outreach.models import Outreach
from backend.reports.content.figures import Sections
from backend.reports.content.proposals import propose
from backend.reports.files.annexes import MAX_ACTIVITIES, MAX_TOLD, TablePart, list_annexes
from tests.support import people
from tests.support import report_content as content
from tests.support.contributions import add_measurement, volunteers
from tests.support.reports import Office

TEAMS_SAY = propose(content.report()["unit"], "2024-11", cast(Sections, content.sections()))


def entered(app: Flask) -> None:
    """Two activities of the province, one of a commune in it, one of a team there."""
    province = people.unit_id(app, "19", level="province")
    commune = people.unit_id(app, "05443")
    organisation = people.organisation(app)
    team = people.team(app, organisation)
    campaign = people.campaign(app, organisation, province)
    of_team = {"team_id": team, "campaign_id": campaign, "note": "nhà ông Ba", "office_id": None}
    of_province = {
        "office_id": province,
        "team_id": None,
        "campaign_id": None,
        "note": "trực tuyến",
    }
    usual = {"unit_id": commune, "kind": "conference", "audience": "officials", "people": 200,
             "document_number": None, "document_date": None}  # fmt: skip
    number = {"document_number": "12/KH-UBND", "document_date": date(2024, 11, 4)}
    rows: list[dict[str, Any]] = [
        usual | of_province | {"day": date(2024, 11, 5)},
        usual | of_province | number | {"day": date(2024, 11, 4), "unit_id": province,
                                        "kind": "document", "people": None},
        usual | of_province | {"office_id": commune, "day": date(2024, 11, 6), "people": 30},
        usual | of_team | {"day": date(2024, 11, 7), "kind": "visits", "people": 12},
        usual | of_team | {"day": date(2024, 12, 1), "kind": "visits", "people": 99},
    ]  # fmt: skip
    with app.app_context():
        db.session.execute(insert(Outreach), rows)
        db.session.commit()


@pytest.mark.slow
def test_a_letter_tells_numbers_attendances_and_documents_by_who_entered(office: Office) -> None:
    entered(office.app)
    figures = office.show(office.draft(), "/figures").json
    assert figures["proposed"]["direction"] == (
        "Về tuyên truyền, hướng dẫn: Cơ quan cấp tỉnh có 1 hội nghị, tập huấn (200 lượt người);"
        " 1 văn bản chỉ đạo (số 12/KH-UBND ngày 04/11/2024). Các xã, phường có 1 hội nghị, tập"
        " huấn (30 lượt người). Các tổ, đội có 1 đợt đến từng nhà (12 lượt người). Số liệu theo"
        " từng nơi ghi, có thể trùng nhau nên không cộng lại."
    )
    notes = [one["note"] for one in figures["sections"]["outreach"]["activities"]]
    assert notes == ["trực tuyến", "trực tuyến", "trực tuyến", None]  # none of teams


@pytest.mark.slow
def test_a_commune_tells_of_its_own_and_not_of_the_province_s(office: Office) -> None:
    entered(office.app)
    report = office.begin(unit="05443", level="commune").json["id"]
    figures = office.show(report, "/figures").json
    activities = figures["sections"]["outreach"]["activities"]
    assert [one["entered_by"] for one in activities] == ["commune", "team"]
    assert figures["proposed"]["direction"].startswith(
        "Về tuyên truyền, hướng dẫn: Phường Trưng Vương có 1 hội nghị"
    )


@pytest.mark.slow
@pytest.mark.parametrize("guests", [4, 5])
def test_a_letter_tells_residents_helped_from_five_on(office: Office, guests: int) -> None:
    unit, organisation = people.unit_id(office.app, "05443"), people.organisation(office.app)
    campaign = people.campaign(office.app, organisation, unit)
    team, helped = people.team(office.app, organisation), volunteers(office.app, *[None] * guests)
    with office.app.app_context():
        for one in helped:
            add_measurement(campaign, team, unit=unit, volunteer=one, guest=True)
        db.session.commit()
    report = office.draft()
    figures = office.show(report, "/figures").json
    told = "Các đội đã hướng dẫn 5 người dân tự đo bằng máy của mình."
    assert figures["sections"].get("residents") == (5 if guests == 5 else None)
    assert figures["proposed"]["direction"].endswith(told) == (guests == 5)


@pytest.mark.slow
def test_a_month_without_entries_and_a_frozen_report_say_what_they_said(office: Office) -> None:
    figures = office.show(office.draft(), "/figures").json
    assert "outreach" not in figures["sections"] and "direction" not in figures["proposed"]
    assert TEAMS_SAY["direction"].startswith("Có 1 đội thanh niên")
    assert [one.title for one in list_annexes(content.report())][-1] == "Tốc độ theo nhà mạng"


def test_the_annex_has_a_line_for_each_activity_and_fits_a_page() -> None:
    line = {"day": "2024-11-05", "place": "Xã A", "entered_by": "commune", "name": "Xã A",
            "kind": "launch", "audience": "residents", "people": 40, "note": "chợ phiên",
            "document_number": None, "document_date": None}  # fmt: skip
    many = {"sums": [], "activities": [line] * (MAX_ACTIVITIES + 7)}
    annex = list_annexes(content.report(sections=content.sections(outreach=many)))[-1]
    table, rest = annex.parts
    assert isinstance(table, TablePart) and len(table.rows) == MAX_ACTIVITIES
    assert table.rows[0]["told"] == "Ra quân; chợ phiên" and table.rows[0]["day"] == "05/11/2024"
    assert "Còn 7 hoạt động" in str(rest)
    long = {"sums": [], "activities": [line | {"note": "rất dài " * 30}]}
    annex = list_annexes(content.report(sections=content.sections(outreach=long)))[-1]
    [table] = annex.parts
    assert isinstance(table, TablePart) and len(str(table.rows[0]["told"])) <= MAX_TOLD
