"""Pages of admins about clusters of communes: made of communes or old districts, and ended."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.admin_client import AdminBrowser, field_error
from tests.support.clock import FakeClock

NOW = datetime(2025, 8, 20, 3, tzinfo=UTC)
PAGE = "/admin/clusters"


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    clock.now = NOW
    return AdminBrowser(app, client, NOW)


def test_a_former_district_is_one_in_one_press(admin: AdminBrowser) -> None:
    assert "Chưa có khu vực nào" in admin.get(PAGE)
    admin.done(PAGE, districts="Huyện Đồng Hỷ, Tỉnh Thái Nguyên")
    page = admin.get(PAGE)
    assert "Huyện Đồng Hỷ (cũ)" in page and "Tỉnh Thái Nguyên" in page
    # Of /reform/2024/169: the communes that are made of it for one half or more.
    listed = re.findall(r'href="/unit/(\d{5})', page.partition("<main")[2])
    reform = admin.get("/reform/2024/169")
    likely = reform.partition('id="related"')[2].partition('<details class="opens">')[0]
    assert set(listed) == set(re.findall(r'href="/unit/(\d{5})', likely)) and len(listed) > 3


def test_the_log_names_its_communes(admin: AdminBrowser) -> None:
    admin.done(PAGE, name="Bắc", communes="05443\n05500")
    entries = admin.get("/admin/audit?act=cluster.create").partition('id="entries"')[2]
    communes = admin.get(PAGE).partition('<ul class="names">')[2].partition("</ul>")[0]
    names = re.findall(r">([^<]+)</a>", communes)
    assert len(names) == 2 and all(name in entries for name in names)


def test_communes_are_added_to_those_of_districts(admin: AdminBrowser) -> None:
    admin.done(PAGE, name="Bắc", districts="169\n172", communes="05443")
    [(made, communes)] = re.findall(r'<tr id="cluster-(\d+)">(.*?)</tr>', admin.get(PAGE), re.S)
    codes = re.findall(r"/unit/(\d{5})", communes)
    assert "05443" in codes and len(codes) == len(set(codes)) > 8
    admin.get(f"/cluster/{made}?month=2025-08")


@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({}, "name", "Chưa nhập"),
        ({"name": "Bắc"}, "communes", "từ hai xã"),
        ({"communes": "05443\n00004", "name": "Bắc"}, "communes", "không cùng một tỉnh"),
        ({"communes": "không có xã này"}, "communes", ""),
        ({"districts": "169\n172"}, "name", "Chưa nhập"),  # which of the two names?
        ({"districts": "05443"}, "districts", ""),
    ],
)
def test_what_is_wrong_stands_beside_the_field(
    admin: AdminBrowser, typed: dict[str, str], field: str, words: str
) -> None:
    page = admin.refused(PAGE, **{"name": "", "communes": "", "districts": "", **typed})
    assert field_error(page, field) and words in field_error(page, field), page


def test_it_ends_with_the_roles_over_it(app: Flask, admin: AdminBrowser) -> None:
    admin.done(PAGE, districts="169")
    [ending] = re.findall(rf'action="({PAGE}/(?:\d+)/end)"', admin.get(PAGE))
    made = int(ending.split("/")[3])
    official = people.person(app, "official", made, kind="cluster")
    assert admin.client.get("/desk", headers=official).status_code == 200
    admin.done(ending)  # without the tick
    assert ending in admin.get(PAGE)
    admin.done(ending, sure="yes")
    page = admin.get(PAGE)
    assert ending not in page and f"/cluster/{made}" in page.partition("Đã kết thúc")[2]
    again = admin.send(ending, sure="yes")
    assert again.status_code == 422 and "Khu vực này đã kết thúc." in again.text


def test_a_role_over_it_is_given_by_its_name(app: Flask, admin: AdminBrowser) -> None:
    admin.done(PAGE, districts="169")
    user = people.account(app, "lan@example.vn")
    [made] = re.findall(
        r'<option value="(\d+)"[^>]*>Huyện Đồng Hỷ \(cũ\)', admin.get("/admin/people")
    )
    admin.done(f"/admin/people/{user}", role="official", cluster_id=made)
    assert "Cán bộ phụ trách địa bàn: Huyện Đồng Hỷ (cũ)" in admin.get(f"/admin/people/{user}")
