"""What a draft chooses for its letter, the documents that it answers, and the checklist."""

import io
from typing import Any

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.reports.monthly.checklist import ChecklistItem, check
from backend.reports.monthly.letters import propose_titles
from backend.reports.monthly.models import ReportRow
from backend.reports.monthly.service import compose
from tests.support import people
from tests.support.access.requests_officials import LETTERHEAD
from tests.support.clock import FakeClock
from tests.support.reports import Desk, Office

DEPUTY = ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]


def choose(desk: Desk, report: int, kind: str = "official_letter", cited: str = "") -> Any:
    return desk.send(report, "remarks", kind=kind, references=cited)


def items(office: Office, report: int) -> dict[str, ChecklistItem]:
    with office.app.app_context():
        row = db.session.get_one(ReportRow, report)
        found = check(compose(row, office.clock.now), row.unit_id, office.clock.now)
    assert found["open"] == sum(not one["done"] for one in found["items"])
    return {one["code"]: one for one in found["items"]}


def open_items(office: Office, report: int) -> set[str]:
    return {code for code, one in items(office, report).items() if not one["done"]}


@pytest.mark.slow
def test_what_is_chosen_stands_in_the_frozen_letter(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    desk = Desk(app, client, clock)
    desk.is_demo()
    desk.measured(9, 16)
    report = desk.draft()
    url, new = "/api/v1/units/19/letterhead", people.if_match(desk.headers, 0)
    head, [line] = LETTERHEAD | {"titles": ["GIÁM ĐỐC"]}, LETTERHEAD["references"]
    assert client.put(url, json=head, headers=new).status_code == 200
    assert f">{line}</textarea>" in desk.page(report)
    assert open_items(desk, report) >= {"days", "vnnic"}
    assert choose(desk, report, "report").status_code == 303
    assert '<option value="report" selected>' in desk.page(report)
    assert "references" in open_items(desk, report)
    late = desk.send(report, "remarks", version="1", kind="official_letter", references=line)
    assert late.status_code == 200 and 'role="alert"' in late.text
    assert choose(desk, report, cited=line).status_code == 303
    assert not open_items(desk, report) & {"references", "targets", "month_over"}
    desk.frozen_of(report)
    figures = desk.show(report, "/figures").json
    assert figures["letter"] == {"kind": "official_letter"}
    assert figures["letterhead"]["references"] == [line]
    letter = Document(io.BytesIO(desk.show(report, "/files/report.docx").data))
    assert f"Thực hiện {line}, " in "\n".join(paragraph.text for paragraph in letter.paragraphs)
    assert signature(desk, report) == "GIÁM ĐỐC\n"
    assert choose(desk, report).status_code == 200  # not a draft any more
    acts = [act for act, _ in people.audit_entries(app, f"report:{report}")]
    assert acts == ["report.begin", *["report.letter"] * 2, "report.freeze"]


def signature(office: Office, report: int) -> str:
    """Return what the letter prints at the end on the right."""
    letter = Document(io.BytesIO(office.show(report, "/files/report.docx").data))
    cells = [table.rows[0].cells for table in letter.tables]
    return next(one[1].text for one in cells if one[0].text.startswith("Nơi nhận"))


@pytest.mark.slow
def test_the_letter_prints_who_approves(office: Office) -> None:
    office.is_demo()
    report = office.frozen()
    before = office.show(report, "/files/report.json").data
    wrong = office.act(report, "approve", json={"titles": ["GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]})
    assert wrong.status_code == 422 and wrong.json["errors"][0]["code"] == "not_for_another"
    signed = {"name": "Lê Văn Cường", "titles": DEPUTY}
    approved = office.act(report, "approve", json=signed).json["approved"]
    assert (approved["name"], approved["title"]) == ("Lê Văn Cường", "PHÓ GIÁM ĐỐC")
    assert signature(office, report) == "KT. GIÁM ĐỐC\nPHÓ GIÁM ĐỐC\nLê Văn Cường"
    assert office.show(report, "/files/report.json").data == before
    second = office.act(report, "supersede", json={"reason": "Sửa"}).json["id"]
    assert signature(office, second) == "GIÁM ĐỐC\n"  # asked again


def test_signatures_are_proposed_from_the_letterhead() -> None:
    committee = propose_titles(["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"])
    assert committee[0] == ["TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"]
    assert ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"] in committee
    assert ["TL. CHỦ TỊCH", "TRƯỞNG PHÒNG"] in committee
    assert propose_titles(DEPUTY)[:2] == [DEPUTY, ["GIÁM ĐỐC"]]


@pytest.mark.slow
def test_the_checklist_of_an_empty_month(office: Office) -> None:
    report = office.draft()
    found = items(office, report)
    assert found["days"]["n"] == 30 and found["boundaries"]["done"] is False
    assert found["pages"]["done"] is True and found["references"]["done"] is False
    office.measured(9, day=15)
    assert items(office, report)["days"]["n"] == 29
