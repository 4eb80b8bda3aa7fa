"""Pictures of a report as PNG: charts and a map, drawn from SVG templates.

The colours are distinct for colour-blind readers and grow darker step by step, so that a
black-and-white print keeps their order; hatching marks the two lowest steps.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.canvas import country_map
from backend.clock import month_end
from backend.drawing import draw, png, text_width, ticks
from backend.errors import Problem
from backend.i18n import formats
from backend.reports.content.figures import CommuneRow, Quality, Report, leading
from backend.units import outlines
from backend.units.outlines import AT_SEA, Drawing
from backend.units.service import find

INK, EDGE = "#16233a", "#5b6675"
# As wide as the text, in points, and sharp on paper: some 150 kB.
WIDTH, PIXELS, TEXT = 468, 1040, 8.5
# Statistics of Vietnam list no more operators; the table has the smaller ones.
MAX_OPERATORS = 8
# The height of a map follows the unit's shape; picture and caption fit on one page.
MIN_HEIGHT, MAX_HEIGHT = 255, 380
# Widths of the map, and of the country beside it; the legend is above the country.
MAP_WIDTH, INSET = 308, 150
LEGEND_ROW, LEGEND_TOP = 13, 22


@dataclass(frozen=True, slots=True)
class Step:
    """A range of shares of the target: from the previous step's `under` to below its own."""

    label: str
    colour: str
    hatch: str = ""
    under: float = 1.0


STEPS = (
    Step("dưới 25%", "#fff7d6", "lines", 0.25),
    Step("25 – 50%", "#fbd38d", "dots", 0.50),
    Step("50 – 75%", "#9fc5d9", under=0.75),
    Step("75 – 100%", "#4a90b8"),
)
REACHED = Step("đạt mục tiêu", "#123f6d")
UNKNOWN = Step("không có mục tiêu", "#ffffff")


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """The download of an operator: its median, the limits of that, and p10 to p90."""

    name: str
    median: float
    limits: tuple[float, float] | None
    range: tuple[float, float] | None


def step_of(commune: CommuneRow) -> Step:
    """Return the step of a commune's share of its target."""
    if commune["target"] is None or commune["shortfall"] is None:
        return UNKNOWN
    if commune["reached"]:
        return REACHED
    share = 1 - commune["shortfall"] / commune["target"]
    return next((step for step in STEPS if share < step.under), STEPS[-1])


def steps_chart(communes: Sequence[CommuneRow]) -> bytes:
    """Draw the number of communes on each step towards the target."""
    counts = Counter(step_of(row) for row in communes)
    bars = [(step, counts[step]) for step in (*STEPS, REACHED)]
    return _png("steps", bars=bars, most=max(n for _, n in bars) or 1)


def has_speeds(rows: Sequence[Quality]) -> bool:
    """Return whether speeds are drawn: of one row the table says as much."""
    return len(_known_speeds(rows)) > 1


def _known_speeds(rows: Sequence[Quality]) -> list[Quality]:
    return [row for row in rows if row["technology"] is None and row["download_mbps"]]


def speeds_chart(rows: Sequence[Quality]) -> bytes | None:
    """Draw the median download by operator with p10 to p90; None for fewer than two rows."""
    if not has_speeds(rows):
        return None
    known = sorted(_known_speeds(rows), key=lambda row: (row["operator"] is None, -row["n"]))
    shown = [_speed_row(row) for row in known[:MAX_OPERATORS]]
    notes = ["tải xuống, Mbit/s: chấm là trung vị, vạch là từ p10 đến p90"]
    if any(row.limits for row in shown):
        notes = [f"{notes[0]},", "nét đậm là khoảng tin cậy 95 %"]
    left = round(max(text_width(row.name, TEXT) for row in shown)) + 10
    reach = 1.05 * max(max(row.median, *(row.limits or ()), *(row.range or ())) for row in shown)
    return _png(
        "speeds",
        rows=shown,
        left=left,
        marks=[mark for mark in ticks(reach) if mark <= reach],
        scale=(WIDTH - left - 14) / reach,
        notes=notes,
    )


def _speed_row(row: Quality) -> SpeedRow:
    spread: Any = row["download_mbps"]
    name, low, high = leading(spread)
    operator, p10, p90 = row["operator"] or "Tất cả", spread["p10"], spread["p90"]
    return SpeedRow(
        f"{operator} (n = {formats.number(row['n'], 'vi')})",
        spread[name],
        None if low is None or high is None else (low, high),
        None if p10 is None or p90 is None else (p10, p90),
    )


def read_shapes(report: Report) -> Drawing | None:
    """Return the outlines of the unit's communes in the report's boundary set; None without any."""
    named, day = report["unit"], month_end(report["month"])
    if report["boundaries"] is None or named["level"] == "commune":
        return None
    active = outlines.named_set(report["boundaries"]["set"])
    try:
        unit = find(day, named["code"], named["level"])
    except Problem:  # the list of units was replaced after freezing
        return None
    return outlines.inside(active, unit) if active else None


def draw_map(drawing: Drawing, communes: Sequence[CommuneRow]) -> bytes:
    """Draw communes coloured by their step towards the target."""
    steps = {row["code"]: step_of(row) for row in communes}
    height = min(max(MAP_WIDTH * drawing.height / drawing.width, MIN_HEIGHT), MAX_HEIGHT)
    scale = min(MAP_WIDTH / drawing.width, height / drawing.height)
    found = Counter(steps.get(code, UNKNOWN) for code in drawing.paths)
    listed = (*STEPS, REACHED, UNKNOWN) if found[UNKNOWN] else (*STEPS, REACHED)
    legend = [(step, found[step]) for step in listed]
    parts = {code: path for code, path in drawing.paths.items() if code not in AT_SEA}
    room = height - LEGEND_TOP - LEGEND_ROW * len(legend)
    country = country_map().canvas
    return _png(
        "map",
        drawing=drawing,
        parts=[(path, steps.get(code, UNKNOWN)) for code, path in parts.items()],
        legend=legend,
        height=height,
        scale=scale,
        left=(MAP_WIDTH - drawing.width * scale) / 2,
        top=(height - drawing.height * scale) / 2,
        right=MAP_WIDTH + 10,
        inset=min(INSET, room * country.width / country.height),
    )


def _png(template: str, **values: Any) -> bytes:
    """Return a picture of a template with its values, in the style of reports."""
    style = {"width": WIDTH, "ink": INK, "edge": EDGE, "number": _number}
    return png(draw(f"reports/{template}.svg", **style, **values), PIXELS)


def _number(value: float, decimals: int = 0) -> str:
    return formats.number(value, "vi", decimals)
