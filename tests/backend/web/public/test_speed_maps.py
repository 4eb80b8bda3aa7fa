"""Maps of medians by unit: what they show to whom, their classes, and what they refuse."""

import io
import re
from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from shapely import Polygon

from backend.canvas import Canvas, rings
from backend.coverage.statistics import refresh
from backend.coverage.statistics.quantiles import BANDS_MBPS
from backend.coverage.statistics.stored import Spread
from backend.coverage.statistics.unit_medians import UnitMedian, changes
from backend.drawing import png
from backend.units.outlines import Drawing
from backend.units.service import UnitRow
from backend.web.public.speed_maps import CLASSES, bounds_of, class_of, class_texts, make_ground
from backend.web.public.speed_pictures import draw_picture
from backend.web.site.pages import Translator
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    members,
    store_rows,
    volunteers_rows,
)
from tests.support.people import person, unit_id
from tests.support.uneven_month import HERE, uneven_month

SVG = "{http://www.w3.org/2000/svg}"
PAGE = "/network-speed?unit=19&level=province&month=2024-11&lang=vi"
MAP = "/network-speed/map.svg?unit=19&level=province&month=2024-11&lang=vi"


@pytest.fixture
def month(app: Flask) -> Iterator[None]:
    uneven_month(app, released=False)
    yield


def root_of(svg: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words(svg: bytes) -> list[str]:
    return [one.text or "" for one in root_of(svg).iter(f"{SVG}text")]


def test_an_empty_server_shows_its_month(client: FlaskClient) -> None:
    page = client.get("/network-speed?lang=vi").text
    [months] = re.findall(r'<select id="month".*?</select>', page, re.S)
    assert re.findall(r'value="(.*?)" selected', months) == ["2024-11"]


@pytest.mark.usefixtures("month")
def test_maps_are_of_the_release_for_everybody(app: Flask, client: FlaskClient) -> None:
    official = person(app, "official", unit_id(app, "19", level="province"))
    of_commune = person(app, "official", unit_id(app, HERE))
    for headers in ({}, of_commune):
        page = client.get(PAGE, headers=headers)
        assert page.status_code == 200 and "Chưa công bố" in page.text
    for headers in ({}, of_commune, official):
        assert client.get(MAP, headers=headers).status_code == 404
        assert "map.svg" not in client.get(PAGE, headers=headers).text
    make_release(app)
    released = client.get(MAP)
    for headers in (of_commune, official):
        assert released.data == client.get(MAP, headers=headers).data
    assert "CC BY 4.0" in " ".join(words(released.data))
    assert "script" not in released.headers["Content-Security-Policy"]
    page = client.get(PAGE).text
    assert f'src="{MAP.partition("?")[0]}' in page and "metric=download_mbps" in page


@pytest.mark.usefixtures("month")
def test_every_commune_is_in_a_class_or_hatched(app: Flask, client: FlaskClient) -> None:
    make_release(app)
    svg = client.get(MAP).data
    found = root_of(svg)
    [areas] = [one for one in found.iter(f"{SVG}g") if one.get("class") == "areas"]
    drawn = {one.get("fill") or one.get("class"): str(one.get("d")) for one in areas}
    in_classes = sum(path.count("M") for role, path in drawn.items() if str(role)[:5] == "class")
    assert in_classes == 1 and drawn["url(#hatched)"].count("M") > 100
    legend = [one for one in words(svg) if one.endswith(" đơn vị") and ": " in one]
    assert len(legend) == len(BANDS_MBPS) + 2
    counts = [int(one.rpartition(": ")[2].split()[0]) for one in legend]
    assert sum(counts) == 172 and counts[-1] == max(counts) == 171
    assert "Phường" in (found.findtext(f"{SVG}desc") or "")


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize("place", ["", "unit=19&"])
def test_islands_are_on_every_map(app: Flask, client: FlaskClient, place: str) -> None:
    make_release(app)
    svg = client.get(f"/network-speed/map.svg?{place}month=2024-11&lang=vi")
    said = " ".join(words(svg.data)).replace("Quần đảo", "QĐ.")
    assert all(one in said for one in ("QĐ. Hoàng Sa", "QĐ. Trường Sa", "Biển Đông"))
    png = client.get(f"/network-speed/map.png?{place}month=2024-11&lang=vi")
    assert Image.open(io.BytesIO(png.data)).width == 1080


@pytest.mark.usefixtures("month")
def test_the_country_has_pictures_too(app: Flask, client: FlaskClient) -> None:
    make_release(app)
    svg = client.get("/network-speed/map.svg?month=2024-11&lang=vi")
    assert "Cả nước" in " ".join(words(svg.data))


def test_a_country_of_few_provinces_has_no_speed_but_leads_to_them(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    provinces = [unit_id(app, code) for code in (HERE, "00001")]
    rows = [row for one in provinces for row in volunteers_rows(one, members(app, 20))]
    store_rows(app, *rows)
    make_release(app)
    pages = "/network-speed?month=2024-11&lang=vi"
    api = "/api/v1/statistics?month=2024-11"
    assert client.get(api).json["provinces"] == 2
    assert client.get("/api/v1/units/19/statistics?month=2024-11").json["provinces"] is None
    page = client.get(pages).text
    assert "Mới có tốc độ của 2 trên 63 tỉnh, thành phố" in page and "#speed-map" in page
    assert "48,2 Mbps" not in page and "speeds.svg" not in page
    pictures = [
        f"/network-speed/{kind}.svg?month=2024-11" for kind in ("speeds", "months", "hours")
    ]
    assert {client.get(one).status_code for one in pictures} == {404}
    monkeypatch.setattr("backend.web.public.speed_pictures.COUNTRY_PROVINCES", 2)
    assert "48,2 Mbps" in client.get(pages).text
    assert client.get(pictures[0]).status_code == 200


@pytest.mark.usefixtures("month")
def test_a_server_with_one_province_opens_on_it(app: Flask, client: FlaskClient) -> None:
    make_release(app)
    page = client.get("/network-speed?month=2024-11&lang=vi").text
    assert ">Tỉnh Thái Nguyên</h1>" in page and "speeds.svg" in page


def test_the_default_is_the_newest_release(app: Flask, client: FlaskClient) -> None:
    assert client.get("/network-speed").status_code == 200  # without any sample
    uneven_month(app)
    assert "Tháng 11/2024" in client.get("/network-speed?unit=19&lang=vi").text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("month=2024-11&before=2024-11", 422),
        ("month=2024-11&before=2024-12", 422),
        ("month=2024-11&operator=Vi%E1%BA%BFt+Tel", 422),
        ("month=2024-11&operator=%3Cscript%3E", 422),
        ("month=2024-11&technology=6G", 422),
        ("month=2024-11&metric=jitter_ms", 422),
        ("month=2024-11&operator=Viettel", 404),  # no samples
    ],
)
def test_what_cannot_be_drawn(client: FlaskClient, query: str, status: int) -> None:
    for path in ("/network-speed/map.svg?unit=19&", "/network-speed/map.png?"):
        assert client.get(path + query).status_code == status
    assert client.get(f"/network-speed/map.svg?unit={HERE}&month=2024-11").status_code == 404


def test_months_of_other_units_are_not_compared(client: FlaskClient, clock: Any) -> None:
    clock.now = clock.now.replace(year=2025, month=9)
    page = client.get("/network-speed?unit=19&month=2025-08&before=2025-06&lang=vi")
    assert page.status_code == 422


@pytest.mark.usefixtures("month")
def test_two_places_or_two_months_stand_side_by_side(app: Flask, client: FlaskClient) -> None:
    make_release(app)
    page = client.get(f"/network-speed?unit={HERE}&beside=19&month=2024-11&lang=vi").text
    [first, second] = re.findall(r'<h2 id="(?:operators|beside-it)">([^<]+)</h2>', page)
    assert first.startswith("Phường") and second == "Tỉnh Thái Nguyên"
    bars = [float(one) for one in re.findall(r'class="bar" y="3" width="([\d.]+)%', page)]
    assert len(bars) >= 6 and max(bars) <= 100  # one scale for both
    page = client.get(f"/network-speed?unit={HERE}&before=2024-10&month=2024-11&lang=vi").text
    assert re.findall(r'<h2 id="(?:operators|beside-it)">([^<]+)</h2>', page) == [
        "Tháng 11/2024", "Tháng 10/2024",
    ]  # fmt: skip


def test_places_are_named_and_unknown_ones_are_searched(client: FlaskClient) -> None:
    form = "/network-speed?unit=tinh thai nguyen&month=2024-11&lang=vi&beside=&before="
    short = client.get(form)
    assert short.status_code == 302
    assert short.location == "/network-speed?lang=vi&unit=19&month=2024-11&network=mobile"
    assert ">Tỉnh Thái Nguyên</h1>" in client.get(short.location).text
    unknown = client.get("/network-speed?unit=19&beside=xứ sở&lang=vi")
    assert unknown.status_code == 302
    assert unknown.location == "/search?lang=vi&q=x%E1%BB%A9+s%E1%BB%9F"


@pytest.mark.usefixtures("month")
@pytest.mark.parametrize(
    "old", [f"/unit/{HERE}/speeds?", "/unit/19/map.svg?", "/speeds/map.png?",
            f"/unit/{HERE}/speeds.svg?", f"/unit/{HERE}/week.png?"],
)  # fmt: skip
def test_addresses_of_earlier_versions_lead_here(app: Flask, client: FlaskClient, old: str) -> None:
    make_release(app)
    moved = client.get(f"{old}month=2024-11&lang=vi&_external=1&kind=x")
    assert moved.status_code == 301 and moved.location.startswith("/network-speed")
    assert client.get(f"{old}month=2024-11&lang=vi", follow_redirects=True).status_code == 200


def test_a_change_is_marked_beyond_chance_alone(app: Flask, client: FlaskClient) -> None:
    here, near = unit_id(app, HERE), unit_id(app, "05446")
    people = {here: members(app, 20), near: members(app, 20)}
    october = timedelta(days=-31)  # half a month each
    rows = [
        measurement_row(
            unit, NINE + span + timedelta(hours=9 * n), download_mbps=base + 17 * n % 40,
            device_id=people[unit][n % 20],
        )
        for unit, span, base in (
            (here, october, 30.0), (here, timedelta(0), 300.0),
            (near, october, 30.0), (near, timedelta(0), 31.0),
        )
        for n in range(40)
    ]  # fmt: skip
    store_rows(app, *rows)
    with app.app_context():
        refresh.refresh(NINE)
    official = person(app, "official", unit_id(app, "19", level="province"))
    query = "month=2024-11&before=2024-10&operator=Viettel&technology=4G&lang=vi"
    page = client.get(f"/network-speed?unit=19&{query}", headers=official).text
    assert page.count(">cao hơn</td>") == 1 and page.count(">chưa thấy khác rõ</td>") == 1
    for month in ("2024-10", "2024-11"):
        make_release(app, month)
    svg = client.get(f"/network-speed/map.svg?unit=19&{query}").data
    assert "So với tháng 10/2024" in " ".join(words(svg))
    assert "+  cao hơn: 1 đơn vị" in words(svg) and "−  thấp hơn: 0 đơn vị" in words(svg)


def test_live_figures_of_the_country_say_when_they_were_computed(
    app: Flask, client: FlaskClient
) -> None:
    here = unit_id(app, HERE)
    rows = [measurement_row(here, NINE + timedelta(minutes=n)) for n in range(40)]
    store_rows(app, *rows)
    with app.app_context():
        refresh.refresh(NINE + timedelta(hours=5, minutes=5))
    address = "/network-speed?month=2024-11&lang=vi"
    page = client.get(address, headers=person(app, "admin")).text
    assert "Tính lúc 14:05, 15/11/2024." in page
    assert "Tính lúc" not in client.get(address).text


def median(value: float, error: float = 0.1) -> UnitMedian:
    spread = {
        "device_median": value,
        "device_median_low": value * (1 - error),
        "device_median_high": value * (1 + error),
    }
    return UnitMedian(cast(UnitRow, SimpleNamespace(name="Xã")), 99, cast(Spread, spread))


def test_changes_need_a_median_in_both_months() -> None:
    none = UnitMedian(median(1).unit, 3, None)
    before = {"a": median(40), "b": median(40), "c": median(40), "d": none, "e": median(40)}
    after = {"a": median(80), "b": median(20), "c": median(41), "d": median(80), "e": none}
    found = changes(before, after | {"new": median(9)})
    assert found == {
        "a": "higher", "b": "lower", "c": "same", "d": None, "e": None, "new": None,
    }  # fmt: skip
    assert changes({}, {}) == {}


@pytest.mark.parametrize("metric", ["download_mbps", "upload_mbps", "ping_ms", "ping_download_ms"])
@pytest.mark.parametrize("network", ["mobile", "fixed"])
def test_classes_ascend_and_are_named(app: Flask, metric: str, network: str) -> None:
    bounds = bounds_of(metric, network)
    assert list(bounds) == sorted(set(bounds)) and len(bounds) == 5
    with app.test_request_context():
        texts = class_texts(bounds, metric, Translator("vi", "vi"))
    assert [role for role, _ in texts] == [f"class{n}" for n in range(1, 7)]
    assert texts[0][1].startswith("dưới") and texts[-1][1].endswith("trở lên")


@given(st.floats(0, 10_000), st.sampled_from(list(CLASSES.values())))
def test_a_median_is_in_the_class_of_its_bounds(value: float, bounds: tuple[int, ...]) -> None:
    number = class_of(value, bounds)
    assert number == 1 or value >= bounds[number - 2]
    assert number > len(bounds) or value < bounds[number - 1]


def test_rings_are_those_of_the_canvas() -> None:
    canvas = Canvas((105.0, 21.0, 106.0, 22.0))
    hole = [(105.4, 21.4), (105.4, 21.6), (105.6, 21.6)]
    shape = Polygon([(105, 21), (105, 22), (106, 22), (106, 21)], [hole])
    found = rings(canvas.path(shape))
    assert [len(ring) for ring in found] == [5, 4]  # closed
    outer = [canvas.at(one) for one in [(105, 21), (105, 22), (106, 22), (106, 21)]]
    assert set(found[0]) == set(outer)
    assert rings("") == []


def test_an_enclave_is_drawn_over_the_unit_around_it(app: Flask) -> None:
    around = "M0,0l1600,0 0,1600 -1600,0zM400,400l800,0 0,800 -800,0z"
    paths = {"in": "M400,400l800,0 0,800 -800,0z", "out": around}
    drawing = Drawing(1600, 1600, (105.0, 21.0, 106.0, 22.0), paths, {})
    for inner, n in (("class6", 1), ("hatched", 2)):
        roles = {"in": inner, "out": "class1"}
        ground = make_ground(drawing, roles.__getitem__, lambda _: "")
        with app.test_request_context():
            picture = draw_picture("places", "t", [], Translator("vi", "vi"), ground=ground,
                                   classes=[], demo=False, released=date(2024, 12, 16),
                                   about={"unit": "u", "month": "m", "network": "n"})  # fmt: skip
        image = Image.open(io.BytesIO(png(picture, 1080))).convert("RGB")
        edge, middle = ({image.getpixel((x, y)) for x in range(left, left + 40)
                         for y in range(600, 640)} for left in (60, 520))  # fmt: skip
        assert len(edge) == 1 and len(middle) >= n and (len(middle) > 1) == (n > 1)
        assert not edge & middle
