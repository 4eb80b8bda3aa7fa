"""Twelve months of a unit, across the reform: nothing is lost, and what was divided says so."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, text, update

from backend.clock import VIETNAM
from backend.coverage.statistics.history import largest_remainder
from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from backend.units.models import Unit
from tests.support.measurements import measurement_row, store_rows
from tests.support.people import unit_id

# Ten communes from before the reform. In Thái Nguyên three were divided and two lie wholly in what
# they went into; Bắc Kạn's three became one ward; two got another name.
SPLIT = {"05461": ("05443", "05467"), "05467": ("05467", "05500"), "05932": ("05908", "05941")}
COUNTRY_BOX = {"05443": "05443", "05446": "05443"}
MERGED = dict.fromkeys(("01834", "01840", "01846"), "01840")
RENAMED = {"24235": "24235", "25114": "25114"}
JUNE = datetime(2025, 6, 10, 9, tzinfo=VIETNAM)
JULY = datetime(2025, 7, 10, 9, tzinfo=VIETNAM)


@pytest.fixture(autouse=True)
def late(clock: Any) -> None:
    clock.now = datetime(2025, 8, 30, tzinfo=UTC)


def history(
    client: FlaskClient, code: str, headers: dict[str, str] | None = None, **query: Any
) -> dict[str, dict[str, Any]]:
    address = f"/api/v1/units/{code}/history"
    answer = client.get(address, query_string={"months": 3, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return {item["month"]: item for item in answer.json["items"]}


def sampled(app: Flask, system: str, at: datetime, **numbers: int) -> None:
    """So many samples of each commune, a third of them repeats, none with a position."""
    rows = []
    for code, n in numbers.items():
        unit = unit_id(app, code.strip("_"), system)
        repeat = {"reasons": ["repeat"], "counted": False}
        rows += [measurement_row(unit, at, **({} if k % 3 else repeat)) for k in range(n)]
    store_rows(app, *rows)


def test_ten_communes_that_were_merged_split_and_renamed(app: Flask, client: FlaskClient) -> None:
    numbers = {f"_{code}": 31 + 7 * n
               for n, code in enumerate((*SPLIT, *COUNTRY_BOX, *MERGED, *RENAMED))}  # fmt: skip
    assert len(numbers) == 10
    sampled(app, "2024", JUNE, **numbers)
    successors = {code for codes in SPLIT.values() for code in codes} | {"01840", *RENAMED.values()}
    found = {code: history(client, code)["2025-06"] for code in successors}
    assert sum(one["received"] for one in found.values()) == sum(numbers.values())
    assert sum(one["counted"] for one in found.values()) == sum(
        n - len(range(0, n, 3)) for n in numbers.values()
    )
    assert {code for code, one in found.items() if one["estimated"]} == {
        "05443", "05467", "05500", "05908", "05941",
    }  # fmt: skip
    assert found["01840"]["received"] == sum(numbers[f"_{code}"] for code in MERGED)
    for code in RENAMED:
        assert (found[code]["received"], found[code]["estimated"]) == (numbers[f"_{code}"], False)


def test_a_province_loses_nothing_and_estimates_nothing(app: Flask, client: FlaskClient) -> None:
    sampled(app, "2024", JUNE, _05461=20, _05443=10)
    sampled(app, "2025", JULY, _05443=9)
    found = history(client, "19", level="province")
    assert (found["2025-06"]["received"], found["2025-06"]["estimated"]) == (30, False)
    assert (found["2025-07"]["received"], found["2025-07"]["system"]) == (9, "2025")
    assert found["2025-08"]["received"] == 0


def test_back_to_the_communes_of_before(app: Flask, client: FlaskClient) -> None:
    sampled(app, "2025", JULY, _01840=100, _24235=40)
    found = [history(client, code, as_of="2025-06-30")["2025-07"] for code in MERGED]
    assert sum(one["received"] for one in found) == 100
    assert all(one["estimated"] and one["received"] > 0 for one in found)
    assert {one["reached"] for one in found} == {None}
    only = history(client, "24235", as_of="2025-06-30")["2025-07"]
    assert (only["received"], only["estimated"]) == (40, False)


def test_assurance_does_not_change_how_a_commune_is_divided(
    app: Flask, client: FlaskClient
) -> None:
    """One rounding of all counted samples, as in version 1.0.0, and not one for each part."""
    unit = unit_id(app, "05461")
    kinds = [{"assurance": one} for one in ("witnessed", "ticketed", "claimed")]
    store_rows(app, *[measurement_row(unit, JUNE, **kinds[n % 3]) for n in range(8)])
    divided = [history(client, code)["2025-06"]["counted"] for code in SPLIT["05461"]]
    with app.app_context():
        db.session.execute(update(Measurement).values(assurance=None))
        columns = "witnessed = 0, ticketed = 0, claimed = witnessed + ticketed + claimed"
        db.session.execute(text(f"update unit_months set {columns}"))
        db.session.commit()
    assert [history(client, code)["2025-06"]["counted"] for code in SPLIT["05461"]] == divided
    assert sum(divided) == 8


@pytest.fixture
def ended(app: Flask) -> Iterator[int]:
    """A commune of Thái Nguyên that ended before the conversion's list was made."""
    unit = Unit(system="2024", level="commune", code="05999", name="Xã Bến Đò", type="Xã")
    unit.sort_key = unit.search_key = "xa ben do"
    unit.province_id = unit_id(app, "19", level="province")
    unit.valid_to = date(2024, 12, 31)
    with app.app_context():
        db.session.add(unit)
        db.session.commit()
        made = unit.id
    yield made
    with app.app_context():
        db.session.execute(delete(Unit).where(Unit.id == made))
        db.session.commit()


def test_what_ended_before_is_divided_among_its_province(
    app: Flask, client: FlaskClient, ended: int
) -> None:
    december = datetime(2024, 12, 10, 9, tzinfo=VIETNAM)
    store_rows(app, *[measurement_row(ended, december) for _ in range(500)])
    found = history(client, "05467", months=9)["2024-12"]  # one of 92 communes
    assert (found["received"], found["estimated"]) == (5, True)
    found = history(client, "19", months=9, level="province")["2024-12"]
    assert (found["received"], found["estimated"]) == (500, False)


def test_targets_of_each_month(app: Flask, client: FlaskClient) -> None:
    sampled(app, "2025", JULY, _05443=450)
    found = history(client, "05443")
    july = found["2025-07"]
    assert (july["counted"], july["target"], july["reached"]) == (300, 300, True)
    assert found["2025-08"]["reached"] is False


@given(st.integers(0, 10_000), st.lists(st.floats(0, 1e6), min_size=1, max_size=20))
def test_parts_add_up_and_none_is_off_by_one(total: int, weights: list[float]) -> None:
    parts = largest_remainder(total, weights)
    assert sum(parts) == total and min(parts) >= 0
    whole = sum(weights)
    if whole > 1e-300:
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - total * weight / whole) < 1 + 1e-6


def test_the_largest_remainders_are_served_first() -> None:
    assert largest_remainder(10, [1, 1, 1]) == [4, 3, 3]
    assert largest_remainder(5, [0.5, 0.3, 0.2]) == [3, 1, 1]
    assert Counter(largest_remainder(7, [0, 0])) == Counter([4, 3])
