"""The map of signals on the page of a commune: numbers in the cells, words in the legend."""

from collections.abc import Callable
from datetime import UTC, datetime

import h3
import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from backend.coverage.statistics.models import Release, ReleasedRadio
from backend.coverage.statistics.radio import RadioRow
from backend.database.extensions import db
from backend.units.models import Unit
from tests.support.browser import DESKTOP, PHONE, axe, check_page, expect_text, picture
from tests.support.counts import count
from tests.support.people import unit_id

# Operators and technologies, and the median of the middle cell.
SHOWN = (("Viettel", "4G", -80), ("Viettel", "5G", -93), ("VinaPhone", "4G", -88),
         ("MobiFone", "4G", -96), ("Viettel", "none", None))  # fmt: skip


def release_signals(app: Flask, code: str, month: str) -> None:
    """Release the signals of a commune, weaker with the distance to its centre."""
    unit = unit_id(app, code, "2025")
    with app.app_context():
        found = db.session.get(Unit, unit)
        assert found and found.latitude and found.longitude
        centre = h3.latlng_to_cell(found.latitude, found.longitude, 8)
        cells: list[RadioRow] = [
            {
                "cell": cell,
                "resolution": 8,
                "latitude": h3.cell_to_latlng(cell)[0],
                "longitude": h3.cell_to_latlng(cell)[1],
                "operator": operator,
                "technology": technology,
                "n": 120,
                "devices": 5,
                "median_dbm": None if first is None else first - 9 * h3.grid_distance(centre, cell),
                "best_dbm": None if first is None else first + 12,
            }
            for operator, technology, first in SHOWN
            for cell in h3.grid_disk(centre, 0 if first is None else 3)
        ]
        db.session.add(Release(month=month, made_at=datetime(2026, 11, 16, tzinfo=UTC)))
        db.session.flush()
        db.session.add(ReleasedRadio(unit_id=unit, month=month, cells=cells))
        db.session.commit()


@pytest.mark.long
def test_the_map_of_signals(app: Flask, new_page: Callable[..., Page]) -> None:
    count(app, "05443", 120, "2026-10")
    release_signals(app, "05443", "2026-10")
    page = new_page(PHONE)
    page.goto("/unit/05443?month=2026-10")
    check_page(page, "unit-radio")
    numbers = page.locator(".radio-map .radio-number")
    expect(numbers).not_to_have_count(0)
    for number in numbers.all():  # those that are shown can be read
        box = number.bounding_box() if number.is_visible() else None
        assert box is None or box["height"] >= 9
    expect_text(page, "mạnh, từ -85")
    page.locator(".tab-menu summary", has_text="Nhà mạng và công nghệ").click()
    page.get_by_role("link", name="Viettel · không có sóng").click()
    expect(page.locator(".radio-map .radio-none")).to_have_count(1)
    expect(page.locator("h2#radio")).to_be_in_viewport()
    picture(page, "unit-radio-none")
    other = new_page(DESKTOP, "en", "dark")
    other.goto("/unit/05443?month=2026-10&radio=MobiFone-4G")
    axe(other, colours=True)
    expect(other.locator(".radio-map .radio-number").first).to_be_visible()
    expect_text(other, "below -105")
    picture(other, "unit-radio-en-dark")
