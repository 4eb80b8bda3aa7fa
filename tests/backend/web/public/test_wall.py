"""The overview board: public counts alone, the week's movers, pictures for a briefing."""

import io
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from backend.coverage.figures.public_counts import copy_counts
from backend.drawing import png
from backend.web.public.wall import draw_briefing, show_wall
from backend.web.site.pages import Translator
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.people import person, unit_id

HERE, NEAR = "05443", "05446"
BOARD = "/unit/19/wall?lang=vi"


@pytest.fixture
def copied(app: Flask, clock: FakeClock) -> None:
    clock.now = datetime(2024, 11, 20, 5, tzinfo=UTC)
    count(app, HERE, ("2024-11-02", 300), ("2024-11-18", 40))
    count(app, NEAR, ("2024-11-19", 7))
    with app.app_context():
        copy_counts(clock.now)


@pytest.fixture
def hourly(app: Flask) -> None:
    """No copy of counts before each request."""
    app.extensions["hourly_counts"] = True


@pytest.mark.usefixtures("copied")
def test_the_board_has_the_movers_of_the_week_and_who_lacks_most(client: FlaskClient) -> None:
    page = client.get(BOARD).text
    assert "<strong>1</strong> / 172" in page and "Bảng theo dõi" in page
    movers = page.partition("Nhiều mẫu nhất trong tuần qua")[2].partition("</ol>")[0]
    assert movers.index("+40") < movers.index("+7") and movers.count("<li>") == 2
    assert page.partition("Thiếu nhiều nhất")[2].count("<li>") == 6
    country = client.get("/wall?lang=vi").text
    assert "Cả nước" in country and "+47" in country
    worst = country.partition("Thiếu nhiều nhất")[2].partition("</ol>")[0]
    assert worst.count("<strong>0 / ") == 6  # those without a sample lack most


@pytest.mark.usefixtures("copied", "hourly")
def test_nobody_sees_more_than_the_public_counts(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    before = client.get(BOARD)
    official = person(app, "official", unit_id(app, "19", level="province"))
    count(app, NEAR, ("2024-11-19", 5))  # not copied yet
    for headers in ({}, official):
        page = client.get(BOARD, headers=headers).text
        assert "+7</strong>" in page and "+12</strong>" not in page
    with app.app_context():
        copy_counts(clock.now, everything=True)
    tag = {"If-None-Match": before.headers["ETag"]}
    assert client.get(BOARD, headers=tag).status_code == 200
    assert "+12</strong>" in client.get(BOARD).text
    again = client.get(BOARD)
    tag = {"If-None-Match": again.headers["ETag"]}
    assert client.get(BOARD, headers=tag).status_code == 304


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize("place", ["", "/unit/19", f"/unit/{HERE}"])
def test_a_briefing_has_pictures_for_slides_and_paper(client: FlaskClient, place: str) -> None:
    for form, size in (("slide", (1920, 1080)), ("a4", (1240, 1755))):
        answer = client.get(f"{place}/wall.{form}.png?month=2024-11")
        assert (
            answer.content_type == "image/png" and Image.open(io.BytesIO(answer.data)).size == size
        )


@pytest.mark.usefixtures("copied")
def test_a_briefing_shows_the_figures_of_the_board(app: Flask, clock: FakeClock) -> None:
    query = {"month": "2024-11", "network": "mobile", "level": None}
    with app.test_request_context():
        wall = show_wall("19", query, clock.now)
        picture = draw_briefing(wall, "slide", Translator("vi", "vi"), clock.now)
    texts = [one.text or "" for one in ElementTree.fromstring(picture).iter() if one.text]
    assert {"Tỉnh Thái Nguyên", "1", "/ 172", "+40", "−300"} <= {one.strip() for one in texts}
    assert png(picture, 960)
