"""Documents that letters answer: records of the unit and the installation, confirmed by people."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.reports.content.references import cite_document, cite_documents, day_in_words
from tests.support import people
from tests.support.access.requests_reports import document
from tests.support.reports import Office

URL = "/api/v1/units/19/references"


def add(office: Office, url: str = URL, **changes: Any) -> Any:
    headers = changes.pop("headers", office.headers)
    return office.client.post(url, json=document(**changes), headers=headers)


def listed(office: Office, url: str = URL) -> list[Any]:
    return list(office.client.get(url, headers=office.headers).json["items"])


def cited(office: Office, report: int) -> list[str]:
    return [one["number"] for one in office.show(report, "/figures").json["references"]]


def test_the_ministrys_letter_is_proposed_and_not_cited(office: Office) -> None:
    [letter] = listed(office)
    assert (letter["number"], letter["symbol"]) == ("5691", "BTTTT-CVT")
    assert letter["confirmed_at"] is None and letter["about"] is None and letter["unit"] is None
    assert cited(office, office.draft()) == []


def test_nothing_of_another_province_is_offered(office: Office) -> None:
    hanoi = people.person(
        office.app, "official", people.unit_id(office.app, "01", level="province")
    )
    made = add(office, "/api/v1/units/01/references", number="77", headers=hanoi)
    assert made.status_code == 201
    assert "77" not in [one["number"] for one in listed(office)]
    report = office.draft()
    asked = {"kind": "official_letter", "titles": [], "references": [made.json["id"]]}
    headers = people.if_match(office.headers)
    url = f"/api/v1/reports/{report}/letter"
    assert office.client.put(url, json=asked, headers=headers).json["references"] == []
    assert cited(office, report) == []


@pytest.mark.slow
def test_the_nearest_confirmed_documents_are_cited(office: Office) -> None:
    admin = people.person(office.app, "admin")
    common = add(office, "/api/v1/references", number="1", headers=admin)
    assert common.status_code == 201
    report, commune = office.draft(), office.begin(unit="05443").json["id"]
    assert cited(office, report) == cited(office, commune) == ["1"]
    own = add(office, number="2", confirmed=False).json
    assert cited(office, report) == ["1"]
    changed = office.client.put(
        f"/api/v1/references/{own['id']}", json=document(number="2"),
        headers=people.if_match(office.headers, own["version"]),
    )  # fmt: skip
    assert changed.status_code == 200 and changed.json["confirmed_at"]
    assert cited(office, report) == cited(office, commune) == ["2"]
    stale = people.if_match(office.headers, 1)
    url = f"/api/v1/references/{own['id']}"
    assert office.client.delete(url, headers=stale).status_code == 412
    assert office.client.delete(url, headers=people.if_match(office.headers, 2)).status_code == 204
    assert cited(office, report) == ["1"]
    acts = [act for act, _ in people.audit_entries(office.app, f"reference:{own['id']}")]
    assert acts == ["reference.add", "reference.change", "reference.remove"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issued_on": "2024-12-06"}, "day_in_future"),
        ({"number": "  "}, "blank"),
    ],
)
def test_a_document_that_is_not_stored(office: Office, changes: dict[str, Any], code: str) -> None:
    refused = add(office, **changes)
    assert refused.status_code == 422 and refused.json["errors"][0]["code"] == code


def test_a_document_is_stored_once(office: Office) -> None:
    assert add(office, number="9").status_code == 201
    refused = add(office, number="9")
    assert (refused.status_code, refused.json["code"]) == (409, "reference_exists")


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_days_have_the_zeros_of_the_decree(day: date) -> None:
    words = day_in_words(day).split()
    assert (int(words[1]), int(words[3]), int(words[5])) == (day.day, day.month, day.year)
    assert len(words[1]) == 2 and words[3].startswith("0") == (day.month <= 2)


def test_a_document_is_cited_in_the_form_of_the_decree() -> None:
    one: Any = {
        "type": "Công văn", "number": "5691", "symbol": "BTTTT-CVT", "issued_on": "2024-12-31",
        "issuer": "Bộ Thông tin và Truyền thông", "about": "V/v đo chất lượng mạng.",
    }  # fmt: skip
    assert cite_document(one) == (
        "Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của Bộ Thông tin và Truyền thông"
        " về việc đo chất lượng mạng"
    )
    earlier = one | {"number": "12", "issued_on": "2024-02-01"}
    assert cite_documents([one, earlier]).startswith("Công văn số 12/BTTTT-CVT ngày 01 tháng 02")
