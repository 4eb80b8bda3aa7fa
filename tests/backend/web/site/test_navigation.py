"""Tabs of officials and admins, and the addresses of former versions."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.web.admin.frame import PAGES, SECTIONS
from backend.web.site.moved import MOVED
from tests.support import people
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.plans import Cast

TABS = re.compile(r'<nav class="tabs (many|sub)"[^>]*>(.*?)</nav>', re.DOTALL)
LINK = re.compile(r'<a href="([^"?#]+)[^>]*>([^<]+)</a>')


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    return AdminBrowser(app, client, clock.now)


def tabs(page: str, inner: bool = False) -> list[tuple[str, str]]:
    """The addresses and names of the tabs above a page, or of those below them."""
    found = [links for kind, links in TABS.findall(page) if (kind == "sub") == inner]
    return [(href, name) for href, name in LINK.findall(found[0])] if found else []


def test_an_admin_has_five_tabs_above_every_page(admin: AdminBrowser) -> None:
    titles = ["Tổng quan", "Người dùng", "Địa giới và mục tiêu", "Kết nối", "Nhật ký"]
    reached = set()
    for href, _ in tabs(admin.get("/admin")):
        page = admin.get(href)
        assert [name for _, name in tabs(page)] == titles, href
        reached |= {href, *(one for one, _ in tabs(page, inner=True))}
    assert len(SECTIONS) == 5 and len(reached) == len(PAGES)


def test_an_official_has_five_tabs_and_signals_come_first(app: Flask, client: FlaskClient) -> None:
    people.account(app, "binh@example.vn", "official", people.unit_id(app, "19", level="province"))
    people.sign_in(client, "binh@example.vn")
    found = tabs(client.get("/desk/area/19?lang=vi").text)
    assert [name for _, name in found] == [
        "Hôm nay",
        "Mẫu đo",
        "Báo cáo",
        "Tuyên truyền",
        "Danh bạ",
    ]
    samples = client.get(f"{found[1][0]}?lang=vi").text
    assert [href.rpartition("/")[2] for href, _ in tabs(samples, inner=True)] == [
        "signals", "samples", "exclusions", "places",
    ]  # fmt: skip
    reports = client.get("/desk/reports?lang=vi").text
    for name in ("Hạn nộp", "Thể thức công văn", "Đối chiếu VNNIC"):
        assert name.lower() in reports.lower(), name


@pytest.mark.parametrize("address", [one for one in MOVED if "<any" not in one])  # no pictures
def test_a_former_address_leads_to_its_page_of_today(
    app: Flask, admin: AdminBrowser, address: str
) -> None:
    if "<int:campaign_id>" in address:
        address = address.replace("<int:campaign_id>", str(Cast(app).campaign))
    address = address.replace("<code>", "19").replace("<unit>", "19")
    moved = admin.client.get(f"{address}?month=2024-11&_anchor=x")
    assert moved.status_code == 301 and "month=2024-11" in moved.location, moved.location
    assert "anchor" not in moved.location
    assert admin.client.get(moved.location).status_code == 200
    assert admin.client.post(address).status_code == 405
