"""Section II of the letter: places without coverage that operators know, and an annex."""

from typing import Any

import pytest

from backend.reports.files.annexes import MAX_PLACES, TablePart, list_annexes
from tests.support import people
from tests.support import report_content as content
from tests.support.reports import Office

LINE = {
    "name": "Bản Tèn", "commune": "Xã A", "operator": None, "state": "answered",
    "since": "2024-11-05",
}  # fmt: skip


def place(office: Office, name: str, *steps: dict[str, Any], **more: Any) -> None:
    """Add a place, recorded on 20 October, with its steps."""
    fields = {"name": name, "latitude": 21.594, "longitude": 105.848, "day": "2024-10-20"} | more
    url = f"/api/v1/units/{office.province}/places"
    made = office.client.post(url, json=fields, headers=office.headers)
    for step in steps:
        assert made.status_code == 201, made.text
        headers = people.if_match(office.headers, made.json["version"])
        url = f"/api/v1/places/{made.json['id']}/steps"
        made = office.client.post(url, json=step, headers=headers)
    assert made.status_code == 201, made.text


@pytest.mark.slow
def test_a_letter_tells_places_that_operators_know_as_of_the_month_s_end(office: Office) -> None:
    sent = {"state": "sent", "day": "2024-10-25"}
    remeasure = {"state": "remeasure", "day": "2024-10-28"}
    answer = {"state": "answered", "note": "trạm mới", "promised_on": "2025-03-31"}
    place(office, "Đèo Khế", sent, answer | {"day": "2024-11-12"}, operator="Viettel")
    place(office, "Đèo Nhe", sent, answer | {"day": "2024-12-02"})  # in the month after
    place(office, "Chợ Mới", sent, remeasure, {"state": "covered", "day": "2024-11-03"})
    # None of these is in the letter.
    place(office, "Chợ Cũ", sent, remeasure, {"state": "covered", "day": "2024-10-30"})
    place(office, "Của Sở")
    place(office, "Nhầm", {"state": "wrong", "note": "có sóng", "day": "2024-11-02"})
    place(office, "Tháng sau", {"state": "sent", "day": "2024-12-01"})
    office.is_demo()
    report = office.draft()
    figures = office.show(report, "/figures").json
    told = [(one["name"], one["operator"], one["state"], one["since"])
            for one in figures["sections"]["places"]]  # fmt: skip
    assert told == [
        ("Chợ Mới", None, "covered", "2024-11-03"),
        ("Đèo Khế", "Viettel", "answered", "2024-11-12"),
        ("Đèo Nhe", None, "sent", "2024-10-25"),
    ]
    assert (
        "Theo dõi 03 điểm chưa có sóng đã gửi nhà mạng: 01 chờ nhà mạng trả lời, 01 nhà mạng đã hẹn"
        " xử lý, 01 đã có sóng." in figures["proposed"]["results"]
    )
    assert not {"notes", "phones"} & set(figures["sections"]["places"][0])
    office.frozen_of(report)
    place(office, "Đèo Gió", sent)
    assert len(office.show(report, "/figures").json["sections"]["places"]) == 3


@pytest.mark.slow
def test_reports_without_such_places_and_of_communes_say_nothing(office: Office) -> None:
    figures = office.show(office.draft(), "/figures").json
    assert "places" not in figures["sections"] and "Theo dõi" not in str(figures["proposed"])
    place(office, "Đèo Khế", {"state": "sent", "day": "2024-11-02"})
    commune = office.begin(unit="05443", level="commune").json["id"]
    assert "places" not in office.show(commune, "/figures").json["sections"]


def test_the_annex_lists_the_places_and_fits_a_page() -> None:
    many = [LINE] * (MAX_PLACES + 4)
    annexes = list_annexes(content.report(sections=content.sections(places=many)))
    [annex] = [one for one in annexes if one.title == "Điểm chưa có sóng đã gửi nhà mạng"]
    table, rest = annex.parts
    assert isinstance(table, TablePart) and len(table.rows) == MAX_PLACES
    assert [table.rows[0][one.key] for one in table.columns] == [
        "Bản Tèn", "Xã A", "Mọi nhà mạng", "Nhà mạng đã hẹn xử lý", "05/11/2024",
    ]  # fmt: skip
    assert "Còn 4 điểm" in str(rest) and annex.sections == {"results"}
