"""Figures of all groups together equal those of each group by its definition."""

import math
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.statistics import group_arrays, intervals
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.group_arrays import Groups, Node, exact_sums
from backend.coverage.statistics.group_figures import figures_of
from backend.coverage.statistics.intervals import segment_sums
from backend.coverage.statistics.quantiles import METRICS, WITHDRAWN, Samples
from tests.tools import plain_figures

PROVINCE, DISTRICT = 100, 50
OPERATORS, TECHNOLOGIES = ("Viettel", "VinaPhone", "unknown"), ("4G", "5G")


def samples(rng: np.random.Generator, phones: int) -> Samples:
    """Draw samples of few phones with equal and missing values."""
    n = int(rng.integers(1, 120))
    values = {}
    for metric in METRICS:
        drawn = np.round(rng.lognormal(4, 1, n), int(rng.integers(0, 3)))
        values[metric] = np.where(rng.random(n) < 0.1, math.nan, drawn)
    devices = rng.integers(WITHDRAWN, phones, n)
    return Samples(str(rng.choice(OPERATORS)), str(rng.choice(TECHNOLOGIES)), n, values, devices)


def province(seed: int) -> tuple[dict[Node, list[Samples]], dict[int, str]]:
    """Draw a province of some communes, half of them in a district."""
    rng = np.random.default_rng(seed)
    communes = int(rng.integers(1, 5))
    by_unit: dict[int, list[Samples]] = {}
    for unit in range(communes):
        for _ in range(int(rng.integers(1, 5))):
            one = samples(rng, int(rng.integers(1, 80)))
            for place in (unit, DISTRICT, PROVINCE) if unit % 2 else (unit, PROVINCE):
                by_unit.setdefault(place, []).append(one)
    groups = {(unit, *key): group for unit, of in by_unit.items() for key, group in rule.groups(of)}
    kinds = dict.fromkeys(range(communes), "commune")
    return groups, kinds | {DISTRICT: "district", PROVINCE: "province"}


@pytest.mark.long
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 10, 30]), st.sampled_from([0, 100]))
def test_figures_equal_their_definition_to_the_last_bit(seed: int, minimum: int, few: int) -> None:
    groups, kinds = province(seed)
    backwards = {node: group[::-1] for node, group in groups.items()}
    with (
        patch.object(intervals, "GROUPS_FEW", few),
        patch.object(group_arrays, "GROUPS_FEW", few),
    ):
        found = figures_of(Groups(backwards), kinds, minimum)
    plain = plain_figures.figures_of(groups, kinds, minimum)
    assert found == plain


@given(st.integers(0, 2**32))
def test_samples_and_devices_of_groups_are_counted(seed: int) -> None:
    groups, _ = province(seed)
    found = Groups(groups)
    assert found.nodes == list(groups)
    assert found.n == [sum(one.n for one in group) for group in groups.values()]
    assert found.devices == [
        len({*np.concatenate([one.devices for one in group]).tolist()} - {WITHDRAWN})
        for group in groups.values()
    ]


def test_no_groups_have_no_figures() -> None:
    assert figures_of(Groups({}), {}, 30) == {}


@given(st.lists(st.lists(st.floats(0, 1e12, allow_subnormal=True), min_size=1)))
def test_sums_are_exact(parts: list[list[float]]) -> None:
    values = np.array([one for part in parts for one in part])
    numbers = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    sums, divisor = exact_sums(values, numbers, len(parts))
    assert [one / divisor for one in sums] == [math.fsum(part) for part in parts]


@pytest.mark.parametrize("size", [1, 7, 8, 9, 127, 128, 129, 5_000])
def test_sums_of_segments_are_numpys(size: int) -> None:
    values = 1 / np.random.default_rng(size).random(3 * size)
    bounds = np.array([0, size, 3 * size])
    expected: Any = [np.sum(values[:size]), np.sum(values[size:])]
    for few in (0, 100):
        with patch.object(intervals, "GROUPS_FEW", few):
            assert segment_sums(values, bounds).tolist() == expected
