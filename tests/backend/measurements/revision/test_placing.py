"""Rows that are placed again together are placed as each of them would be alone."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.measurements.recording import incoming, rules
from backend.measurements.revision.service import locate_again
from backend.units.locator import Locator
from geo.fix import IPHONE_SIMULATOR, position_problem

# Thái Nguyên and the sea beside the coast; what names no commune is among them.
LATITUDES = st.one_of(st.floats(21.4, 21.7), st.floats(19.9, 20.2), st.just(IPHONE_SIMULATOR[0]))
LONGITUDES = st.one_of(st.floats(105.7, 106.7), st.just(IPHONE_SIMULATOR[1]))
POSITIONS = st.tuples(
    st.one_of(st.none(), LATITUDES),
    LONGITUDES,
    st.sampled_from([None, 0.0, 12.0, 150.0, 1_900.0, 2_500.0]),
)
ROWS = st.lists(
    st.fixed_dictionaries({
        "at": POSITIONS,
        "day": st.sampled_from([date(2024, 11, 15), date(2025, 6, 30), date(2025, 7, 1)]),
        "was": st.sampled_from([None, 2_499, 1]),
        "own": st.sampled_from([(), ("failed_test",), ("outside_communes",), ("excluded",)]),
        "marks": st.sampled_from([(), ("vpn",), ("mock_position", "border_ambiguous", "metered")]),
    }),
    max_size=12,
)  # fmt: skip


def stored(answer: dict[str, Any]) -> dict[str, Any]:
    """A row as it could have been stored under any set."""
    latitude, longitude, accuracy = answer["at"]
    problem = position_problem(latitude, longitude, accuracy)
    return {
        "id": str(uuid4()), "day": answer["day"], "latitude": latitude, "longitude": longitude,
        "accuracy_m": accuracy, "unit_id": answer["was"], "set_id": 1, "how": "inside",
        "candidates": None, "marks": list(answer["marks"]),
        "own_reasons": list(rules.by_weight([*answer["own"], *([problem] if problem else [])])),
    }  # fmt: skip


def alone(row: dict[str, Any], locator: Locator) -> dict[str, Any]:
    """The same row, placed by the way that a post takes."""
    at = incoming.position_of(row)
    placed = locator.locate(*at) if at else None
    own = {*row["own_reasons"]} - {"outside_communes"}
    marks = {*row["marks"]} - {"border_ambiguous", "snapped"}
    if placed and placed.unit_id is None:
        own.add("outside_communes")
    if placed and placed.ambiguous:
        marks.add("border_ambiguous")
    if placed and placed.how == "snapped":
        marks.add("snapped")
    return row | {
        "unit_id": placed.unit_id if placed else None,
        "set_id": placed.set_id if placed else None,
        "how": placed.how if placed else None,
        "candidates": list(placed.candidates) or None if placed else None,
        "own_reasons": list(rules.by_weight(own)),
        "marks": list(rules.by_weight(marks)),
    }


@pytest.mark.slow
@given(answer=ROWS)
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_rows_are_placed_again_as_each_alone(app: Flask, answer: list[dict[str, Any]]) -> None:
    rows = [stored(one) for one in answer]
    with app.app_context():
        locator: Locator = app.extensions["locator"]
        wanted = [new for row in rows if (new := alone(row, locator)) != row]
        found = locate_again(rows)
        before = {row["id"]: row for row in rows}
        again = [before[new["id"]] | new for new in found]
        assert again == wanted
        assert locate_again(again) == []
