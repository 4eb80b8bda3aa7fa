"""Pages of the country and its units: the server's drawing, then the interactive map."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import h3
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from backend.coverage.figures.service import months_with_data
from backend.coverage.statistics.models import Release, ReleasedNoConnection
from backend.database.extensions import owner_session
from backend.units.catalogue import read_active
from backend.web.maps import tiles
from tests.support.browser import (
    DESKTOP,
    PHONE,
    Traffic,
    axe,
    check_page,
    expect_text,
    picture,
    press,
    wait_for,
)
from tests.support.counts import count
from tests.support.people import unit_id

PLACES = ("/?month=2026-10", "/unit/19?month=2024-11", "/unit/05443?month=2024-11")
OTHERS = (
    "/search?q=thanh",
    "/search?q=khongco",
    "/unit/zz",
    "/unit/318?month=2024-11",  # Bạch Long Vĩ: a long name and no samples
)


@pytest.fixture
def measured(app: Flask) -> None:
    """Samples in both systems' months."""
    count(app, "05443", 312)
    count(app, "05446", 12)
    for month in ("2026-09", "2026-10"):
        count(app, "05443", 120 if month == "2026-10" else 400, month)


@pytest.fixture
def tiled(app: Flask) -> None:
    """The tiles of the set that serves today."""
    with app.app_context():
        [active] = [one for one in read_active() if one.system == "2025"]
        tiles.build(app.config["VAR_DIR"] / "tiles", active)


@pytest.mark.long
def test_every_page_for_everybody(measured: None, new_page: Callable[..., Page]) -> None:
    page, other = new_page(PHONE), new_page(DESKTOP, "en", "dark")
    without = new_page(DESKTOP, "vi", "dark", java_script_enabled=False)
    for path in PLACES + OTHERS:
        name = path.strip("/").replace("/", "-").partition("?")[0] or "country"
        page.goto(path)
        check_page(page, name)
        other.goto(path)
        axe(other, colours=True)
        picture(other, f"{name}-en-dark")
        without.goto(path)
        expect(without.locator("h1").first).to_be_visible()


@pytest.mark.long
def test_the_map_draws_and_follows_the_month(
    app: Flask, measured: None, tiled: None, new_page: Callable[..., Page]
) -> None:
    with app.app_context():
        assert {"2026-10", "2026-09"} <= set(months_with_data(_today(app)))
    page = new_page(DESKTOP)
    page.goto("/?month=2026-10")
    drawn(page)
    assert step_of(page, "province", "19") == 1
    axe(page)
    picture(page, "map")
    page.evaluate("window.stayed = true")
    page.locator("#find-unit").fill("Thái")
    page.locator("#month").press("ArrowLeft")
    page.wait_for_url("**month=2026-09**")
    expect_text(page, "Tháng 09/2026")
    assert page.evaluate("window.stayed") and "09/2026" in page.title()
    assert page.locator("#find-unit").input_value() == "Thái"
    expect(page.locator("#month")).to_be_focused()
    expect(page.locator("main > .hero")).to_have_count(1)
    axe(page)
    page.go_back()
    expect_text(page, "Tháng 10/2026")
    drawn(page)


def test_failed_figures_show_a_message_and_can_be_retried(
    measured: None, tiled: None, new_page: Callable[..., Page]
) -> None:
    page = new_page(PHONE)
    page.goto("/?month=2026-10")
    drawn(page)
    page.context.set_offline(True)
    page.locator("#month").press("ArrowLeft")
    answer = page.locator("#map-missing")
    expect(answer).to_contain_text("Chưa tải được số liệu tháng 09/2026")
    assert step_of(page, "province", "19") == 1  # the last map stands
    check_page(page, "map-missing")
    page.context.set_offline(False)
    press(page, "Tải lại")
    page.wait_for_url("**month=2026-09**")
    expect(answer).to_be_hidden()
    expect_text(page, "Tháng 09/2026")


@pytest.mark.parametrize("path", ["/unit/19?month=2024-11", "/do/"])  # "/" loads its map when idle
def test_pages_of_a_new_visitor_become_quiet(
    measured: None, new_page: Callable[..., Page], path: str
) -> None:
    page, traffic = new_page(PHONE), Traffic()
    traffic.watch(page)
    page.goto(path)
    assert traffic.settle(page), traffic.open
    loaded = len(traffic.responses)
    page.wait_for_timeout(1_500)  # nothing is requested again without an act
    assert len(traffic.responses) == loaded


@pytest.mark.long
def test_a_month_of_all_communes_is_repainted(
    app: Flask, measured: None, tiled: None, new_page: Callable[..., Page]
) -> None:
    page = new_page(DESKTOP)
    page.goto("/?month=2026-10")
    drawn(page)
    page.evaluate(ZOOM_IN)
    expect(page.locator(".map.part .inset")).to_be_visible()
    expect(page.locator(".map .inset")).to_contain_text("Quần đảo Trường Sa")
    assert page.evaluate(REPAINT, 4) > 0  # milliseconds: `scripts/bench web` says how many


@pytest.mark.long
def test_zooming_in_from_the_sea_leads_to_land(
    measured: None, tiled: None, new_page: Callable[..., Page]
) -> None:
    page = new_page(PHONE)
    page.goto("/?month=2026-10")
    drawn(page)
    assert not page.evaluate(UNITS_IN_THE_MIDDLE)
    page.evaluate(ZOOM_BY_BUTTON)
    assert page.evaluate(UNITS_IN_THE_MIDDLE)


ZONES = """document.getElementById("map").map.map
  .queryRenderedFeatures({ layers: ["places-zone"] }).length"""


def release_a_zone(app: Flask) -> None:
    """Release a place without a connection in Thái Nguyên."""
    latitude, longitude = 21.6, 105.8
    place = {
        "cell": h3.latlng_to_cell(latitude, longitude, 8), "resolution": 8, "latitude": latitude,
        "longitude": longitude, "notes": 10, "devices": 5, "operators": [], "zone": True,
    }  # fmt: skip
    unit = unit_id(app, "19", "2025", level="province")
    with app.app_context(), owner_session() as owner:
        owner.add(Release(month="2026-10", made_at=datetime(2026, 11, 16, tzinfo=UTC)))
        owner.flush()
        owner.add(ReleasedNoConnection(unit_id=unit, month="2026-10", places=[place]))


@pytest.mark.long
def test_the_country_is_on_the_first_screen_of_a_laptop(
    measured: None, tiled: None, new_page: Callable[..., Page]
) -> None:
    page = new_page({"width": 1366, "height": 768})
    page.goto("/?month=2026-10")
    drawn(page)
    expect(page.locator("canvas")).to_be_in_viewport(ratio=0.95)


def test_the_map_of_a_unit_waits_for_a_press(
    app: Flask, measured: None, tiled: None, new_page: Callable[..., Page]
) -> None:
    release_a_zone(app)
    page = new_page(PHONE)
    page.goto("/unit/19?month=2026-10")
    assert page.locator("canvas").count() == 0
    ground = "getComputedStyle(document.getElementById('map-start')).backgroundColor"
    assert page.evaluate(ground) != "rgba(0, 0, 0, 0)"  # names of the map are behind it
    press(page, "Bản đồ tương tác")
    drawn(page)
    assert step_of(page, "commune", "05443") == 2
    assert "Phan Đình Phùng" in page.evaluate(NAMES)  # without its type
    assert page.evaluate(ZONES) == 0
    page.locator("#places-choice input").check()
    expect_text(page, "1 điểm trong tháng này.")
    wait_for(page, f"{ZONES} > 0")
    check_page(page, "unit-map")
    page.locator("#places-choice input").uncheck()
    expect(page.locator("#places-legend")).to_be_hidden()


def test_find_me_opens_the_commune(new_page: Callable[..., Page]) -> None:
    here = {"latitude": 21.5942, "longitude": 105.8482}
    page = new_page(PHONE, geolocation=here, permissions=["geolocation"])
    page.goto("/")
    press(page, "Tôi ở đâu?")
    page.wait_for_url("**/unit/*")
    expect_text(page, "Thái Nguyên")


def test_a_refused_position_shows_a_message(new_page: Callable[..., Page]) -> None:
    page = new_page(PHONE)
    page.goto("/")
    press(page, "Tôi ở đâu?")
    expect_text(page, "Hãy cho phép trang này dùng vị trí")


def test_the_choice_of_colours_stays(new_page: Callable[..., Page]) -> None:
    page = new_page(PHONE, theme="dark")
    page.goto("/")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(ground)
    page.locator("#theme").click()
    light = page.evaluate(ground)
    assert light != dark
    page.goto("/search")
    assert page.evaluate(ground) == light


def test_on_paper_the_islands_are_there(measured: None, new_page: Callable[..., Page]) -> None:
    page = new_page(DESKTOP)
    page.emulate_media(media="print")
    for path in ("/?month=2026-10", "/unit/19?month=2024-11"):
        page.goto(path)
        for words in ("Quần đảo Hoàng Sa", "Quần đảo Trường Sa", "Biển Đông"):
            expect(page.locator("svg:visible text", has_text=words).first).to_be_visible()


def _today(app: Flask) -> Any:
    return app.extensions["clock"]().date()


def drawn(page: Page) -> None:
    """Wait until the interactive map is painted."""
    wait_for(page, "document.getElementById('map').map?.repainted !== undefined")
    wait_for(page, "document.getElementById('map').map.map.areTilesLoaded()")
    for name in ("Quần đảo Hoàng Sa (Đà Nẵng)", "Quần đảo Trường Sa (Khánh Hòa)", "Biển Đông"):
        expect(page.locator(".sea-label", has_text=name)).to_be_visible()


def step_of(page: Page, level: str, code: str) -> int:
    asked = {"source": "units", "sourceLayer": level, "id": code}
    state = page.evaluate("(f) => document.getElementById('map').map.map.getFeatureState(f)", asked)
    return int(state.get("step", 0))


UNITS_IN_THE_MIDDLE = """() => {
  const { map } = document.getElementById("map").map;
  const layers = ["province", "commune"];
  return map.queryRenderedFeatures(map.project(map.getCenter()), { layers }).length;
}"""
ZOOM_BY_BUTTON = """() => new Promise((done) => {
  document.getElementById("map").map.map.once("idle", done);
  document.querySelector("[data-zoom='1']").click();
})"""
NAMES = """() => document.getElementById("map").map.map
  .querySourceFeatures("units", { sourceLayer: "commune_label" })
  .map((one) => one.properties.name)"""
ZOOM_IN = """() => new Promise((done) => {
  const { map } = document.getElementById("map").map;
  map.once("idle", done);
  map.jumpTo({ center: [105.85, 21.0], zoom: 7 });
})"""

# Every commune changes its step; from the call to the end of the next frame.
REPAINT = """(step) => new Promise((done) => {
  const country = document.getElementById("map").map;
  const features = country.map.querySourceFeatures("units", { sourceLayer: "commune" });
  const commune = {};
  for (let n = 0; n < 3321; n += 1) commune[String(n).padStart(5, "0")] = [step, 10, 300];
  for (const one of features) commune[one.properties.code] = [step, 300, 300];
  country.repainted = undefined;
  country.paint({ levels: { province: {}, commune } });
  const look = () => {
    if (country.repainted === undefined) setTimeout(look, 2);
    else done(country.repainted);
  };
  look();
})"""
