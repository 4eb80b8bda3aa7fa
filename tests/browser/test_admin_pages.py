"""Admin pages in a real browser: accessibility and forms."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from shapely import Point

from backend.database.extensions import db
from backend.jobs.models import Job
from backend.web.admin import set_findings
from backend.web.admin.frame import PAGES
from geo.checks import Finding
from geo.gazetteer import load_units
from tests.support import people
from tests.support.admin_client import NAME, SECRET
from tests.support.boundary_sets import november
from tests.support.browser import DESKTOP, Guard, axe, check_page, expect_text, fill_fields, press
from tests.support.people import PASSWORD, account


def enter(page: Page, path: str) -> None:
    """Sign in with a second factor and return to the requested page."""
    page.goto(path)
    code = pyotp.TOTP(SECRET).at(datetime.now(UTC))
    fill_fields(page, name=NAME, password=PASSWORD)
    press(page, "Đăng nhập")
    fill_fields(page, totp=code)
    press(page, "Đăng nhập")
    page.wait_for_url(f"**{path}")


@pytest.fixture
def admin(app: Flask, served: str) -> None:
    account(app, NAME, "admin", totp_secret=SECRET)
    there = people.organisation(app, "Tỉnh Đoàn Hải Phòng, Huyện đảo Bạch Long Vĩ")
    team = people.team(app, there, "Tổ công nghệ số cộng đồng khu dân cư số 12")
    account(app, "lan.nguyen.thi.thu.huong.rat.dai@example.vn", "team_leader", team)
    account(app, "son@example.vn", "official", people.unit_id(app, "05443"))
    report = "approximate-2025: 3,321 communes\n" + "no problem " * 30
    checked = {"report": report, "units": 3321, "kinds": {"missing": 1, "twice": 1}, "forbidden": 1}
    at = {"asked_by": "user:1", "asked_at": datetime.now(UTC), "ended_at": datetime.now(UTC)}
    span = {"first": "2024-11-01", "last": "2024-11-30"}
    name = {"name": "approximate-2025"}
    with app.app_context():
        db.session.add(Job(kind="reassign", state="failed", error="died", arguments=span, **at))
        db.session.add(Job(kind="check_set", state="done", result=checked, arguments=name, **at))
        db.session.commit()
        keep_findings(app.config["VAR_DIR"])


def keep_findings(var_dir: Path) -> None:
    """What the check of two communes found: a code that comes twice, one without a polygon."""
    known = [one for one in load_units("2024") if one.code in ("05443", "05446")]
    frame = november().head(2).assign(code="05443")
    twice = Finding("twice", ("05443",), frame.geometry.iloc[0])
    found = [twice, Finding("missing", ("05446",), Point(105.85, 21.59))]
    set_findings.store_findings(var_dir / set_findings.FOLDER / "2", frame, known, found)


FIRST_ACT = """(() => {
  const shown = [...document.querySelectorAll("main :is(.button, .big, .lead, tbody tr, input)")]
    .filter((one) => one.checkVisibility());
  return Math.min(...shown.map((one) => one.getBoundingClientRect().bottom + scrollY));
})()"""
# Boxes with a scroll bar of their own; wide tables and fields may have one.
SCROLLING = """[...document.querySelectorAll("main *")].filter((one) =>
  !one.matches("textarea, select") && one.scrollHeight > one.clientHeight + 2
  && ["auto", "scroll"].includes(getComputedStyle(one).overflowY)
  && getComputedStyle(one).overflowX === "visible").map((one) => one.outerHTML.slice(0, 80))"""
SCREEN = 900


@pytest.mark.long
def test_an_admin_goes_through_every_section(admin: None, page: Page, guard: Guard) -> None:
    enter(page, "/admin")
    for section in PAGES:
        page.goto("/admin" if section == "index" else f"/admin/{section}")
        assert page.evaluate(FIRST_ACT) < SCREEN, section
        for closed in page.locator("main summary").filter(visible=True).all():
            closed.click()
        check_page(page, f"admin-{section}")
        assert page.evaluate(SCROLLING) == [], section
    page.goto("/admin/checks/2")
    check_page(page, "admin-check")
    page.goto("/admin/checks/2?finding=1#near")
    check_page(page, "admin-check-near")
    page.goto("/admin/people")
    press(page, "lan.nguyen.thi.thu.huong.rat.dai@example.vn")
    expect_text(page, "Giao thêm vai trò")
    check_page(page, "admin-person")
    press(page, "Kết thúc vai trò Đội trưởng")
    expect_text(page, "Chưa có vai trò nào.")


def test_a_person_is_invited_by_hand(admin: None, page: Page) -> None:
    enter(page, "/admin/people")
    fill_fields(page, person="0912 345 678")
    press(page, "Tạo lời mời")
    expect_text(page, "Chưa nhập “")
    expect(page.locator("#team")).to_be_focused()  # the address has a fragment
    check_page(page, "admin-people-fault")
    fill_fields(page, team="Tổ công nghệ số cộng đồng khu dân cư số 12")
    press(page, "Tạo lời mời")
    expect_text(page, "Đường dẫn chỉ hiện một lần này.")
    check_page(page, "admin-link")


@pytest.mark.long
def test_dark_and_english(admin: None, new_page: Callable[..., Page]) -> None:
    page = new_page(DESKTOP, theme="dark")
    enter(page, "/admin")
    for section in PAGES:
        page.goto(f"/admin{'' if section == 'index' else f'/{section}'}?lang=en")
        axe(page, colours=True)
    page.goto("/admin/checks/2?lang=en&finding=2")
    axe(page, colours=True)
