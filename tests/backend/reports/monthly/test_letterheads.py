"""Letterheads: proposed, set from a day on, changed by whoever saw them last."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.clock import month_end
from backend.reports.content.labels import bare_name, default_letterhead
from backend.reports.monthly.letterheads import letterhead_on, references_on
from backend.units.service import find
from tests.support.access.requests_officials import LETTERHEAD
from tests.support.clock import FakeClock
from tests.support.people import audit_entries, if_match, person, unit_id
from tests.support.problems import wrong_fields

URL = "/api/v1/units/19/letterhead"
DEPARTMENT = {
    **LETTERHEAD,
    "superior": "ỦY BAN NHÂN DÂN TỈNH THÁI NGUYÊN",
    "agency": "SỞ THÔNG TIN VÀ TRUYỀN THÔNG",
    "titles": ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"],
    "signer": "Nguyễn Thị An",
    "headings": ["Chỉ đạo", "Kết quả đo", "Tồn tại", "Nhiệm vụ", "Kiến nghị"],
}


@pytest.fixture
def official(app: Flask) -> dict[str, str]:
    return person(app, "official", unit_id(app, "19", level="province"))


def put(client: FlaskClient, headers: dict[str, str], version: int, **changes: Any) -> Any:
    return client.put(URL, json=DEPARTMENT | changes, headers=if_match(headers, version))


def test_one_is_proposed(client: FlaskClient, official: dict[str, str]) -> None:
    answer = client.get(URL, headers=official)
    assert (answer.json["valid_from"], answer.headers["ETag"]) == (None, '"0"')
    assert answer.json["unit"] == {
        "code": "19", "name": "Tỉnh Thái Nguyên", "system": "2024", "level": "province"
    }  # fmt: skip
    assert answer.json["superior"] == "UBND TỈNH THÁI NGUYÊN"
    assert answer.json["agency"] == "SỞ THÔNG TIN VÀ TRUYỀN THÔNG"
    assert answer.json["place"] == "Thái Nguyên"


def test_a_department_is_called_by_its_name_of_the_day() -> None:
    for day, agency, symbol in (
        ("2025-01", "SỞ THÔNG TIN VÀ TRUYỀN THÔNG", "STTTT-BCVT"),
        ("2025-03", "SỞ KHOA HỌC VÀ CÔNG NGHỆ", "SKHCN-BCVT"),
    ):
        words = default_letterhead("province", "Tỉnh An Giang", "Tỉnh An Giang", month_end(day))
        assert (words["agency"], words["symbol"]) == (agency, symbol)


def test_a_commune_writes_to_the_department() -> None:
    words = default_letterhead("commune", "Xã Tân Cương", "Tỉnh Thái Nguyên", month_end("2026-10"))
    assert words["agency"] == "ỦY BAN NHÂN DÂN XÃ TÂN CƯƠNG" and words["superior"] is None
    assert words["recipients"] == ["Sở Khoa học và Công nghệ tỉnh Thái Nguyên"]


@pytest.mark.parametrize(
    ("name", "without"),
    [("Thành phố Huế", "Huế"), ("Thị xã Sơn Tây", "Sơn Tây"), ("Phường 1", "Phường 1"),
     ("Đặc khu Lý Sơn", "Lý Sơn")],
)  # fmt: skip
def test_places_go_without_their_type(name: str, without: str) -> None:
    assert bare_name(name) == without


def test_what_an_official_sets_holds_from_its_day(
    app: Flask, client: FlaskClient, official: dict[str, str]
) -> None:
    answer = put(client, official, 0, valid_from="2024-11-01")
    assert answer.status_code == 200 and answer.headers["ETag"] == '"1"'
    later = put(client, official, 1, valid_from="2024-12-01", signer="Trần Văn Bình")
    assert (later.json["signer"], later.json["version"]) == ("Trần Văn Bình", 2)
    signers = {}
    for day in ("2024-10-31", "2024-11-30", "2024-12-31"):
        signers[day] = client.get(f"{URL}?as_of={day}", headers=official).json["signer"]
    assert list(signers.values()) == [None, "Nguyễn Thị An", "Trần Văn Bình"]
    with app.app_context():
        day = month_end("2024-11")
        assert letterhead_on(find(day, "19"), day) == DEPARTMENT


def test_a_commune_answers_the_documents_of_its_province_unless_it_names_others(
    app: Flask, client: FlaskClient, official: dict[str, str]
) -> None:
    def cited() -> list[str]:
        with app.app_context():
            return references_on(find(month_end("2024-11"), "05443"), month_end("2024-11"))

    assert cited() == []
    put(client, official, 0)
    assert cited() == LETTERHEAD["references"]
    for version, lines in enumerate((["Công văn số 1", "Công văn số 2"], [])):
        answer = client.put(
            "/api/v1/units/05443/letterhead", json=LETTERHEAD | {"references": lines},
            headers=if_match(official, version),
        )  # fmt: skip
        assert answer.json["references"] == lines
        assert cited() == (lines or LETTERHEAD["references"])


def test_a_day_is_set_again(
    client: FlaskClient, official: dict[str, str], clock: FakeClock
) -> None:
    put(client, official, 0)
    answer = put(client, official, 1, place="Sông Công")
    assert answer.json["valid_from"] == clock.now.date().isoformat()
    assert client.get(URL, headers=official).json == answer.json


def test_nobody_overwrites_what_another_changed(
    client: FlaskClient, official: dict[str, str]
) -> None:
    put(client, official, 0)
    assert put(client, official, 0, place="Hà Nội").status_code == 412
    assert client.put(URL, json=DEPARTMENT, headers=official).status_code == 428
    assert client.get(URL, headers=official).json["place"] == "Thái Nguyên"


def test_a_change_is_audited_without_the_words(
    app: Flask, client: FlaskClient, official: dict[str, str]
) -> None:
    put(client, official, 0)
    [(act, details)] = audit_entries(app, f"unit:{unit_id(app, '19', level='province')}")
    assert act == "letterhead.set" and details["valid_from"] == "2024-11-20"
    assert "signer" in details["changed"] and "An" not in str(details)


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"agency": " "}, "agency", "blank"),
        ({"headings": ["Kết quả"]}, "headings", "wrong_length"),
        ({"titles": ["CHỦ TỊCH", "PHÓ CHỦ TỊCH"]}, "titles", "not_for_another"),
    ],
)
def test_what_cannot_be_set(
    client: FlaskClient, official: dict[str, str], changes: Any, field: str, code: str
) -> None:
    answer = put(client, official, 0, **changes)
    assert wrong_fields(answer) == [(field, code)]
