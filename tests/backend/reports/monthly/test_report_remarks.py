"""Remarks by section: own versions, conflicts that show both texts, one audit entry a sitting."""

from datetime import timedelta
from typing import Any

import pytest

from backend.reports.monthly.remarks import MAX_REMARK
from tests.support import people
from tests.support.reports import URL, Office


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
