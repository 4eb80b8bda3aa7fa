"""The office on the desk: VNNIC's table, the letterhead, who stands in."""

from io import BytesIO
from typing import Any

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.admin_client import field_error

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NAME, DEPUTY = "binh@example.vn", "an@example.vn"
VNNIC = "/desk/area/19/vnnic?month=2024-11"
TABLE = "Mã,Đơn vị,Số mẫu\n05443,Phường Trưng Vương,40\n99999,Xã Không Có,7\n"


@pytest.fixture
def token(app: Flask, client: FlaskClient) -> str:
    """The official of Thái Nguyên has signed in; what forms send along."""
    people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
    return people.sign_in(client, NAME)["X-CSRF-Token"]


def send(client: FlaskClient, token: str, **fields: Any) -> Any:
    file = (BytesIO(TABLE.encode()), "vnnic.csv")
    about = {"csrf_token": token, "month": "2024-11", "network": "mobile"}
    return client.post(VNNIC, data={**about, "file": file, **fields})


@pytest.mark.slow
def test_a_table_is_shown_before_it_is_kept(client: FlaskClient, token: str) -> None:
    shown = send(client, token)
    assert shown.status_code == 200
    assert (
        "Xem trước kết quả nhập" in shown.text
        and "thêm: 1" in shown.text
        and "lỗi: 1" in shown.text
    )
    assert "Chưa nhập số của VNNIC" in client.get(VNNIC).text
    kept = send(client, token, go="yes")
    assert kept.status_code == 200  # a row was skipped: the page says which
    assert "Đã nhập, trừ các hàng có lỗi" in kept.text and "thêm: 1" in kept.text
    page = client.get(VNNIC).text
    query = {"month": "2024-11", "parent": "19"}
    found = client.get("/api/v1/vnnic", query_string=query).json
    (row,) = [item for item in found["items"] if item["theirs"]]
    assert row["code"] == "05443" and row["theirs"]["samples"] == 40
    assert f' class="n strong">{row["difference"]}</td>' in page


def test_a_name_of_several_units_means_that_of_the_area(app: Flask, client: FlaskClient) -> None:
    people.account(app, "admin@example.vn", "admin", totp_secret=SECRET)
    code = {"totp": pyotp.TOTP(SECRET).at(app.extensions["clock"]())}
    token = people.sign_in(client, "admin@example.vn", **code)["X-CSRF-Token"]
    table = "Đơn vị,Số mẫu\nPhường Trưng Vương,40\n".encode()  # in Quảng Ninh too
    shown = send(client, token, file=(BytesIO(table), "vnnic.csv"))
    assert "thêm: 1" in shown.text and "Thành phố Thái Nguyên" in shown.text
    elsewhere = {"csrf_token": token, "month": "2024-11", "network": "mobile"}
    elsewhere["file"] = (BytesIO(table), "vnnic.csv")
    unclear = client.post("/desk/area/01/vnnic?month=2024-11", data=elsewhere)
    assert "lỗi: 1" in unclear.text


@pytest.mark.slow
def test_without_a_file_and_with_none_that_is_a_table(client: FlaskClient, token: str) -> None:
    none = client.post(VNNIC, data={"csrf_token": token, "month": "2024-11"})
    assert none.status_code == 200 and 'aria-invalid="true"' in none.text
    broken = send(client, token, file=(BytesIO(b"x,y\n1,2\n"), "vnnic.csv"))
    assert broken.status_code == 200 and "Không thấy cột" in broken.text
    file = (BytesIO(b"A,B\n05443,12\n"), "vnnic.csv")
    found = send(client, token, file=file, columns="code=A;samples=B")
    assert "thêm: 1" in found.text


def test_a_letterhead_is_proposed_and_kept(client: FlaskClient, token: str) -> None:
    answer = client.get("/desk/area/19/letterhead?lang=vi")
    assert "Đề xuất, chưa lưu" in answer.text
    head = client.head("/desk/area/19/letterhead?lang=vi")
    assert head.content_length == answer.content_length
    form = {
        "csrf_token": token, "version": "0", "agency": "SỞ KHOA HỌC VÀ CÔNG NGHỆ",
        "symbol": "SKHCN-BCVT", "place": "Thái Nguyên",
        "recipients": "Cục Viễn thông\r\nUBND tỉnh\r\n\r\n", "copies": "Như trên",
        "titles": "KT. GIÁM ĐỐC\r\nPHÓ GIÁM ĐỐC", "superior": "", "signer": "",
        "headings": "A\r\nB\r\nC\r\nD\r\nE",
    }  # fmt: skip
    wrong = client.post("/desk/area/19/letterhead", data=form | {"titles": "A\r\nB"})
    assert wrong.status_code == 200 and ">A\r\nB</textarea>" in wrong.text
    assert client.post("/desk/area/19/letterhead", data=form).status_code == 303
    found = client.get("/api/v1/units/19/letterhead").json
    assert found["recipients"] == ["Cục Viễn thông", "UBND tỉnh"] and found["superior"] is None
    again = client.post("/desk/area/19/letterhead", data=form)  # of what was shown before
    assert again.status_code == 200 and 'role="alert"' in again.text


def test_an_area_is_lent_through_a_day(app: Flask, client: FlaskClient, token: str) -> None:
    people.account(app, DEPUTY)
    form = {
        "csrf_token": token, "name": DEPUTY, "area": "2024/province/19",
        "last_day": "2024-11-25", "reason": "Nghỉ phép",
    }  # fmt: skip
    unknown = client.post("/account/deputies", data=form | {"name": "ai@example.vn"})
    assert unknown.status_code == 200 and 'aria-invalid="true"' in unknown.text
    past = client.post("/account/deputies", data=form | {"last_day": "2024-11-01"})
    assert past.status_code == 200 and field_error(past.text, "last_day")
    assert "valid_to" not in past.text  # the name of the API's field
    assert client.post("/account/deputies", data=form).status_code == 303
    (lent,) = client.get("/api/v1/deputies").json["items"]
    assert lent["valid_to"] == "2024-11-25T17:00:00+00:00"  # midnight in Vietnam
    other = app.test_client()
    people.sign_in(other, DEPUTY)
    assert other.get("/desk").location == "/desk/area/19"
    assert "là bạn" in other.get("/account/deputies?lang=vi").text
    ended = client.post(f"/account/deputies/{lent['id']}/end", data={"csrf_token": token})
    assert ended.status_code == 303
    assert other.get("/desk/area/19").status_code == 404
