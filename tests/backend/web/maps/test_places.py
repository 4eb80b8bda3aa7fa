"""The pages of the country and of units: search, sharing, and what maps must show."""

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from backend.canvas import COUNTRY_BOX, Canvas, archipelagos
from backend.coverage.plan.planner import ARCHIPELAGO_UNITS
from backend.units import outlines
from tests.support.counts import count

MONTHS = {"2024": "2024-11", "2025": "2026-10"}


@pytest.mark.parametrize("words", ["thai nguyen", "Thái Nguyên", "THÁI NGUYÊN", " thai  nguyên "])
def test_a_search_finds_with_and_without_marks(client: FlaskClient, words: str) -> None:
    found = client.get("/search", query_string={"q": words})
    assert "Tỉnh Thái Nguyên" in found.text and "/unit/19" in found.text


def test_a_province_is_found_before_the_communes_of_its_name(client: FlaskClient) -> None:
    found = client.get("/search?q=thanh").text
    assert found.index("Tỉnh Thanh Hóa") < found.index("Quận, huyện")


def test_the_only_one_that_is_found_is_opened(client: FlaskClient) -> None:
    found = client.get("/search?q=Phường Trưng Vương, 05443&lang=en")
    assert "No results for" in found.text
    answer = client.get("/search?q=05443&lang=en")
    assert answer.status_code == 302 and answer.location == "/unit/05443?lang=en"


def test_the_country_lists_no_communes(client: FlaskClient) -> None:
    answer = client.get("/?level=commune&lang=vi")
    assert answer.status_code == 422 and "level" in answer.text


def test_a_search_escapes_what_it_says(client: FlaskClient) -> None:
    found = client.get("/search", query_string={"q": "<b>x</b>"})
    assert "&lt;b&gt;x&lt;/b&gt;" in found.text and "<b>x</b>" not in found.text


def test_older_links_lead_to_the_unit(client: FlaskClient) -> None:
    answer = client.get("/?month=2024-11&parent=19&lang=en")
    assert answer.status_code == 302
    assert answer.location == "/unit/19?lang=en&month=2024-11&network=mobile"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/?month={}", "/unit/01?month={}"])
@pytest.mark.parametrize("system", MONTHS)
def test_every_map_shows_the_islands_and_names_the_sea(
    client: FlaskClient, clock: Any, system: str, path: str
) -> None:
    clock.now = clock.now.replace(year=2026)
    page = client.get(path.format(MONTHS[system])).text
    drawing = page[page.index('<svg class="drawn"') : page.index("<figcaption>")]
    for one in archipelagos():
        assert one.name in drawing and f"({one.province})" in drawing
        for island in one.islands:
            x, y = Canvas(COUNTRY_BOX).at(island)
            assert f'<circle cx="{x}" cy="{y}"' in drawing
    assert "Biển Đông" in drawing


@pytest.mark.parametrize("system", MONTHS)
def test_the_islands_are_units_with_a_page(client: FlaskClient, clock: Any, system: str) -> None:
    clock.now = clock.now.replace(year=2026)
    for code, archipelago in zip(ARCHIPELAGO_UNITS[system], archipelagos(), strict=True):
        page = client.get(f"/unit/{code}?month={MONTHS[system]}")
        assert page.status_code == 200 and archipelago.name.split()[-2] in page.text


def test_a_unit_against_its_target_by_today(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", 120)
    page = client.get("/unit/05443?month=2024-11&lang=en").text
    assert "<strong>120</strong> of 300 samples" in page and "180 to go" in page
    assert "Expected by today: 190" in page and "11 days are left: 17 a day" in page
    assert 'content="120 of 300 samples in 11/2024, according to Đo Sóng. As of ' in page
    assert 'class="unit step-quarter"' in page


def test_a_province_is_as_far_as_its_communes(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", 30_000)
    shown = client.get("/map/figures?month=2024-11").json
    assert shown["levels"]["commune"] == {"05443": [shown["steps"].index("reached"), 30_000, 300]}
    step, has, need = shown["levels"]["province"]["19"]
    assert shown["steps"][step] == "started" and has == 300 and need == 300 * 172
    page = client.get("/unit/19?lang=en").text
    assert "1 of 172 communes reached 300 samples" in page
    assert "samples: 30,000 of 300" in page and "10000%" not in page  # as in its table


def test_figures_are_told_once(app: Flask, client: FlaskClient) -> None:
    first = client.get("/map/figures?month=2024-11")
    again = {"If-None-Match": first.headers["ETag"]}
    assert client.get("/map/figures?month=2024-11", headers=again).status_code == 304
    count(app, "05443", 1)
    assert client.get("/map/figures?month=2024-11", headers=again).status_code == 200
    assert client.get("/map/figures?month=2024-12").status_code == 422


@pytest.mark.parametrize(("code", "n"), [("05443", 0), ("05443", 120), ("05443", 10**9), ("19", 5)])
def test_a_shared_link_has_a_picture(app: Flask, client: FlaskClient, code: str, n: int) -> None:
    if n:
        count(app, "05443", n)
    answer = client.get(f"/unit/{code}/picture.png?month=2024-11")
    with Image.open(BytesIO(answer.data)) as picture:
        assert picture.size == (1200, 630) and picture.format == "PNG"
    again = {"If-None-Match": answer.headers["ETag"]}
    same = client.get(f"/unit/{code}/picture.png?month=2024-11", headers=again)
    assert same.status_code == 304


def test_only_the_widget_may_be_framed(client: FlaskClient) -> None:
    widget = client.get("/unit/05443/widget?month=2024-11")
    policy = widget.headers["Content-Security-Policy"]
    assert "frame-ancestors *" in policy and "script" not in widget.text
    assert 'href="http://localhost/unit/05443?' in widget.text
    for path in ("/", "/unit/05443", "/search"):
        policy = client.get(path).headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, path


def test_a_unit_is_found_in_the_month_in_which_it_was(client: FlaskClient, clock: Any) -> None:
    clock.now = clock.now.replace(year=2026)
    assert client.get("/unit/164?month=2026-10").status_code == 404
    assert client.get("/unit/164?month=2024-11").status_code == 200


@pytest.mark.slow
def test_who_draws_the_same_place_at_once_is_in_nobodys_way(tmp_path: Path) -> None:
    path, drawing = (
        tmp_path / "set-country.json",
        outlines.Drawing(1, 1, COUNTRY_BOX, {"01": "M0 0" * 999}, {}),
    )
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: outlines._store(path, drawing), range(400)))
    assert made == [drawing] * 400 and list(tmp_path.iterdir()) == [path]


def test_a_stored_drawing_is_read_as_it_was_made(tmp_path: Path) -> None:
    path, positions = tmp_path / "set-country.json", {"01": outlines.LabelPosition(1.5, 2.5, 3.0)}
    made = outlines._store(path, outlines.Drawing(1, 1, COUNTRY_BOX, {"01": "M0 0"}, positions))
    assert outlines._read(path) == made
    read = outlines._read(path)
    assert read is not None and read.label_positions["01"].width == 3.0


def test_a_page_is_drawn_again_from_what_is_stored(client: FlaskClient) -> None:
    for page in ("/", "/unit/19", "/unit/05443"):
        first, second = (client.get(f"{page}?month=2024-11") for _ in range(2))
        assert first.status_code == second.status_code == 200
