"""A day in a few Vietnamese lines, and the same as a picture."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageColor

from backend.coverage.contributions.day_picture import NONE, STEPS, day_map
from backend.coverage.contributions.day_summary import lines
from backend.coverage.contributions.figures import Figures
from backend.database.extensions import db
from backend.i18n.messages import message
from tests.support.contributions import NOON, add_measurement, minutes
from tests.support.people import campaign, organisation, person, team, unit_id


class Cast:
    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.client = client
        union = organisation(app)
        self.team = team(app, union, "Đội Quyết Thắng")
        self.campaign = campaign(app, union, unit_id(app, "19", level="province"))
        self.organiser = person(app, "organiser", union)
        here = unit_id(app, "05443")
        with app.app_context():
            add_measurement(self.campaign, self.team, NOON - timedelta(days=1), here)
            for n in range(3):
                add_measurement(self.campaign, self.team, NOON + minutes(n), here, guest=n == 0)
            add_measurement(self.campaign, self.team, NOON, here, category="over_cap")
            db.session.commit()

    def ask(self, query: str = "") -> Any:
        url = f"/api/v1/campaigns/{self.campaign}/summary?{query}"
        return self.client.get(url, headers=self.organiser)


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_a_day_in_lines(cast: Cast) -> None:
    answer = cast.ask("day=2024-11-05").json
    assert answer["day"] == "2024-11-05"
    assert answer["text"].splitlines() == [
        "Tháng thanh niên đo mạng – ngày 05/11/2024",
        "3 mẫu được tính trong 4 mẫu nhận được, từ 1 đội.",
        "3 mẫu góp vào mục tiêu.",
        "1 mẫu do người dân được hướng dẫn tự đo.",
        "Nhiều mẫu góp vào mục tiêu nhất: 1. Đội Quyết Thắng (3).",
        f"Lý do không được tính nhiều nhất: {message('over_cap', 'vi').rstrip('.')} (1 mẫu).",
        "Cả chiến dịch từ đầu tháng: 4 mẫu được tính.",
        "Theo số liệu Đo Sóng. Ranh giới xã, phường gần đúng.",
    ]


def test_today_unless_told_and_no_day_to_come(cast: Cast) -> None:
    answer = cast.ask().json
    assert answer["day"] == "2024-11-20" and "chưa có mẫu nào" in answer["text"]
    assert cast.ask("day=2024-11-21").status_code == 422
    assert cast.ask("day=hôm-nay").status_code == 422


def test_the_day_as_a_picture(cast: Cast) -> None:
    answer = cast.ask("day=2024-11-05&format=png")
    assert answer.mimetype == "image/png"
    image = Image.open(io.BytesIO(answer.data))
    assert image.width == 1080 and image.height > 400
    colours = {colour for _, colour in image.convert("RGB").getcolors(1_000_000) or []}
    assert len(colours) > 20  # letters are drawn with soft edges
    # The map: a commune with samples, others without, the sea with the islands and the country.
    sea, land = "#e9f1f6", "#c9d3da"
    assert {ImageColor.getrgb(one) for one in (STEPS[0][1], NONE, sea, land)} <= colours


def test_the_map_of_a_day_has_the_communes_of_the_area_unless_they_are_too_many(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2024, 11, 5)
    with app.app_context():
        found = day_map(cast.campaign, {"05443": 12}, day)
        assert found is not None and len(found.communes) > 150
        path = found.drawing.paths["05443"]
        assert dict(found.communes)[path] == STEPS[1][1]
        assert (STEPS[1][1], "10 – 29 mẫu") in found.legend
        monkeypatch.setattr("backend.coverage.contributions.day_picture.MAX_COMMUNES", 1)
        assert day_map(cast.campaign, {}, day) is None


def test_a_demo_says_so_and_thousands_have_dots() -> None:
    one = Figures(received=12_345, counted=1_234)
    shown = {
        "campaign": "Demo",
        "day": date(2024, 11, 5),
        "figures": one,
        "so_far": one,
        "teams": 2,
    }
    shown |= {"best": [], "by_needed": False, "demo": True, "approximate": False}
    assert "1.234 mẫu được tính trong 12.345" in lines(shown)[1]
    assert lines(shown)[-1] == "Theo số liệu Đo Sóng. Số liệu minh họa, không có thật."


@pytest.mark.parametrize("day", ["0001-01-01", "0999-12-31", "1989-12-31", "2100-01-01"])
def test_a_day_of_no_measurement_is_refused(cast: Cast, day: str) -> None:
    answer = cast.ask(f"day={day}")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "out_of_range")
