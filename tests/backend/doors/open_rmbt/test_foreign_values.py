"""Values of apps of others: no message raises, and what is made of it can be stored."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.doors.open_rmbt import foreign_values as values
from backend.doors.open_rmbt import results
from backend.fields import storable
from tests.support import open_rmbt

DEVICE = UUID("6f1f8a58-8d2b-4a7a-b0f6-3f6e1a1f0a11")
NOW = datetime(2024, 11, 15, 2, 12, tzinfo=UTC)
TEST = {"test_uuid": str(DEVICE), "test_token": "x"}
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


@pytest.mark.parametrize(
    ("written", "plmn"),
    [("452-04", ("452", "04")), ("45201", ("452", "01")), ("310-260", ("310", "260")),
     ("4520", (None, None)), ("", (None, None)), (None, (None, None)), ("452-x", (None, None))],
)  # fmt: skip
def test_an_mnc_in_a_text_keeps_its_zero(written: str | None, plmn: tuple[Any, Any]) -> None:
    assert values.plmn_of_text(written) == plmn
