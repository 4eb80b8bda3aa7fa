"""Axes, bars and lines of charts, and how pages write numbers and days."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.coverage.figures.forecast import STEP_NAMES, progress_step
from backend.drawing import ticks
from backend.i18n.formats import day, number, percent
from backend.web.site.charts import bars, filled_percent, sparkline

VALUES = st.lists(st.one_of(st.none(), st.floats(0, 1e9)), min_size=1, max_size=40)


@given(st.floats(0.01, 1e7))
def test_ticks_are_few_round_and_reach_the_highest_value(highest: float) -> None:
    found = ticks(highest)
    step = found[1]
    assert found[0] == 0 and 2 <= len(found) <= 6
    assert found[-2] < highest <= found[-1] * (1 + 1e-9)
    assert float(f"{step:.0e}") == float(f"{step:.6e}")  # one digit


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30), st.integers(1, 10_000))
def test_bars_lie_below_the_last_tick(values: list[int], line: int) -> None:
    chart = bars([(str(n), float(n), str(n)) for n in values], line)
    assert chart.ticks[-1].top == 0 and chart.ticks[0].top == 100
    assert all(0 <= one.top <= 100 and one.height <= 100 for one in chart.bars)
    assert chart.line is not None and 0 <= chart.line < 100


def test_a_group_is_shown_at_its_first_bar() -> None:
    labels = [("11", 1.0, "1"), ("12", 2.0, "2"), ("01", 3.0, "3")]
    chart = bars(labels, groups=("2024", "2024", "2025"))
    assert [(one.full_label, one.begins) for one in chart.bars] == [
        ("11/2024", True), ("12/2024", False), ("01/2025", True)
    ]  # fmt: skip


def test_a_first_bar_alone_in_its_group_leaves_the_room_to_the_next() -> None:
    labels = [("12", 1.0, "1"), ("01", 2.0, "2"), ("02", 3.0, "3")]
    chart = bars(labels, groups=("2024", "2025", "2025"))
    assert [one.begins for one in chart.bars] == [False, True, False]
    assert bars(labels[:1], groups=("2024",)).bars[0].begins


@pytest.mark.parametrize(
    ("written", "vietnamese", "english"),
    [
        (number(1234567.891, "vi", 2), "1.234.567,89", None),
        (number(1234567.891, "en", 2), None, "1,234,567.89"),
        (number(None, "vi"), "–", None),
        (number(-1234, "vi"), "-1.234", None),
        (percent(0.3708, "vi"), "37,08%", None),
        (percent(None, "en"), None, "–"),
        (day(date(2026, 11, 25), "vi"), "25/11/2026", None),
        (day(date(2026, 11, 5), "en"), None, "05/11/2026"),
    ],
)
def test_numbers_and_days_as_they_are_written(
    written: str, vietnamese: str | None, english: str | None
) -> None:
    assert written == (vietnamese or english)


@given(VALUES, st.one_of(st.none(), st.floats(0, 1e9)))
@settings(max_examples=60)
def test_bars_stay_in_their_frame_and_in_proportion(
    values: list[float | None], line: float | None
) -> None:
    drawn = bars([("", value, "") for value in values], line)
    for bar, value in zip(drawn.bars, values, strict=True):
        assert 0 <= bar.top <= 100 and 0 <= bar.height <= 100
        assert bar.top + bar.height == pytest.approx(100, abs=0.02)
        assert (bar.height > 0) == bool(value)
        assert bar.reaches == (line is not None and (value or 0) >= line)
    assert drawn.line is None or 0 <= drawn.line <= 100
    heights = [bar.height for bar in drawn.bars]
    by_value = sorted(range(len(values)), key=lambda at: values[at] or 0)
    assert [heights[at] for at in by_value] == sorted(heights)


@given(VALUES)
@settings(max_examples=60)
def test_a_line_has_a_gap_where_a_value_is_missing(values: list[float | None]) -> None:
    runs = sparkline(values)
    assert sum(len(run.split()) for run in runs) == sum(value is not None for value in values)
    for point in " ".join(runs).split():
        assert all(0 <= float(part) <= 100 for part in point.split(","))


@given(st.integers(0, 10**7), st.integers(1, 10**6))
@settings(max_examples=100)
def test_a_step_tells_how_far_it_is(basis: int, target: int) -> None:
    name = progress_step(basis, target)
    assert (name == "none") == (basis == 0)
    assert (name == "reached") == (basis >= target)
    assert STEP_NAMES.index(name) <= STEP_NAMES.index(progress_step(basis + 1, target))
    assert 0 <= filled_percent(basis, target) <= 100


STATIC = Path(__file__).parents[4] / "backend" / "static"


def luminance(colour: str) -> float:
    """The relative luminance of a colour as #rrggbb (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("sheet", ["style.css", "dark.css"])
def test_the_map_is_darker_the_more_there_is_in_both_themes(sheet: str) -> None:
    """Pale yellow to dark blue: a dark yellow would be brown."""
    text = (STATIC / sheet).read_text(encoding="utf-8")
    colours = {name: luminance(value) for name, value in re.findall(r"--([\w-]+): (#\w{6});", text)}
    steps = [colours[f"step-{name}"] for name in STEP_NAMES if name != "none"]
    assert len(steps) == 5 and steps == sorted(steps, reverse=True)
    assert steps[0] > 0.6  # pale
    if sheet == "dark.css":  # units without samples are seen on the ground of the map
        assert (colours["step-none"] + 0.05) / (colours["paper"] + 0.05) > 2
