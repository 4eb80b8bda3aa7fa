"""Remarks by section: own versions, conflicts that show both texts, one audit entry a sitting."""

import runpy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import backend
from backend.database.extensions import db
from backend.reports.monthly.models import RemarkVersion, ReportRow
from backend.reports.monthly.remarks import MAX_REMARK
from tests.support import people
from tests.support.reports import DECEMBER, URL, Office


def save(office: Office, report: int, text: str | bytes, version: int | None = 0,
         section: str = "results", **more: Any) -> Any:  # fmt: skip
    headers = more.pop("headers", office.headers)
    if version is not None:
        headers = headers | {"If-Match": f'"{version}"'}
    body = text.encode() if isinstance(text, str) else text
    kind = {"content_type": "text/plain; charset=utf-8", **more}
    return office.client.put(
        f"{URL}/{report}/remarks/{section}", data=body, headers=headers, **kind
    )


def remark(office: Office, report: int, section: str = "results") -> Any:
    items = office.show(report, "/remarks").json["items"]
    return next(one for one in items if one["section"] == section)


def test_each_section_has_its_own_version(office: Office) -> None:
    report = office.draft()
    assert remark(office, report)["version"] == 0
    saved = save(office, report, "Mưa lũ\r\nkéo dài. ")
    assert saved.status_code == 200 and saved.headers["ETag"] == '"1"'
    assert (saved.json["text"], saved.json["report_version"]) == ("Mưa lũ\nkéo dài.", 2)
    assert saved.json["changed_by"] == "Trần Thị Bình"
    assert save(office, report, "Đủ.", section="tasks").json["version"] == 1
    assert save(office, report, "Mưa.", 1).json["version"] == 2
    assert save(office, report, "Mưa.", 1).json["version"] == 2  # sent twice
    assert save(office, report, "", 2).json["text"] == ""
    assert office.show(report).json["remarks"] == {"tasks": "Đủ."}


def test_a_conflict_shows_both_texts(office: Office) -> None:
    report = office.draft()
    colleague = people.person(
        office.app, "official", people.unit_id(office.app, "19", level="province"),
        display_name="Lê Văn Cường",
    )  # fmt: skip
    save(office, report, "Của Cường.", headers=colleague)
    refused = save(office, report, "Của Bình.")
    assert (refused.status_code, refused.json["code"]) == (412, "remark_conflict")
    stored = refused.json["stored"]
    assert (stored["text"], stored["changed_by"]) == ("Của Cường.", "Lê Văn Cường")
    assert office.show(report).json["remarks"] == {"results": "Của Cường."}
    assert save(office, report, "Của Cường. Của Bình.", stored["version"]).status_code == 200
    assert save(office, report, "Mạng yếu.", section="proposals").status_code == 200  # no conflict


@pytest.mark.slow
def test_one_sitting_is_one_audit_entry(office: Office) -> None:
    report = office.draft()
    for version in range(5):
        save(office, report, f"Câu {version}.", version)
        office.clock.now += timedelta(minutes=10)
    save(office, report, "Đủ.", section="tasks")
    acts = [act for act, _ in people.audit_entries(office.app, f"report:{report}")]
    assert acts == ["report.begin", "report.remark"]
    office.clock.now += timedelta(minutes=31)
    save(office, report, "Sau giờ nghỉ.", 5)
    office.is_demo()
    assert office.act(report, "freeze").status_code == 200
    entries = people.audit_entries(office.app, f"report:{report}")
    assert [act for act, _ in entries][2:] == ["report.remark", "report.freeze"]
    assert entries[-1][1]["remarks"] == {"tasks": 1, "results": 6}
    assert "nghỉ" not in str(entries)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"version": None}, 428, "precondition_required"),
        ({"section": "weather"}, 404, "not_found"),
        ({"content_type": "application/json"}, 415, "not_plain_text"),
        ({"text": b"\xff\xfe"}, 422, "not_unicode"),
        ({"text": "a\x00b"}, 422, "has_nul"),
        ({"text": "x" * (MAX_REMARK + 1)}, 422, "too_long"),
        ({"text": "x" * (4 * MAX_REMARK + 1)}, 413, "too_large"),
    ],
)
def test_a_remark_that_is_not_saved(
    office: Office, changes: dict[str, Any], status: int, code: str
) -> None:
    refused = save(office, office.draft(), **{"text": "Đủ.", **changes})
    assert refused.status_code == status
    assert code in (refused.json["code"], refused.json.get("errors", [{}])[0].get("code"))


def test_a_remark_is_added_unless_the_section_is_rewritten(office: Office) -> None:
    report = office.draft()
    assert save(office, report, "Mưa lũ.").json["rewrites"] is False
    rewritten = save(office, report, "Mưa lũ.", 1, query_string={"rewrites": "true"})
    assert (rewritten.json["rewrites"], rewritten.json["version"]) == (True, 2)
    assert office.show(report, "/figures").json["rewritten"] == ["results"]
    assert save(office, report, "Mưa lũ.", 2).json["rewrites"] is False
    assert office.show(report).json["rewritten"] == []


FORMER = {"samples": "Mưa lũ.", "teams": "Ba đội.", "lacking": "Đo bù."}
MOVED = {"results": "Mưa lũ.\nBa đội.", "shortcomings": "Đo bù."}
MIGRATION = Path(backend.__file__).parent / "migrations/versions/0098_after_version_1_1.py"


def former_remarks(office: Office, report: int) -> None:
    with office.app.app_context():
        row = db.session.get_one(ReportRow, report)
        row.remarks = FORMER
        for section, version in zip(FORMER, (1, 2, 4), strict=True):
            versions = {"section": section, "version": version, "changed_at": DECEMBER}
            db.session.add(RemarkVersion(report_id=report, **versions))
        db.session.commit()


def test_the_remarks_of_a_draft_from_before_the_upgrade_still_replace_the_sentences(
    office: Office,
) -> None:
    report = office.draft()
    former_remarks(office, report)
    migration = runpy.run_path(str(MIGRATION))
    with office.app.app_context():
        for statement in ("REMARKS", "REMARK_VERSIONS"):
            db.session.execute(text(migration[statement]))
        db.session.commit()
    shown = office.show(report).json
    assert (shown["remarks"], shown["rewritten"]) == (MOVED, ["results", "shortcomings"])
    assert remark(office, report)["version"] == 3  # a form from before is refused
    assert save(office, report, "Bão.", 3).status_code == 200


def test_the_remarks_of_former_sections_move_into_the_next_edition(office: Office) -> None:
    office.is_demo()
    first = office.frozen()
    former_remarks(office, first)
    made = office.act(first, "supersede", json={"reason": "Sửa"}).json
    assert (made["remarks"], made["rewritten"]) == (MOVED, ["results", "shortcomings"])
