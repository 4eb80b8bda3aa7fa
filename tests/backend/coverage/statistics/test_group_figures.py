"""Figures of all groups together equal those of each group by its definition."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.group_figures import Node, figures_of
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
    group = str(rng.choice(OPERATORS)), str(rng.choice(TECHNOLOGIES))
    outings = rng.integers(0, 20, n)
    return Samples(*group, n, values, devices, outings, outings % 3 == 0)


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


def numbers(figures: Any) -> Iterator[Any]:
    """Yield the figures in the order of their names."""
    if isinstance(figures, dict):
        for name in sorted(figures):
            yield from numbers(figures[name])
    elif isinstance(figures, list):
        for one in figures:
            yield from numbers(one)
    else:
        yield -1.0 if figures is None else figures


@pytest.mark.long
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 10, 30]))
def test_figures_equal_their_definition(seed: int, minimum: int) -> None:
    groups, kinds = province(seed)
    backwards = {node: group[::-1] for node, group in groups.items()}
    found = figures_of(backwards, kinds, minimum)
    plain = plain_figures.figures_of(groups, kinds, minimum)
    for node, one in found.items():
        assert list(numbers(one.figures)) == pytest.approx(list(numbers(plain[node])), rel=1e-10)


@given(st.integers(0, 2**32))
def test_samples_devices_and_outings_of_groups_are_counted(seed: int) -> None:
    groups, kinds = province(seed)
    found = figures_of(groups, kinds, 30)
    assert list(found) == list(groups)
    assert [one.n for one in found.values()] == [
        sum(one.n for one in group) for group in groups.values()
    ]
    assert [one.devices for one in found.values()] == [
        len({*np.concatenate([one.devices for one in group]).tolist()} - {WITHDRAWN})
        for group in groups.values()
    ]
    assert [one.outings for one in found.values()] == [
        len({*np.concatenate([one.outings[one.devices != WITHDRAWN] for one in group]).tolist()})
        for group in groups.values()
    ]


def test_no_groups_have_no_figures() -> None:
    assert figures_of({}, {}, 30) == {}
