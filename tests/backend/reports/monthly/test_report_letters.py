"""What a draft chooses for its letter, the documents that it answers, and the checklist."""

import io
from typing import Any

import pytest
from docx import Document

from backend.reports.monthly.letters import propose_titles
from tests.support import people
from tests.support.access.requests_officials import LETTERHEAD
from tests.support.reports import URL, Office

DEPUTY = ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]


def choose(office: Office, report: int, **changes: Any) -> Any:
    data = {"kind": "official_letter", **changes}
    headers = people.if_match(office.headers, office.show(report).json["version"])
    return office.client.put(f"{URL}/{report}/letter", json=data, headers=headers)


def open_items(office: Office, report: int) -> set[str]:
    answer = office.show(report, "/checklist").json
    left = {one["code"] for one in answer["items"] if not one["done"]}
    assert answer["open"] == len(left)
    return left


@pytest.mark.slow
def test_what_is_chosen_stands_in_the_frozen_letter(office: Office) -> None:
    office.is_demo()
    office.measured(9, 16)
    report = office.draft()
    url, new = "/api/v1/units/19/letterhead", people.if_match(office.headers, 0)
    head = LETTERHEAD | {"titles": ["GIÁM ĐỐC"]}
    assert office.client.put(url, json=head, headers=new).status_code == 200
    shown = office.show(report, "/letter").json
    assert (shown["kind"], shown["references"]) == ("official_letter", LETTERHEAD["references"])
    assert shown["proposed_titles"][0] == ["GIÁM ĐỐC"] and DEPUTY in shown["proposed_titles"]
    assert open_items(office, report) >= {"days", "vnnic"}
    assert choose(office, report, kind="report").json["kind"] == "report"
    assert choose(office, report, references=[]).json["references"] == []
    assert "references" in open_items(office, report)
    choose(office, report, references=LETTERHEAD["references"])
    assert not open_items(office, report) & {"references", "targets", "month_over"}
    office.frozen_of(report)
    figures = office.show(report, "/figures").json
    assert figures["letter"] == {"kind": "official_letter"}
    assert figures["letterhead"]["references"] == LETTERHEAD["references"]
    letter = Document(io.BytesIO(office.show(report, "/files/report.docx").data))
    said = "\n".join(paragraph.text for paragraph in letter.paragraphs)
    assert f"Thực hiện {LETTERHEAD['references'][0]}, " in said
    assert signature(office, report) == "GIÁM ĐỐC\n"
    assert choose(office, report).json["code"] == "report_not_draft"
    assert office.show(report, "/checklist").json["code"] == "report_not_draft"
    acts = [act for act, _ in people.audit_entries(office.app, f"report:{report}")]
    assert acts == ["report.begin", *["report.letter"] * 3, "report.freeze"]


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
    items = {one["code"]: one for one in office.show(report, "/checklist").json["items"]}
    assert items["days"]["n"] == 30 and items["boundaries"]["done"] is False
    assert items["pages"]["done"] is True and items["references"]["done"] is False
    office.measured(9, day=15)
    items = {one["code"]: one for one in office.show(report, "/checklist").json["items"]}
    assert items["days"]["n"] == 29
