"""The rule of statistics: to the last bit what numpy gives, and nothing under the minimum."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.group_figures import Entries, figures_of
from backend.coverage.statistics.quantiles import METRICS, Samples

SPEEDS = st.lists(st.floats(0.01, 10_000), min_size=1, max_size=200)


def samples(values: list[float], operator: str = "Viettel", technology: str = "4G") -> Samples:
    array = np.array(values, dtype=np.float64)
    by_metric = dict.fromkeys(METRICS, array)
    number = np.arange(len(values))
    teams = np.zeros(len(values), np.bool_)
    return Samples(operator, technology, len(values), by_metric, number, number, teams)


@settings(max_examples=200)
@given(SPEEDS, st.floats(0, 1))
def test_a_percentile_is_numpys_to_the_last_bit(values: list[float], part: float) -> None:
    data = Entries([[samples(values)]]).measured("ping_ms")
    assert data.at(np.array([0]), part)[0] == np.quantile(np.array(values), part)


def told_of(group: list[Samples], technology: str = "4G", minimum: int = 1) -> dict[str, Any]:
    """Return the figures of a group alone in its province."""
    node = (7, "Viettel", technology)
    return figures_of({node: group}, {7: "commune"}, minimum)[node].figures


@pytest.mark.slow
@settings(max_examples=25)
@given(SPEEDS)
def test_figures_depend_on_no_order(values: list[float]) -> None:
    answer = told_of([samples(values)])["download_mbps"]
    assert answer == told_of([samples(values[::-1])])["download_mbps"]
    assert answer["median"] == np.percentile(np.array(values), 50)
    assert answer["mean"] == pytest.approx(math.fsum(values) / len(values), rel=1e-14)
    assert answer["n"] == len(values)
    assert answer["median_low"] <= answer["median"] <= answer["median_high"]
    if len(values) >= 40:
        assert (answer["p10"], answer["p90"]) == tuple(np.percentile(np.array(values), [10, 90]))
    else:
        assert answer["p10"] is answer["p90_high"] is None


@pytest.mark.slow
@given(SPEEDS)
def test_shares_of_bands_add_up(values: list[float]) -> None:
    shares = told_of([samples(values)])["shares"]["bands"]
    assert len(shares) == len(rule.BANDS_MBPS) + 1
    assert math.isclose(sum(shares), 1)
    assert shares[0] == sum(value < 40 for value in values) / len(values)
    assert shares[-1] == sum(value >= 200 for value in values) / len(values)


def test_a_bound_itself_keeps_a_reference() -> None:
    answer = told_of([samples([39.9, 40.0, 100.0, 30.0])])
    assert answer["shares"]["references"] == {"download_40": 0.5}
    answer = told_of([samples([50.0, 99.0, 100.0, 29.0], technology="5G")], "5G")
    assert answer["shares"]["references"] == {
        "download_100": 0.25,
        "upload_30": 0.75,
        "ping_50": 0.5,
    }
    low, high = answer["shares"]["reference_limits"]["upload_30"]
    assert 0 < low < 0.75 < high < 1


@given(st.lists(st.integers(0, 2**128 - 1) | st.integers(2**64 - 2, 2**64 + 2)))
def test_devices_are_numbered_the_same_where_they_are_the_same(ids: list[int]) -> None:
    packed = np.frombuffer(b"".join(one.to_bytes(16) for one in ids), dtype=rule.DEVICE)
    numbers = list(rule.numbered(packed))
    assert len(set(numbers)) == len(set(ids)) == len(set(zip(numbers, ids, strict=True)))


def test_totals_are_over_everything() -> None:
    three = [samples([1.0, 2.0]), samples([3.0], technology="5G"), samples([4.0], "VinaPhone")]
    found = {key: sum(one.n for one in group) for key, group in rule.groups(three)}
    assert found[rule.ALL, rule.ALL] == 4
    assert found["Viettel", rule.ALL] == 3 and found["VinaPhone", rule.ALL] == 1
    assert found[rule.ALL, "4G"] == 3 and found[rule.ALL, "5G"] == 1
    assert found["Viettel", "4G"] == 2 and ("VinaPhone", "5G") not in found


def test_a_metric_that_few_have_is_null_by_itself() -> None:
    one = samples([10.0] * 30)
    values = {**one.values, "jitter_ms": np.append(one.values["jitter_ms"][:29], math.nan)}
    few = replace(one, values=values)
    answer = told_of([few], minimum=30)
    assert answer["jitter_ms"] is None and answer["ping_ms"]["n"] == 30
    answer = told_of([samples([10.0] * 29)], minimum=30)
    assert answer["download_mbps"] is answer["shares"] is None
    assert (round(answer["effective_n"], 9), answer["more_devices"]) == (29, 1)


@pytest.mark.parametrize(
    ("stored", "group"),
    [("LTE", "4G"), ("5g", "5G"), ("NR", "5G"), (" hspa ", "3G"), ("Wi-Fi 6", "unknown"),
     (None, "unknown")],
)  # fmt: skip
def test_technologies_are_told_by_generation(stored: str | None, group: str) -> None:
    assert rule.technology_of(stored) == group
