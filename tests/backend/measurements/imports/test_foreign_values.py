"""Values of apps of others: no message raises, and what is made of it can be stored."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.fields import storable
from backend.measurements.imports import foreign_values as values
from backend.measurements.network_survey import messages
from backend.measurements.open_rmbt import fences, results
from tests.support import network_survey, open_rmbt

DEVICE = UUID("6f1f8a58-8d2b-4a7a-b0f6-3f6e1a1f0a11")
NOW = datetime(2024, 11, 15, 2, 12, tzinfo=UTC)
TEST = {"test_uuid": str(DEVICE), "test_token": "x"}
FENCE = {
    "location": {"latitude": 21.5942, "longitude": 105.8482, "accuracy": 8.0},
    "technology_id": 41, "signal": -90, "offset_ms": 1_000, "duration_ms": 5_000,
    "timestamp_microseconds": 1_731_636_753_000,
}  # fmt: skip
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text() | st.sampled_from([2**31 - 1, 2**63 - 1, 1e308, "NaN", "\ud800", "a\x00b", "-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def damaged(body: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return bodies of which some fields have any value."""
    return st.dictionaries(st.sampled_from(sorted(body)), ANY).map(lambda new: {**body, **new})


@given(damaged(open_rmbt.result(TEST)))
def test_any_result_is_a_body_that_can_be_stored(body: dict[str, Any]) -> None:
    assert storable(results.sample_of(body, str(DEVICE), NOW))


@given(damaged(network_survey.lte()["data"]), damaged(network_survey.nr()["data"]), ANY)
def test_any_record_is_a_sample_or_skipped(four: Any, five: Any, other: Any) -> None:
    sent = network_survey.batches(
        ("lte", [{"data": four}, other]), ("nr", [{"data": five}, {"data": other}])
    )
    found = messages.translate([*sent, other], DEVICE)
    assert len(found.samples) + found.skipped.total() == messages.count_messages([*sent, other])
    assert storable(found.samples)


@given(damaged(FENCE), ANY)
def test_any_fence_is_a_sample_or_skipped(fence: Any, other: Any) -> None:
    body = {"telephony_network_operator": other}
    found = fences.translate([fence, other], body, str(DEVICE), DEVICE, NOW)
    assert len(found.samples) + found.skipped.total() == 2
    assert storable(found.samples)


@pytest.mark.parametrize(
    ("written", "plmn"),
    [("452-04", ("452", "04")), ("45201", ("452", "01")), ("310-260", ("310", "260")),
     ("4520", (None, None)), ("", (None, None)), (None, (None, None)), ("452-x", (None, None))],
)  # fmt: skip
def test_an_mnc_in_a_text_keeps_its_zero(written: str | None, plmn: tuple[Any, Any]) -> None:
    assert values.plmn_of_text(written) == plmn


@pytest.mark.parametrize(
    ("mnc", "shown"), [(4, "04"), ("4", "04"), (12, "12"), (260, "260"), (2**31 - 1, None)]
)
def test_an_mnc_in_a_number_gets_its_zero(mnc: Any, shown: str | None) -> None:
    assert values.plmn_of_numbers({"mcc": 452, "mnc": mnc})[1] == shown


def test_a_fence_of_a_clock_ahead_has_the_time_of_the_server() -> None:
    late = {**FENCE, "timestamp_microseconds": 1_731_999_999_000}
    micros = {**FENCE, "timestamp_microseconds": 1_731_636_753_000_000}
    found = fences.translate([late, micros, FENCE], {}, "s", DEVICE, NOW).samples
    assert [one["measured_at"] for one in found] == [
        "2024-11-15T02:12:01+00:00", "2024-11-15T02:12:33+00:00", "2024-11-15T02:12:33+00:00",
    ]  # fmt: skip
