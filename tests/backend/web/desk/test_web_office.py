"""The office on the desk: VNNIC's table, the letterhead, who stands in."""

import re
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
    return client.post(VNNIC, data={"csrf_token": token, "file": file, **fields})


def test_the_desk_lists_vnnic_s_count_with_its_day_beside_ours(
    client: FlaskClient, token: str
) -> None:
    """Also of a draft, which the public does not see."""
    desk = "/desk/area/19?month=2024-11"
    assert "VNNIC (" not in client.get(desk).text
    send(client, token, day="2024-11-09")
    page = client.get(desk).text
    assert "VNNIC (đến 09/11/2024)" in page  # once in the head: all shown counts have that day
    table = page.partition('id="units"')[2]
    row = table.partition("05443?")[2].partition("</tr>")[0]
    assert "VNNIC 40 (đến 09/11/2024)" in row  # on a phone
    assert re.search(r'wide-only">\s*40\s*</td>', row)
    public = client.get("/api/v1/vnnic?month=2024-11&parent=19").json
    assert public["summary"]["imported"] == 0


@pytest.mark.slow
def test_a_table_is_a_draft_until_it_is_published(client: FlaskClient, token: str) -> None:
    """The file is sent once; what it shows the public is confirmed, and can be taken back."""
    shown = send(client, token)
    assert shown.status_code == 200  # a row was skipped: the page says which and why
    assert "99999" in shown.text or "Xã Không Có" in shown.text
    assert "Chưa nhập số của VNNIC" not in client.get(VNNIC).text  # the draft stands above
    public = client.get("/unit/19?month=2024-11").text
    assert "Theo VNNIC" not in public

    def act(state: str, page: str) -> str:
        [go] = re.findall(r'name="go" value="(\w{64})"', page)
        fields = {"csrf_token": token, "state": state, "go": go}
        assert client.post(VNNIC, data=fields).status_code == 303
        return client.get(VNNIC).text

    page = act("published", shown.text)
    query = {"month": "2024-11", "parent": "19"}
    found = client.get("/api/v1/vnnic", query_string=query).json
    (row,) = [item for item in found["items"] if item["theirs"]]
    assert row["code"] == "05443" and row["theirs"]["samples"] == 40
    assert f' class="n strong">{row["difference"]}</td>' in page
    # One commune of many is not summed as the province's count.
    assert f"1 trên {len(found['items'])}" in page
    assert "Theo VNNIC" not in client.get("/unit/19?month=2024-11").text
    assert "Theo VNNIC" in client.get("/unit/05443?month=2024-11").text
    back = client.post(VNNIC, data={"csrf_token": token, "state": "draft"}).text
    page = act("draft", back)
    assert "Chưa nhập số của VNNIC" not in page and "Công bố bảng này" in page
    gone = client.post(VNNIC, data={"csrf_token": token, "state": "removed"}).text
    page = act("removed", gone)
    assert "Công bố bảng này" not in page and "Chưa nhập số của VNNIC" in page


def test_too_few_samples_of_vnnic_are_words(client: FlaskClient, token: str) -> None:
    table = "Mã,Số mẫu\n05443,không đủ số mẫu\n".encode()
    assert send(client, token, file=(BytesIO(table), "vnnic.csv")).status_code == 303
    row = client.get(VNNIC).text.partition('id="preview"')[2].partition("<tbody>")[2]
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row.partition("</tr>")[0])
    assert [re.sub("<[^>]+>", "", cell) for cell in cells] == ["–", "không đủ số mẫu"]


def test_a_name_of_several_units_means_that_of_the_area(app: Flask, client: FlaskClient) -> None:
    people.account(app, "admin@example.vn", "admin", totp_secret=SECRET)
    code = {"totp": pyotp.TOTP(SECRET).at(app.extensions["clock"]())}
    token = people.sign_in(client, "admin@example.vn", **code)["X-CSRF-Token"]
    table = "Đơn vị,Số mẫu\nPhường Trưng Vương,40\n".encode()  # in Quảng Ninh too
    assert send(client, token, file=(BytesIO(table), "vnnic.csv")).status_code == 303
    assert "Phường Trưng Vương" in client.get(VNNIC).text
    elsewhere: dict[str, Any] = {"csrf_token": token}
    elsewhere["file"] = (BytesIO(table), "vnnic.csv")
    unclear = client.post("/desk/area/01/vnnic?month=2024-11", data=elsewhere)
    assert "Có phải là:" in unclear.text


@pytest.mark.slow
def test_without_a_file_and_with_none_that_is_a_table(client: FlaskClient, token: str) -> None:
    none = client.post(VNNIC, data={"csrf_token": token, "month": "2024-11"})
    assert none.status_code == 200 and 'aria-invalid="true"' in none.text
    broken = send(client, token, file=(BytesIO(b"x,y\n1,2\n"), "vnnic.csv"))
    assert broken.status_code == 200 and "Không thấy cột" in broken.text


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
        "headings": "A\r\nB\r\nC\r\nD\r\nE", "references": " Công  văn số 1\r\n",
    }  # fmt: skip
    wrong = client.post("/desk/area/19/letterhead", data=form | {"titles": "A\r\nB"})
    assert wrong.status_code == 200 and ">A\r\nB</textarea>" in wrong.text
    assert client.post("/desk/area/19/letterhead", data=form).status_code == 303
    found = client.get("/api/v1/units/19/letterhead").json
    assert found["recipients"] == ["Cục Viễn thông", "UBND tỉnh"] and found["superior"] is None
    assert found["references"] == ["Công văn số 1"]
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
