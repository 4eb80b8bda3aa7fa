"""Coverage: every unit of a month against its target, exact at any moment."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.figures.month import listing_on
from tests.support.clock import FakeClock
from tests.support.factories import location, network, post, register, sample

URL = "/api/v1/coverage"


def test_every_commune_of_the_list_is_there(client: FlaskClient) -> None:
    answer = client.get(f"{URL}?month=2024-11&parent=19&level=commune&network=mobile").json
    assert answer["summary"]["units"] == len(answer["items"]) == 172
    assert answer["summary"]["reached"] == 0 and answer["summary"]["counted"] == 0
    assert answer["target"] == {
        "threshold": 300,
        "basis": "counted",
        "source": "5691/BTTTT-CVT (31/12/2024)",
    }
    assert all(item["shortfall"] == 300 and item["reached"] is False for item in answer["items"])
    assert answer["boundaries"] == {"set": "approximate-2024", "quality": "approximate"}
    assert answer["demo"] is False


def test_three_numbers_and_the_reasons_between_them(client: FlaskClient, app: Flask) -> None:
    headers = register(client)
    post(
        client,
        headers,
        sample("2024-11-15T09:00:00+07:00"),
        sample("2024-11-15T10:00:00+07:00"),
        sample("2024-11-15T16:00:00+07:00", status="failed"),
        sample("2024-11-15T17:00:00+07:00", network=network(kind="wifi")),
        sample("2024-11-15T18:00:00+07:00", location=None),
    )
    summary = client.get(f"{URL}?month=2024-11&parent=19").json["summary"]
    assert [summary[name] for name in ("received", "valid", "counted")] == [3, 2, 1]
    assert summary["reasons"] == {"failed_test": 1, "repeat": 1}
    assert summary["unlocated"]["position_missing"] == 1
    fixed = client.get(f"{URL}?month=2024-11&parent=19&network=fixed").json
    assert fixed["summary"]["counted"] == 1 and fixed["target"] is None
    assert {item["reached"] for item in fixed["items"]} == {None}


@pytest.mark.slow
def test_levels_add_up_to_the_same(client: FlaskClient) -> None:
    headers = register(client)
    hanoi = location(latitude=21.0285, longitude=105.8542)
    post(client, headers, sample(), sample("2024-11-17T09:00:00+07:00", location=hanoi))
    totals = {}
    for level in ("province", "district", "commune"):
        answer = client.get(f"{URL}?month=2024-11&level={level}").json
        totals[level] = answer["summary"]["counted"]
        assert sum(item["counted"] for item in answer["items"]) == totals[level]
    assert set(totals.values()) == {2}
    provinces = client.get(f"{URL}?month=2024-11&level=province").json["items"]
    assert {item["code"]: item["counted"] for item in provinces if item["counted"]} == {
        "01": 1,
        "19": 1,
    }


def test_a_month_belongs_to_the_day_in_vietnam(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2024, 12, 2, tzinfo=UTC)
    post(client, register(client), sample("2024-11-30T17:00:00+00:00"))  # 1 December there
    assert client.get(f"{URL}?month=2024-11&parent=19").json["summary"]["counted"] == 0
    assert client.get(f"{URL}?month=2024-12&parent=19").json["summary"]["counted"] == 1


def test_after_the_reform_there_are_no_districts(client: FlaskClient, clock: FakeClock) -> None:
    clock.now = datetime(2026, 1, 20, tzinfo=UTC)
    refused = client.get(f"{URL}?month=2026-01&level=district")
    assert refused.status_code == 422
    assert refused.json["errors"][0]["code"] == "level_unknown_then"
    answer = client.get(f"{URL}?month=2026-01&network=fixed").json
    assert answer["summary"]["units"] == 3321 and answer["target"]["threshold"] == 300


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("month=2024-12", 422),  # has not begun
        ("month=2024-11&parent=zz", 404),
    ],
)
def test_a_question_that_cannot_be_answered(client: FlaskClient, query: str, status: int) -> None:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_csv_holds_the_same_figures(client: FlaskClient) -> None:
    post(client, register(client), sample())
    query = f"{URL}?month=2024-11&parent=19"
    items = client.get(query).json["items"]
    table = client.get(f"{query}&format=csv")
    assert table.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(table.get_data(as_text=True).removeprefix("\ufeff"))))
    assert [row["code"] for row in rows] == [item["code"] for item in items]
    assert [int(row["counted"]) for row in rows] == [item["counted"] for item in items]


def test_days_with_the_same_units_share_one_list(app: Flask) -> None:
    with app.app_context():
        first, next_month = (listing_on(date(2024, month, 28)) for month in (10, 11))
        after_the_reform = listing_on(date(2025, 7, 31))
    assert first is next_month
    assert first is not after_the_reform
