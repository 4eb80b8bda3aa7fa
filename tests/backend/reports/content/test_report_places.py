"""Section II of the letter: published places without coverage, and an annex."""

from typing import Any

import pytest

from backend.reports.files.annexes import MAX_PLACES, TablePart, list_annexes
from tests.support import people
from tests.support import report_content as content
from tests.support.reports import Office

LINE = {
    "hamlet": "Bản Tèn", "commune": "Xã A", "operator": None, "state": "answered",
    "month": "2024-11",
}  # fmt: skip


def place(
    office: Office, hamlet: str | None, *steps: dict[str, Any], published: bool = True, **more: Any
) -> None:
    """Add a place, recorded on 20 October, with its steps; published if it may be."""
    url = f"/api/v1/units/{office.province}/places"
    fields = {"name": "Đèo", "latitude": 21.594, "longitude": 105.848, "day": "2024-10-20"} | more
    if hamlet:
        own = {"name": hamlet, "unit": "05443"}
        made = office.client.post(
            url.replace("places", "hamlets"), json=own, headers=office.headers
        )
        fields = {"hamlet_id": made.json["id"], "day": "2024-10-20"} | more
    made = office.client.post(url, json=fields, headers=office.headers)
    for step in steps:
        assert made.status_code == 201, made.text
        headers = people.if_match(office.headers, made.json["version"])
        url = f"/api/v1/places/{made.json['id']}/steps"
        made = office.client.post(url, json=step, headers=headers)
    assert made.status_code == 201, made.text
    if published:
        headers = people.if_match(office.headers, made.json["version"])
        url = f"/api/v1/places/{made.json['id']}/publication"
        office.client.put(url, json={"published": True}, headers=headers)


@pytest.mark.slow
def test_a_letter_tells_published_places_as_of_the_month_s_end(office: Office) -> None:
    sent = {"state": "sent", "day": "2024-10-25"}
    remeasure = {"state": "remeasure", "day": "2024-10-28"}
    answer = {"state": "answered", "note": "trạm mới", "promised_on": "2025-03-31"}
    place(office, "Đèo Khế", sent, answer | {"day": "2024-11-12"}, operator="Viettel")
    place(office, "Đèo Nhe", sent, answer | {"day": "2024-12-02"})  # in the month after
    place(office, None, sent, remeasure, {"state": "covered", "day": "2024-11-03"})
    # None of these is in the letter.
    place(office, "Chợ Cũ", sent, remeasure, {"state": "covered", "day": "2024-10-30"})
    place(office, "Của Sở")
    place(office, "Chưa công khai", sent, published=False)
    place(office, "Nhầm", {"state": "wrong", "note": "có sóng", "day": "2024-11-02"})
    place(office, "Tháng sau", {"state": "sent", "day": "2024-12-01"})
    office.is_demo()
    report = office.draft()
    figures = office.show(report, "/figures").json
    told = [(one["hamlet"], one["operator"], one["state"], one["month"])
            for one in figures["sections"]["places"]]  # fmt: skip
    assert told == [
        ("Đèo Khế", "Viettel", "answered", "2024-11"),
        ("Đèo Nhe", None, "sent", "2024-10"),
        (None, None, "covered", "2024-11"),
    ]
    assert (
        "Theo dõi 03 điểm chưa có sóng đã gửi nhà mạng: 01 chờ nhà mạng trả lời, 01 nhà mạng đã hẹn"
        " xử lý, 01 đã có sóng." in figures["proposed"]["results"]
    )
    assert set(figures["sections"]["places"][0]) == set(LINE)
    office.frozen_of(report)
    place(office, "Đèo Gió", sent)
    assert len(office.show(report, "/figures").json["sections"]["places"]) == 3


@pytest.mark.slow
def test_reports_without_such_places_and_of_communes_say_nothing(office: Office) -> None:
    figures = office.show(office.draft(), "/figures").json
    assert "places" not in figures["sections"] and "Theo dõi" not in str(figures["proposed"])
    place(office, "Bản Tèn", {"state": "sent", "day": "2024-11-02"})
    commune = office.begin(unit="05443", level="commune").json["id"]
    assert "places" not in office.show(commune, "/figures").json["sections"]


def test_the_annex_lists_the_places_and_fits_a_page() -> None:
    many = [LINE] * (MAX_PLACES + 4)
    annexes = list_annexes(content.report(sections=content.sections(places=many)))
    [annex] = [one for one in annexes if one.title == "Điểm chưa có sóng đã gửi nhà mạng"]
    table, rest = annex.parts
    assert isinstance(table, TablePart) and len(table.rows) == MAX_PLACES
    assert [table.rows[0][one.key] for one in table.columns] == [
        "Bản Tèn", "Xã A", "Mọi nhà mạng", "Nhà mạng đã hẹn xử lý", "11/2024",
    ]  # fmt: skip
    assert "Còn 4 điểm" in str(rest) and annex.sections == {"results"}
