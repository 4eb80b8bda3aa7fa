"""Figures of the country that follow changes equal those of a whole computation to the last bit."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.statistics import country_groups
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics.country_groups import CountryGroups
from backend.coverage.statistics.group_arrays import Groups
from backend.coverage.statistics.group_figures import figures_of
from backend.coverage.statistics.quantiles import METRICS, Samples
from backend.coverage.statistics.stored_samples import Rows, build, differences, joined
from backend.coverage.statistics.stored_samples import Samples as Stored

CELLS = (("Viettel", "4G"), ("Viettel", "5G"), ("VinaPhone", "4G"), ("unknown", "unknown"))


def draw(rng: np.random.Generator, n: int, phones: int) -> Rows:
    """Draw samples of few phones with equal and missing values."""
    values = np.stack([np.round(rng.lognormal(4, 1, n), rng.integers(-2, 3)) for _ in METRICS])
    values[rng.random(values.shape) < 0.1] = np.nan
    keys = rng.integers(0, phones, n).astype(np.uint64)  # 0: without a device
    cells = rng.integers(0, rng.integers(1, len(CELLS) + 1), n).astype(np.int32)
    return Rows(
        np.stack([keys // np.uint64(3), keys]),
        rng.integers(1, 9, n).astype(np.int32),
        cells,
        values,
    )


def whole(rows: Rows, minimum: int) -> tuple[object, object, object]:
    """Return the figures, samples and devices of a whole computation."""
    devices = np.empty(len(rows), dtype=rule.DEVICE)
    devices["high"], devices["low"] = rows.keys
    numbers = rule.numbered(devices) - int((rows.keys == 0).all(axis=0).any())
    samples = []
    for cell, (operator, technology) in enumerate(CELLS):
        here = rows.cells == cell
        if here.any():
            values = dict(zip(METRICS, rows.values[:, here], strict=True))
            one = Samples(operator, technology, int(here.sum()), values, numbers[here])
            samples.append(one)
    groups = Groups({(0, *key): group for key, group in sorted(rule.groups(samples))})
    return figures_of(groups, {0: "country"}, minimum), groups.n, groups.devices


def followed(groups: CountryGroups, minimum: int) -> tuple[object, object, object]:
    """Return the same of groups that follow changes."""
    return figures_of(groups, {0: "country"}, minimum), groups.n, groups.devices


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 2**32), st.sampled_from([1, 30, 400, 2000]), st.sampled_from([3, 60, 2000]),
    st.sampled_from([1, 10, 30]),
)  # fmt: skip
def test_changes_are_followed_to_the_last_bit(seed: int, n: int, phones: int, minimum: int) -> None:
    rng = np.random.default_rng(seed)
    rows = draw(rng, n, phones)
    groups = CountryGroups(Stored(build(rows, len(CELLS))), CELLS)
    with patch.object(country_groups, "SAMPLES_AT_ONCE", int(rng.choice([7, 200, 10_000]))):
        groups.begin()
    assert followed(groups, minimum) == whole(rows, minimum)
    for _ in range(3):
        units = rng.choice(np.arange(1, 9), int(rng.integers(1, 4)), replace=False)
        old = groups.samples.rows_in(units)
        before = groups.samples.take(old)
        kept = before.take(rng.random(len(before)) < rng.choice([0, 0.5, 0.9, 1]))
        new = joined([kept, draw(rng, int(rng.choice([0, 1, 50, 500])), phones)])
        removed, added = differences(before, new)
        groups.change(old[removed], new.take(added))
        assert followed(groups, minimum) == whole(groups.samples.every(), minimum)


def test_no_sample_is_read_for_a_level_among_equal_values() -> None:
    rng = np.random.default_rng(1)
    rows = draw(rng, 4_000, 2_000)
    rows.values[:] = np.where(np.isnan(rows.values), np.nan, rng.choice([10, 20, 30], 4_000))
    groups = CountryGroups(Stored(build(rows, len(CELLS))), CELLS)
    groups.begin()
    with patch.object(country_groups.CountryMeasured, "_read", side_effect=AssertionError):
        assert followed(groups, 10) == whole(rows, 10)


@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(0, 40))
def test_differences_keep_what_is_in_both(seed: int, n: int, more: int) -> None:
    rng = np.random.default_rng(seed)
    old = draw(rng, n, 2)
    new = joined([old.take(rng.random(n) < 0.5), draw(rng, more, 2)])
    removed, added = differences(old, new)
    left = np.delete(np.arange(n), removed)
    assert all(len(part) == len(set(part.tolist())) for part in (removed, added))
    found = joined([old.take(left), new.take(added)])
    assert sorted(map(repr, found.values.T)) == sorted(map(repr, new.values.T))
    assert not set(rows_of(old.take(removed))) & set(rows_of(new.take(added)))


def rows_of(rows: Rows) -> list[tuple[bytes, ...]]:
    columns = (rows.keys.T, rows.units, rows.cells, rows.values.T)
    return [tuple(one.tobytes() for one in row) for row in zip(*columns, strict=True)]
