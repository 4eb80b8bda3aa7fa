"""Small charts drawn by the server: positions in percent of the drawing."""

from collections.abc import Sequence
from dataclasses import dataclass

# Smallest height of a bar above zero, so that it is visible.
LEAST_PERCENT = 1.5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: label, formatted value, top and height in percent."""

    label: str
    text: str
    top: float
    height: float
    reaches: bool  # whether the value reaches the line of the chart


@dataclass(frozen=True, slots=True)
class Bars:
    """The bars of a chart, and the position of its line."""

    bars: tuple[Bar, ...]
    line: float | None


def bars(values: Sequence[tuple[str, float | None, str]], line: float | None = None) -> Bars:
    """Scale labelled values so that the highest value and the line fit."""
    highest = max([value or 0.0 for _, value, _ in values] + [line or 0.0]) or 1.0
    drawn = (_bar(label, value or 0.0, text, highest, line) for label, value, text in values)
    return Bars(tuple(drawn), None if line is None else round(100 - 100 * line / highest, 2))


def _bar(label: str, value: float, text: str, highest: float, line: float | None) -> Bar:
    height = max(100 * value / highest, LEAST_PERCENT) if value > 0 else 0.0
    reaches = line is not None and value >= line
    return Bar(label, text, round(100 - height, 2), round(height, 2), reaches)


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


def filled_percent(value: float | None, whole: float | None) -> float:
    """Return the part of a progress bar in percent, at most 100."""
    if not value or not whole:
        return 0.0
    return round(min(100.0, 100 * value / whole), 2)
