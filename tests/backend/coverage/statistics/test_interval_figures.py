"""Intervals over HTTP: the API, the release, the page of a unit, reports and open data."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.clock import VIETNAM
from backend.coverage.statistics import refresh
from backend.reports.content.sections import quality
from backend.reports.open_data.tables import read_month
from backend.units.service import find
from tests.support.measurements import NINE, make_release, measurement_row, phones, store_rows
from tests.support.people import person, unit_id
from tests.support.uneven_month import HERE, PROVINCE, uneven_month


@pytest.fixture
def uneven(app: Flask, client: FlaskClient) -> FlaskClient:
    uneven_month(app)
    return client


def ask(client: FlaskClient, path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}?month=2024-11", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def by_operator(answer: dict[str, Any]) -> dict[str | None, dict[str, Any]]:
    return {one["operator"]: one for one in answer["items"] if one["technology"] is None}


@pytest.mark.slow
def test_every_reader_gets_intervals(app: Flask, uneven: FlaskClient) -> None:
    admin = person(app, "admin")
    live = ask(uneven, f"units/{HERE}/statistics", admin)
    public = ask(uneven, f"units/{HERE}/statistics")
    for answer in (live, public):
        items = by_operator(answer)
        speed = items[None]["download_mbps"]
        assert speed["median_low"] < speed["median"] < speed["median_high"]
        assert 30 < speed["effective_n"] < speed["n"] == 440
        assert "leads" not in speed and speed["p10_low"] < speed["p10"] < speed["p10_high"]
        assert speed["device_median_low"] < speed["device_median"] < speed["device_median_high"]
        assert items["Vietnamobile"]["rank"] == {"best": 3, "worst": 3, "of": 3}
        assert items["Viettel"]["rank"] == items["VinaPhone"]["rank"]
        assert items["Viettel"]["rank"] == {"best": 1, "worst": 2, "of": 3}
        assert items[None]["rank"] is None and items[None]["more_devices"] == 0
        low, high = items[None]["shares"]["band_limits"][0]
        assert low < items[None]["shares"]["bands"][0] < high
    exact, rounded = (by_operator(one)[None]["download_mbps"] for one in (live, public))
    assert rounded["median_low"] == float(f"{exact['median_low']:.3g}")
    _thin_commune(uneven, admin)
    _page(uneven)
    _report_and_open_data(app, uneven)


def _thin_commune(client: FlaskClient, admin: dict[str, str]) -> None:
    """90 samples of six phones give no median, but the number of missing phones."""
    listed = client.get("/api/v1/coverage?month=2024-11&level=commune&parent=19", headers=admin)
    thin = next(
        one["code"] for one in listed.json["items"] if one["counted"] and one["code"] != HERE
    )
    for headers in (admin, None):
        item = by_operator(ask(client, f"units/{thin}/statistics", headers))[None]
        assert item["n"] == 90 and item["download_mbps"] is None and item["rank"] is None
        assert item["more_devices"] > 0 and 0 < item["effective_n"] < 30
    page = client.get(f"/unit/{thin}?month=2024-11").text
    assert f"cần thêm khoảng {item['more_devices']} mẫu từ {item['more_devices']} máy khác" in page


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ratio", "result", "text"),
    [
        (4.0, "higher", "cao hơn tháng trước, vượt quá mức ngẫu nhiên"),
        (0.25, "lower", "thấp hơn tháng trước, vượt quá mức ngẫu nhiên"),
        (1.0, "same", ""),
    ],
)
def test_a_month_is_higher_or_lower_only_beyond_chance(
    app: Flask, client: FlaskClient, ratio: float, result: str, text: str
) -> None:
    unit = unit_id(app, HERE)
    ids = phones(app, 60, NINE - timedelta(days=90))
    for month, factor in ((10, 1.0), (11, ratio)):
        rows = [
            measurement_row(
                unit, datetime(2024, month, 1 + (n + 9 * at) % 28, 9, tzinfo=VIETNAM),
                device_id=one, download_mbps=factor * (20 + 17 * n % 60),
            )
            for n, one in enumerate(ids)
            for at in range(2)
        ]  # fmt: skip
        store_rows(app, *rows)
    with app.app_context():
        refresh.refresh(datetime(2024, 12, 16, 1, tzinfo=VIETNAM))
    live = ask(client, f"units/{HERE}/statistics", person(app, "admin"))
    assert compared(live) == {result}
    make_release(app)
    assert compared(ask(client, f"units/{HERE}/statistics")) == {None}
    make_release(app, "2024-10")
    assert compared(ask(client, f"units/{HERE}/statistics")) == {result}
    assert text in client.get(f"/network-speed?unit={HERE}&month=2024-11").text


def compared(answer: dict[str, Any]) -> set[str | None]:
    """Return the comparisons of single operators and technologies; totals have none."""
    found: dict[bool, set[str | None]] = {True: set(), False: set()}
    for one in answer["items"]:
        is_total = not (one["operator"] and one["technology"])
        found[is_total].add(one["against_month_before"])
    assert found[True] == {None}
    return found[False]


def _page(client: FlaskClient) -> None:
    page = client.get(f"/unit/{HERE}?month=2024-11").text
    assert "Người đo là tình nguyện viên" in page and '<small class="interval">' in page


def _report_and_open_data(app: Flask, client: FlaskClient) -> None:
    now = datetime(2024, 12, 16, 1, tzinfo=VIETNAM)
    with app.app_context():
        unit = find(NINE.date(), PROVINCE, "province")
        whole = quality(unit, "2024-11")["mobile"][0]
        speed = whole["download_mbps"]
        assert speed is not None and speed["median_low"] < speed["median"] < speed["median_high"]
        assert whole["effective_n"] and whole["references"] == {}
        tables = {table.name: table for table in read_month("2024-11", now).tables}
    [row] = [
        one
        for one in tables["units"].rows
        if (one["code"], one["network"], one["level"]) == (HERE, "mobile", "commune")
    ]
    public = by_operator(ask(client, f"units/{HERE}/statistics"))[None]["download_mbps"]
    for name in ("median", "median_low", "p90_high", "effective_n", "device_median"):
        assert row[f"download_mbps_{name}"] == public[name]
    assert {one.name for one in tables["speeds"].columns} >= {"ping_ms_median_low"}
