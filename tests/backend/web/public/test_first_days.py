"""Days 1 to 7: pages open with the month that ended, and say that it is not final."""

from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.measurements import NINE, make_release, measurement_row, store_rows
from tests.support.people import unit_id

COMMUNE = "05443"
PAGES = ("/", "/unit/19", f"/unit/{COMMUNE}", "/wall", f"/unit/{COMMUNE}/wall")


@pytest.fixture(autouse=True)
def two_months(app: Flask) -> None:
    commune, december = unit_id(app, COMMUNE), datetime(2024, 12, 1, 3, tzinfo=UTC)
    store_rows(app, measurement_row(commune, NINE), measurement_row(commune, december))


def title(client: FlaskClient, page: str) -> str:
    return client.get(f"{page}?lang=vi").text


@pytest.mark.parametrize("page", PAGES)
def test_the_month_that_ended_comes_first_until_day_7(
    client: FlaskClient, clock: FakeClock, page: str
) -> None:
    clock.now = datetime(2024, 12, 7, 3, tzinfo=UTC)
    first = title(client, page)
    assert "Tháng 11/2024" in first and "Chưa chốt, công bố ngày 16/12/2024" in first
    clock.now = datetime(2024, 12, 8, 3, tzinfo=UTC)
    later = title(client, page)
    assert "Tháng 12/2024" in later and "Chưa chốt" not in later


@pytest.mark.parametrize("page", PAGES[:3])
def test_the_running_month_stands_beside_it(
    client: FlaskClient, clock: FakeClock, page: str
) -> None:
    clock.now = datetime(2024, 12, 2, 3, tzinfo=UTC)
    assert ">Tháng 12/2024 đang đo</a>" in title(client, page)
    assert "month=2024-12" in title(client, page)
    clock.now = datetime(2024, 12, 8, 3, tzinfo=UTC)
    assert "đang đo</a>" not in client.get(f"{page}?month=2024-11&lang=vi").text


def test_an_ended_month_is_not_final_until_its_release(
    client: FlaskClient, clock: FakeClock
) -> None:
    for day, final in ((15, False), (16, True)):
        clock.now = datetime(2024, 12, day, 3, tzinfo=UTC)
        page = client.get("/?month=2024-11&lang=vi").text
        assert ("Chưa chốt" not in page) == final


def test_a_released_month_is_final(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2024, 12, 2, 3, tzinfo=UTC)
    make_release(app)  # as the demo makes its own at once
    assert "Chưa chốt" not in title(client, "/")


def test_a_new_server_opens_with_its_only_month(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2024, 11, 3, 3, tzinfo=UTC)
    assert "Tháng 11/2024" in title(client, "/")


def test_provinces_are_judged_by_their_communes_alone_since_july_2025(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """A target of 300 samples for a whole province made a bar of provinces that reached it."""
    clock.now = datetime(2025, 8, 20, 3, tzinfo=UTC)
    [code] = client.get("/api/v1/coverage?month=2025-08&parent=19").json["items"][:1]
    commune = unit_id(app, code["code"], "2025")
    store_rows(app, *[measurement_row(commune, clock.now) for _ in range(300)])
    answer = client.get("/api/v1/coverage?month=2025-08&level=province").json
    assert (answer["target"], answer["communes_target"]["threshold"]) == (None, 300)
    country = client.get("/?month=2025-08&lang=vi").text
    assert "<dt>Tỉnh, thành phố</dt>" not in country and "<dt>Xã, phường</dt>" in country
    worst = country.partition("Thiếu nhiều nhất")[2].partition("</ol>")[0]
    assert worst.count("0 / ") == 8 and "Thái Nguyên" not in worst
    assert "1 / 92" in country.partition("Thiếu nhiều nhất")[2].partition("</ol>")[2]
    province = client.get("/unit/19?month=2025-08&lang=vi").text
    assert "trên 92 xã" in province
