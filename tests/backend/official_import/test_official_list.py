"""Invitation of many officials from one list."""

import io
import re
from datetime import UTC, date, datetime
from email import message_from_bytes, policy

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import func, select

from backend.accounts.models import OneTimeLink, Role, User
from backend.database.extensions import db
from backend.official_import.lines import OfficialLine, as_text, parse_day, read_text
from tests.support import people
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.people import audit_entries
from tests.support.smtp_server import mail_server

PAGE = "/admin/people/officials"
TODAY = datetime(2026, 11, 20, 3, tzinfo=UTC)
WORD = st.text("abcđeồ", min_size=1, max_size=8)


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    clock.now = TODAY
    return AdminBrowser(app, client, clock.now)


def count(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


@given(st.lists(st.tuples(WORD, WORD, st.sampled_from(["a@b.vn", "0912345678", ""]))))
def test_a_list_written_as_text_is_read_back(rows: list[tuple[str, str, str]]) -> None:
    lines = [OfficialLine(f"Xã {unit}", f"Bà {name}", to) for unit, name, to in rows]
    assert read_text(as_text(lines)) == lines


@pytest.mark.parametrize(
    ("text", "day"),
    [("31/12/2026", date(2026, 12, 31)), ("2026-12-31 00:00:00", date(2026, 12, 31)),
     ("31/02/2026", None), ("mai", None)],
)  # fmt: skip
def test_days_are_read_as_written_in_vietnam(text: str, day: date | None) -> None:
    assert parse_day(text) == day


def test_a_faulty_contact_is_no_part_of_a_name() -> None:
    line = OfficialLine("Xã Võ Nhai", "Chị Hoa", "0912 345")
    assert read_text(as_text([line])) == [line]
    assert read_text("Xã Võ Nhai\tChị Hoa\t0912 345") == [line]


@pytest.mark.parametrize("separator", ["\t", ";"])
def test_columns_without_a_header_are_told_apart_by_content(separator: str) -> None:
    row = separator.join(("Xã Phú Lương", "0912 345 678", "Chị Hoa", "31/12/2026"))
    assert read_text(row) == [OfficialLine("Xã Phú Lương", "Chị Hoa", "0912 345 678", "31/12/2026")]


@pytest.mark.slow
def test_the_list_of_a_province_is_filled_in_sent_and_sent_again(
    app: Flask, admin: AdminBrowser
) -> None:
    """From the workbook with 93 rows to links; the second time nothing changes."""
    page = admin.get(f"{PAGE}?home=Tỉnh Thái Nguyên")
    assert "<strong>0</strong> trên 92 xã, phường có cán bộ" in page
    answer = admin.client.get(f"{PAGE}/list.xlsx?home=Tỉnh Thái Nguyên")
    book = load_workbook(io.BytesIO(answer.data))
    sheet = book.worksheets[0]
    assert sheet.max_row == 94
    for number, row in enumerate(sheet.iter_rows(min_row=2), 1):
        row[1].value, row[2].value = f"Cán bộ {number}", f"canbo{number}@example.vn"
    out = io.BytesIO()
    book.save(out)

    def send(**fields: str) -> str:
        file = (io.BytesIO(out.getvalue()), "can-bo.xlsx")
        sent = admin.send(PAGE, home="Tỉnh Thái Nguyên", file=file, **fields)
        assert sent.status_code == 200, sent.text
        return sent.text

    before = count(app, User)
    assert "sẽ được mời: 93" in send() and count(app, User) == before
    done = send(go="yes")
    assert count(app, User) == before + 93
    assert len(set(re.findall(r"/invitation#(\S{40,}?)[\s<]", done))) == 93
    assert "Kính gửi Cán bộ 1," in done
    assert "Địa bàn\tHọ và tên\tLiên hệ" in done  # the table for Excel
    links = count(app, OneTimeLink)
    again = send(go="yes")
    assert "/invitation#" not in again and "93 dòng đã có từ trước" in again
    assert (count(app, User), count(app, OneTimeLink)) == (before + 93, links)
    renewed = send(go="yes", renew="yes")
    assert len(set(re.findall(r"/invitation#(\S{40,}?)[\s<]", renewed))) == 93
    assert count(app, OneTimeLink) == links
    assert "<strong>92</strong> trên 92 xã, phường có cán bộ" in admin.get(
        f"{PAGE}?home=Tỉnh Thái Nguyên"
    )


def test_one_faulty_row_stops_all_and_is_named(app: Flask, admin: AdminBrowser) -> None:
    before = count(app, User), count(app, Role)
    page = admin.send(
        PAGE,
        home="Tỉnh Thái Nguyên",
        go="yes",
        officials="Xã Phú Lương\tChị Hoa\thoa@example.vn\n"
        "Xã Không Có\tAnh Nam\tnam@example.vn\n"
        "Xã Võ Nhai\tAnh Tú\tkhông phải địa chỉ\n"
        "Xã Võ Nhai\tAnh Tú\ttu@example.vn\t01/01/2020\n"
        "xa phu luong\t\tHOA@example.vn",
    ).text
    assert "có lỗi: 4" in page and "Chưa mời ai." in page
    assert "Không có xã, phường nào tên này hôm nay" in page
    assert "Người này đã được ghi cho địa bàn này ở hàng" in page
    assert (count(app, User), count(app, Role)) == before
    # Rows are numbered as in the spreadsheet: its first line is the head.
    typed = "Địa bàn\tHọ và tên\tLiên hệ\nXã Không Có\tAn\tan@example.vn"
    headed = admin.send(PAGE, home="Tỉnh Thái Nguyên", officials=typed)
    for text, numbers in ((headed.text, "2"), (page, "12345")):
        listed = text.rpartition("Các dòng của danh sách")[2]
        assert "".join(sorted(re.findall(r'class="n[^>]*>(\d)</td>', listed))) == numbers


def test_people_with_an_account_get_the_role_without_a_link(
    app: Flask, admin: AdminBrowser
) -> None:
    lan = people.account(app, "lan@example.vn")
    page = admin.send(
        PAGE, go="yes", officials="Tỉnh Thái Nguyên\t\tlan@example.vn\nXã Võ Nhai\t\tlan@example.vn"
    ).text
    assert "/invitation#" not in page
    assert [act for act, _ in audit_entries(app, f"user:{lan}")] == ["role.grant", "role.grant"]
    found = admin.get("/admin/people?q=vo nhai")
    assert "lan@example.vn" in found and "Cán bộ phụ trách địa bàn: Xã Võ Nhai" in found


def test_names_that_several_communes_have_are_those_of_the_province(admin: AdminBrowser) -> None:
    row = {"officials": "Xã Phú Lương\t\thoa@example.vn"}
    assert "Nhiều xã, phường cùng tên" in admin.send(PAGE, **row).text
    page = admin.send(PAGE, home="Tỉnh Thái Nguyên", **row).text
    assert "sẽ được mời: 1" in page and "Xã Phú Lương, Tỉnh Thái Nguyên" in page


def test_links_are_mailed_over_one_connection_if_that_was_asked(
    app: Flask, admin: AdminBrowser
) -> None:
    rows = "Xã Võ Nhai\tChị Hoa\thoa@example.vn\nXã Đại Từ\tAnh Tú\t0912345678"
    with mail_server() as (settings, mails):
        app.config.update(settings)
        page = admin.send(PAGE, home="Thái Nguyên", go="yes", mail="yes", officials=rows).text
    assert page.count("đã gửi qua thư điện tử") == 1
    assert [message_from_bytes(one, policy=policy.default)["To"] for one in mails] == [
        "hoa@example.vn"
    ]


def test_an_empty_list_and_one_too_long_are_refused(admin: AdminBrowser) -> None:
    page = admin.refused(PAGE, officials="", home="")
    assert "Nêu ít nhất một người" in page
    rows = "\n".join(f"Xã Võ Nhai\t\tx{n}@example.vn" for n in range(501))
    assert "500 dòng" in admin.refused(PAGE, officials=rows)
