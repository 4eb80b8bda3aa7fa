"""Hamlets of a province: its list, its import, and who sees it."""

import csv
import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.admin_client import field_error

Json = dict[str, Any]
API = "/api/v1/units/19/hamlets"
PAGE = "/desk/area/19/hamlets"
IMPORT = f"{PAGE}/import"
NAME = "binh@example.vn"
HEADS = ("Mã thôn", "Thôn", "Mã xã", "Xã", "Vĩ độ", "Kinh độ", "Số hộ", "Điện lưới")
HILL: Json = {"name": "Bản Tèn", "unit": "05443", "latitude": 21.6, "longitude": 105.85}


class Office:
    """A signed-in official of the province, who uses its pages and the API."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.province = people.unit_id(app, "19", level="province")
        people.account(app, NAME, "official", self.province)
        self.headers = people.sign_in(client, NAME)
        self.token = self.headers["X-CSRF-Token"]

    def post(self, wanted: int = 201, **data: Any) -> Json:
        answer = self.client.post(API, json=HILL | data, headers=self.headers)
        assert answer.status_code == wanted, answer.text
        return dict(answer.json)

    def put(self, hamlet: Json, version: int = 1, **data: Any) -> Any:
        headers = people.if_match(self.headers, version)
        url = f"/api/v1/hamlets/{hamlet['id']}"
        return self.client.put(url, json=HILL | data, headers=headers)

    def listed(self, **query: str) -> Json:
        return dict(self.client.get(API, query_string=query).json)

    def names(self, **query: str) -> list[str]:
        return [one["name"] for one in self.listed(**query)["items"]]

    def submit(self, **fields: str) -> Any:
        return self.client.post(PAGE, data={"csrf_token": self.token, **fields})

    def send(self, *rows: tuple[str, ...], go: bool = True) -> str:
        file = io.StringIO()
        csv.writer(file).writerows([HEADS, *(row + ("",) * (8 - len(row)) for row in rows)])
        table = (io.BytesIO(file.getvalue().encode()), "thon.csv")
        fields = {"csrf_token": self.token, "file": table} | ({"go": "yes"} if go else {})
        answer = self.client.post(IMPORT, data=fields)
        assert answer.status_code in (200, 303), answer.text
        return str(answer.text).replace("<strong>", "").replace("</strong>", "")


@pytest.fixture
def office(app: Flask, client: FlaskClient) -> Office:
    return Office(app, client)


def test_a_hamlet_needs_a_name_and_a_commune_alone(office: Office) -> None:
    hamlet = office.post(latitude=None, longitude=None)
    assert (hamlet["position"], hamlet["outside"], hamlet["power"]) == (None, False, None)
    assert hamlet["unit"]["code"] == "05443"
    assert office.listed()["unplaced"] == 1


@pytest.mark.parametrize(
    ("data", "field", "code"),
    [
        ({"name": "  "}, "name", "required"),
        ({"name": "x" * 101}, "name", "too_long"),
        ({"unit": "99999"}, "unit", "no_such_unit"),
        ({"unit": "00004"}, "unit", "unit_outside"),
        ({"latitude": 48.1}, "latitude", "out_of_range"),
        ({"longitude": None}, "longitude", "required"),
        ({"households": 1.5}, "households", "not_whole"),
        ({"power": "có"}, "power", "not_bool"),
    ],
)
def test_bad_input_is_named(office: Office, data: Json, field: str, code: str) -> None:
    [error] = office.post(422, **data)["errors"]
    assert (error["field"], error["code"]) == (field, code)


def test_a_position_in_another_commune_is_a_finding(office: Office) -> None:
    other = office.post(name="Đồi A", unit="05446")
    assert other["outside"] and other["lies_in"]
    assert f"nằm trong {other['lies_in']}" in office.client.get(PAGE).text
    here = office.listed()["items"][0]["lies_in"]
    home = next(
        one for one in office.client.get("/api/v1/units?parent=164").json["items"]
        if one["name"] == here
    )  # fmt: skip
    assert not office.post(name="Đồi B", unit=home["code"])["outside"]


def test_names_are_once_in_a_commune_and_codes_once_in_the_province(office: Office) -> None:
    office.post(code="T1")
    assert office.post(409)["code"] == "hamlet_known"
    assert office.post(409, name="Bản B", code="T1")["code"] == "hamlet_code_known"
    office.post(unit="05446")


def test_two_officials_at_once(office: Office) -> None:
    hamlet = office.post()
    assert office.put(hamlet, households=40).json["households"] == 40
    overtaken = office.put(hamlet, households=50)
    assert (overtaken.status_code, office.listed()["items"][0]["households"]) == (412, 40)


def test_the_list_is_searched_without_accents_and_paged(office: Office) -> None:
    office.post(latitude=None, longitude=None)
    office.post(name="Thôn 7")
    office.post(name="Thôn 9", unit="05446")
    assert office.names(q="ban ten") == ["Bản Tèn"]
    assert office.names(unplaced="true") == ["Bản Tèn"]
    first = office.listed(limit="2")
    rest = office.listed(limit="2", cursor=first["next"])
    assert len(first["items"]) == 2 and len(rest["items"]) == 1 and rest["next"] is None
    assert office.client.get(API, query_string={"cursor": "x"}).status_code == 422


def test_a_list_with_names_alone_is_imported_and_again_changes_nothing(office: Office) -> None:
    rows = [("", f"Thôn {n}", "05443", "") for n in range(40)]
    assert "Tạo mới: 40" in office.send(*rows, go=False) or office.names() == []
    office.send(*rows)
    assert len(office.names()) == 40
    before = office.listed()
    office.send(*rows)
    assert office.listed() == before


def test_empty_cells_keep_what_the_office_knows(office: Office) -> None:
    office.post(households=30, power=True)
    office.send(("T1", "bản tèn", "05443", "", "", "", "35"))
    [hamlet] = office.listed()["items"]
    assert (hamlet["code"], hamlet["name"], hamlet["households"]) == ("T1", "bản tèn", 35)
    assert hamlet["power"] is True and hamlet["position"] == {"latitude": 21.6, "longitude": 105.85}


def test_a_new_list_renames_and_moves_a_hamlet_by_its_code(office: Office) -> None:
    hamlet = office.post(code="T1")
    office.send(("T1", "Bản Tèn Mới", "05446", ""))
    [moved] = office.listed()["items"]
    assert (moved["id"], moved["name"]) == (hamlet["id"], "Bản Tèn Mới")
    assert moved["unit"]["code"] == "05446"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("", "", "05443"), "Thôn: Thiếu trường này"),
        (("", "Thôn 1", "", "Xã Không Có"), "Xã: Không có đơn vị"),
        (("", "Thôn 1", "00004"), "Xã: Không có đơn vị"),
        (("", "Thôn 1", "05443", "", "21.6"), "Kinh độ: Thiếu trường này"),
        (("", "Thôn 1", "05443", "", "xa", "105"), "Vĩ độ: Chỉ nhập số"),
        (("", "Thôn 1", "05443", "", "48,1", "105"), "Vĩ độ: Giá trị ngoài"),
        (("", "Thôn 1", "05443", "", "", "", "vài"), "Số hộ: Chỉ nhập số"),
        (("", "Thôn 1", "05443", "", "", "", "", "sắp"), "Điện lưới: Hãy ghi có hoặc không"),
        (("T1", "Thôn 1", "05443"), "Thôn: Xã đã có thôn tên này"),
    ],
)
def test_a_bad_row_is_told_by_its_cell(office: Office, row: tuple[str, ...], said: str) -> None:
    office.post(name="Thôn 1", code="T7")
    page = office.send(row, ("", "Thôn 2", "05443"))
    assert said in page, page
    assert office.names() == ["Thôn 1", "Thôn 2"]


def test_the_second_of_two_rows_is_refused_and_a_position_outside_noted(office: Office) -> None:
    page = office.send(
        ("", "Thôn 1", "05446", "", "21,6", "105,85"),
        ("", "thôn 1", "05446"),
        ("T1", "Thôn 2", "05446"),
        ("T1", "Thôn 3", "05446"),
    )
    assert "Thôn này đã có ở dòng 2" in page and "Mã này đã có ở dòng 4" in page
    preview = office.send(("", "Thôn 1", "05446", "", "21,61", "105,85"), go=False)
    assert "thôn vẫn thuộc xã đã ghi" in preview
    assert office.names() == ["Thôn 1", "Thôn 2"]


def test_the_page_adds_changes_and_removes(office: Office) -> None:
    fields = {"name": "Bản Tèn", "unit": "05443", "position": "21,6 105,85", "power": "no"}
    assert office.submit(**fields).status_code == 303
    [hamlet] = office.listed()["items"]
    assert hamlet["position"] == {"latitude": 21.6, "longitude": 105.85}
    assert hamlet["power"] is False
    edit = office.client.get(f"{PAGE}?id={hamlet['id']}").text
    assert 'value="21.6, 105.85"' in edit
    wrong = office.submit(**{**fields, "position": "gần trường"})
    assert wrong.status_code == 422 and field_error(wrong.text, "position")
    seen = {"id": str(hamlet["id"]), "version": "1"}
    assert office.submit(**fields, **seen, households="12").status_code == 303
    overtaken = office.submit(**fields, **seen, households="13")
    assert overtaken.status_code == 422 and "12" in field_error(overtaken.text, "households")
    remove = {"csrf_token": office.token, "version": "2"}
    office.client.post(f"{PAGE}/{hamlet['id']}/remove", data=remove)
    assert office.names() == []


def test_a_commune_and_another_province_have_no_such_list(app: Flask, client: FlaskClient) -> None:
    clerk = people.person(app, "official", people.unit_id(app, "05443"))
    other = people.person(app, "official", people.unit_id(app, "01", level="province"))
    for headers in (clerk, other):
        assert client.get(API, headers=headers).status_code == 404
        assert client.post(API, json=HILL, headers=headers).status_code == 404
    own = client.get("/api/v1/units/05443/hamlets", headers=clerk)
    assert own.status_code == 404
