"""Small charts drawn by the server: positions in percent of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.drawing import ticks

# Smallest height of a bar above zero, so that it is visible.
MIN_PERCENT = 1.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: label, formatted value, top and height in percent.

    `group` is what several labels share, such as their year; `begins` tells its first bar, where
    there is room for its name: not on a first bar that is alone in its group.
    """

    label: str
    text: str
    top: float
    height: float
    reaches: bool  # whether the value reaches the line of the chart
    group: str | None = None
    begins: bool = False

    @property
    def full_label(self) -> str:
        """The label with its group: a month with its year."""
        return f"{self.label}/{self.group}" if self.group else self.label


@dataclass(frozen=True, slots=True)
class Tick:
    """A value of the axis and its position in percent from the top."""

    value: float
    top: float


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of a chart, its axis, and the position of its line."""

    bars: tuple[Bar, ...]
    line: float | None
    ticks: tuple[Tick, ...] = ()


def bars(
    values: Sequence[tuple[str, float | None, str]],
    line: float | None = None,
    groups: Sequence[str] = (),
) -> Bars:
    """Scale labelled values so that the highest value and the line fit below the last tick."""
    highest = max([value or 0.0 for _, value, _ in values] + [line or 0.0]) or 1.0
    marks = ticks(highest)
    top = marks[-1]
    drawn = []
    for n, (label, value, text) in enumerate(values):
        group = groups[n] if groups else None
        begins = group is not None and (n == 0 or groups[n - 1] != group)
        if n == 0 and len(groups) > 1:
            begins = groups[1] == group
        height = max(100 * value / top, MIN_PERCENT) if value and value > 0 else 0.0
        reaches = line is not None and (value or 0.0) >= line
        above, height = round(100 - height, 2), round(height, 2)
        drawn.append(Bar(label, text, above, height, reaches, group, begins))
    axis = tuple(Tick(value, round(100 - 100 * value / top, 2)) for value in marks)
    return Bars(tuple(drawn), None if line is None else round(100 - 100 * line / top, 2), axis)


def sparkline(values: Sequence[float | None]) -> tuple[str, ...]:
    """Return the points of polylines in a square of 100: one for each run without a gap."""
    numbers = [value for value in values if value is not None]
    if not numbers:
        return ()
    highest, step = max(numbers) or 1.0, 100 / max(len(values) - 1, 1)
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{place * step:.1f},{96 - 92 * value / highest:.1f}")
    return tuple(" ".join(run) for run in runs if run)


def course_points(values: Sequence[float], days: int, highest: float) -> str:
    """Return the points of a line from 0,0 over the days of a month, in a square of 100."""
    line = enumerate([0.0, *values])
    return " ".join(f"{100 * n / days:.1f},{100 - 100 * one / highest:.1f}" for n, one in line)


def filled_percent(value: float | None, whole: float | None) -> float:
    """Return the part of a progress bar in percent, at most 100."""
    if not value or not whole:
        return 0.0
    return round(min(100.0, 100 * value / whole), 2)
