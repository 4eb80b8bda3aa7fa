"""Pictures of a unit's speeds as SVG and PNG: what they show to whom."""

import io
import re
from dataclasses import replace
from datetime import date
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from backend.coverage.statistics.intervals import Estimate
from backend.drawing import png
from backend.web.public.speed_pictures import Month, Source, draw_months, draw_week
from backend.web.site.pages import Translator
from tests.support.measurements import make_release, members, store_rows, volunteers_rows
from tests.support.people import person, unit_id
from tests.support.uneven_month import HERE, uneven_month

SVG = "{http://www.w3.org/2000/svg}"
URL = f"/network-speed/speeds.svg?unit={HERE}&month=2024-11&lang=vi"
SOURCE = Source(
    "Phường Phan Đình Phùng", "11/2024", "Mạng di động", 1_100, 110, date(2024, 12, 16), demo=False
)


@pytest.fixture
def month(app: Flask) -> None:
    uneven_month(app, released=False)


def texts(picture: bytes | str) -> list[str]:
    root = ElementTree.fromstring(picture)
    return [one.text or "" for one in root.iter(f"{SVG}text")]


@pytest.mark.usefixtures("month")
def test_pictures_are_of_the_release_for_everybody(app: Flask, client: FlaskClient) -> None:
    official = person(app, "official", unit_id(app, "19", level="province"))
    other = person(app, "official", unit_id(app, "01", level="province"))
    for headers in ({}, other, official):
        assert client.get(URL, headers=headers).status_code == 404
    make_release(app)
    released = client.get(URL)
    words = " ".join(texts(released.data))
    assert "Nguồn: Đo Sóng" in words and "CC BY 4.0" in words
    for headers in (other, official):
        assert client.get(URL, headers=headers).data == released.data
    assert "Viettel" in words and "Tháng 11/2024" in words


@pytest.mark.usefixtures("month")
def test_every_kind_and_metric_is_drawn_in_both_forms(app: Flask, client: FlaskClient) -> None:
    make_release(app)
    for kind in ("speeds", "week"):
        for metric in ("download_mbps", "upload_mbps", "ping_ms", "ping_download_ms"):
            path = f"/network-speed/{kind}.{{}}?unit={HERE}&month=2024-11&metric={metric}"
            svg, png = (client.get(path.format(one)) for one in ("svg", "png"))
            root = ElementTree.fromstring(svg.data)
            assert root.get("role") == "img"
            assert root.findtext(f"{SVG}title") and root.findtext(f"{SVG}desc")
            assert "script" not in svg.headers["Content-Security-Policy"]
            assert Image.open(io.BytesIO(png.data)).width == 1080
            assert png.content_type == "image/png" and svg.content_type == "image/svg+xml"


@pytest.mark.usefixtures("month")
def test_the_page_has_pictures_with_tables_and_files(app: Flask, client: FlaskClient) -> None:
    make_release(app)
    page = client.get(f"/network-speed?unit={HERE}&month=2024-11&lang=vi").text
    [shown] = re.findall(r'<img class="picture" src="([^"]+speeds\.svg[^"]+)"', page)
    assert client.get(shown.replace("&amp;", "&")).status_code == 200
    assert "Ảnh để chia sẻ" in page and "speeds.png" in page
    assert "Độ trễ khi đang tải xuống: <strong>" in page
    assert "metric=ping_download_ms" in page and "metric=ping_upload_ms" not in page
    # One month with a median is no comparison.
    assert "months.svg" not in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/network-speed/speeds.svg?unit=05443", 422),
        ("/network-speed/speeds.svg?unit=05443&month=2024-13", 422),
        ("/network-speed/speeds.svg?unit=05443&month=2024-11&metric=jitter_ms", 422),
        ("/network-speed/speeds.svg?unit=05443&month=2024-11&metric=ping_upload_ms", 404),
        ("/network-speed/speeds.svg?unit=05443&month=2024-11", 404),  # no samples
        ("/network-speed/speeds.png?unit=99999&month=2024-11", 404),
        ("/network-speed/other.png?unit=05443&month=2024-11", 404),
        ("/network-speed/speeds.gif?unit=05443&month=2024-11", 404),
    ],
)
def test_what_cannot_be_drawn(client: FlaskClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def translator() -> Translator:
    return Translator("vi", "vi")


def test_months_have_4g_and_5g_apart_and_gaps(app: Flask) -> None:
    some: dict[str | None, Estimate | None] = {"4G": Estimate(40, 30, 50), "5G": None}
    months = [Month("2024-10", some), Month("2024-11", some | {"5G": Estimate(200, 150, 260)})]
    with app.test_request_context():
        picture = draw_months(months, "download_mbps", SOURCE, translator())
    assert picture.count('fill="url(#hatch)"') == 1
    assert ElementTree.fromstring(picture).findtext(f"{SVG}desc") == (
        "10/2024 4G: 40,0 (30,0–50,0); 11/2024 4G: 40,0 (30,0–50,0); 11/2024 5G: 200,0 (150–260)"
    )


def test_a_week_has_a_square_or_hatching_for_each_hour(app: Flask) -> None:
    hours = [[day * hour % 5 for hour in range(24)] for day in range(7)]
    with app.test_request_context():
        picture = draw_week(hours, replace(SOURCE, demo=True), translator())
    root = ElementTree.fromstring(picture)
    assert len(root.findall(f"{SVG}rect")) == 1 + 7 * 24  # with the paper
    assert picture.count('fill="url(#hatch)"') == sum(not n for row in hours for n in row)
    assert "SỐ LIỆU MINH HỌA, không có thật" in texts(picture)


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "&amp; <b>", "]]>"])
def test_names_are_texts(app: Flask, name: str) -> None:
    source = replace(SOURCE, unit=name, released=date(2024, 12, 16))
    with app.test_request_context():
        picture = draw_week([[1] * 24] * 7, source, translator())
    root = ElementTree.fromstring(picture)
    assert {one.tag for one in root.iter()} <= {
        SVG + tag
        for tag in ("svg", "title", "desc", "style", "defs", "pattern", "path", "rect", "text")
    }
    assert name in (root.findtext(f"{SVG}title") or "")


def test_all_lines_fit_between_the_margins(app: Flask) -> None:
    source = replace(SOURCE, unit="Phường nghiêng ngả " * 9)
    with app.test_request_context():
        picture = draw_week([[1] * 24] * 7, source, translator())
    assert sum("nghiêng" in one for one in texts(picture)) > 3
    image = Image.open(io.BytesIO(png(picture, 1080))).convert("L")
    right = image.crop((image.width - 30, 0, image.width, image.height))
    assert right.getextrema()[0] > 250


def test_a_name_is_escaped_once(app: Flask) -> None:
    source = replace(SOURCE, unit="Xã <A & B>", network="Mạng & sóng")
    with app.test_request_context():
        picture = draw_week([[1] * 24] * 7, source, translator())
    assert "Xã <A & B> · Tháng 11/2024 · Mạng & sóng" in texts(picture)


def test_officials_read_what_the_public_does_not_see(app: Flask, client: FlaskClient) -> None:
    """The released figures are the same for both; rows of too few people are marked."""
    commune = unit_id(app, HERE)
    rows = volunteers_rows(commune, members(app, 20), each=3)
    rows += volunteers_rows(commune, members(app, 3), each=15, operator="Vietnamobile")
    store_rows(app, *rows)
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    official = person(app, "official", unit_id(app, "19", level="province"))
    mark = "chỉ cán bộ xem được: quá ít người đo"
    for page in (f"/network-speed?unit={HERE}", "/network-speed?unit=19", f"/unit/{HERE}?"):
        address = f"{page}&month=2024-11&lang=vi"
        assert mark in client.get(address, headers=official).text
        assert "Vietnamobile" not in client.get(address).text
    make_release(app)
    shown = {}
    for headers in ({}, official):
        page = client.get(f"/network-speed?unit={HERE}&month=2024-11&lang=vi", headers=headers).text
        shown[bool(headers)] = re.findall(r'<tr><th scope="row">(.*?)</tr>', page, re.S)
    assert not any(mark in row for row in shown[False])
    assert [row for row in shown[True] if mark in row]
    assert all(row in shown[True] for row in shown[False])


def test_a_commune_without_a_median_shows_its_province(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, HERE), members(app, 20), each=3))
    store_rows(app, *volunteers_rows(unit_id(app, "05446"), members(app, 6)))
    make_release(app)
    page = client.get("/network-speed?unit=05446&month=2024-11&lang=vi").text
    assert "chưa có trung vị riêng: đây là tốc độ của cả tỉnh" in page
    assert "Tốc độ tải xuống theo nhà mạng: Tỉnh Thái Nguyên" in page
    assert page.index("48,2") < page.index('<form class="inline-form"')  # the answer comes first
    own = client.get(f"/network-speed?unit={HERE}&month=2024-11&lang=vi").text
    assert "chưa có trung vị riêng" not in own
    assert "Khoảng tin cậy (95%): " in own and " của 20 máy." in own
