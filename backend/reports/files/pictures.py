"""Pictures of a report: charts and a map, as PNG with the same bytes each time.

The colours are distinct for colour-blind readers and grow darker step by step, so that a
black-and-white print keeps their order; hatching marks the two lowest steps.
"""

import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select

from backend.clock import month_end
from backend.database.extensions import db
from backend.errors import Problem
from backend.i18n import formats
from backend.reports.content.figures import CommuneRow, Quality, Report, leading
from backend.units.models import Boundary, BoundarySet, Unit
from backend.units.service import UnitRow, find
from geo.gazetteer import DATA, FAR_ISLANDS

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from shapely.geometry.base import BaseGeometry

INK, SEA, LAND, EDGE = "#16233a", "#eaf2f8", "#f4f1ea", "#5b6675"
# Sharp on paper at 170 mm, about 150 kB.
DPI = 160
MM = 1 / 25.4
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # part of matplotlib, with every Vietnamese letter
    "font.size": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": EDGE,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.5,
    "hatch.color": EDGE,
}
WIDTH_MM, BAR_MM = 165, 8  # as wide as the text
# Statistics of Vietnam list no more operators; the table has the smaller ones.
OPERATORS_MOST = 8
# The height of a map follows the unit's shape; picture and caption fit on one page.
HEIGHT_LEAST_MM, HEIGHT_MOST_MM = 90, 135
MAIN_SHARE = 0.66  # of the width; the rest is for legend and inset
INSET_MM = 76
# The country with both archipelagos and the sea between: west, south, east, north.
WHOLE = (101.8, 6.6, 117.6, 23.6)
# Labels of the country's map: text, longitude, latitude, size.
NAMES = (
    ("BIỂN ĐÔNG", 111.9, 14.0, 6.5),
    ("QĐ. Hoàng Sa\n(Đà Nẵng)", 113.0, 17.5, 4.6),
    ("QĐ. Trường Sa\n(Khánh Hòa)", 115.2, 12.6, 4.6),
)
# Drawn in the inset alone, so that the mainland keeps its scale.
FAR = frozenset(FAR_ISLANDS["2024"] + FAR_ISLANDS["2025"])

Shapes = Mapping[str, "BaseGeometry"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Step:
    """A range of shares of the target: from the previous step's `under` to below its own."""

    label: str
    colour: str
    hatch: str = ""
    under: float = 1.0


STEPS = (
    Step("dưới 25%", "#fff7d6", "////", 0.25),
    Step("25 – 50%", "#fbd38d", "....", 0.50),
    Step("50 – 75%", "#9fc5d9", under=0.75),
    Step("75 – 100%", "#4a90b8"),
)
REACHED = Step("đạt mục tiêu", "#123f6d")
UNKNOWN = Step("không có mục tiêu", "#ffffff")


def step_of(commune: CommuneRow) -> Step:
    """Return the step of a commune's share of its target."""
    if commune["target"] is None or commune["shortfall"] is None:
        return UNKNOWN
    if commune["reached"]:
        return REACHED
    share = 1 - commune["shortfall"] / commune["target"]
    return next((step for step in STEPS if share < step.under), STEPS[-1])


@contextmanager
def new_figure(
    width_mm: float, height_mm: float, layout: Literal["constrained"] | None = "constrained"
) -> Iterator["Figure"]:
    """Yield a figure in the style of reports, without a display."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(STYLE):
        size = width_mm * MM, height_mm * MM
        yield Figure(size, DPI, layout=layout)


def as_png(figure: "Figure") -> bytes:
    """Return a figure as PNG, without matplotlib's version in its metadata."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(out, metadata={"Software": None})
    return out.getvalue()


def hide_frame(axes: Any, *keep: str) -> None:
    """Hide the lines of the frame except the named ones."""
    for side, line in axes.spines.items():
        line.set_visible(side in keep)


def steps_chart(communes: Sequence[CommuneRow]) -> bytes:
    """Draw the number of communes on each step towards the target."""
    counts = Counter(step_of(row) for row in communes)
    steps = (*STEPS, REACHED)
    numbers = [counts[step] for step in steps]
    with new_figure(WIDTH_MM, BAR_MM * len(steps) + 14) as figure:
        axes = figure.subplots()
        for place, (step, number) in enumerate(zip(steps, numbers, strict=True)):
            axes.barh(
                place, number, 0.72, color=step.colour, hatch=step.hatch, edgecolor=EDGE, lw=0.6
            )
            axes.annotate(
                formats.number(number, "vi"), (number, place), (4, 0),
                textcoords="offset points", va="center", weight="bold",
            )  # fmt: skip
        axes.set_yticks(range(len(steps)), [step.label for step in steps])
        axes.set_ylim(len(steps) - 0.5, -0.5)
        axes.set_xlim(0, max(numbers) * 1.08 or 1)
        axes.set_xlabel("số xã, phường")
        axes.tick_params(length=0)
        hide_frame(axes, "left")
        axes.set_xticks([])
        return as_png(figure)


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
    known = known[:OPERATORS_MOST]
    with new_figure(WIDTH_MM, BAR_MM * len(known) + 16) as figure:
        axes = figure.subplots()
        for place, row in enumerate(known):
            spread: Any = row["download_mbps"]
            name, low, high = leading(spread)
            if spread["p10"] is not None:
                axes.plot([spread["p10"], spread["p90"]], [place, place], color="#9fc5d9", lw=7,
                          solid_capstyle="butt")  # fmt: skip
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color="#123f6d", lw=2, marker="|", ms=7)
            axes.plot(spread[name], place, "o", color="#123f6d", ms=6)
            axes.annotate(
                formats.number(spread[name], "vi", 1), (spread[name], place), (0, 6),
                textcoords="offset points", ha="center", fontsize=7, weight="bold",
            )  # fmt: skip
        names = [f"{row['operator'] or 'Tất cả'} (n = {formats.number(row['n'], 'vi')})"
                 for row in known]  # fmt: skip
        axes.set_yticks(range(len(known)), names)
        axes.set_ylim(len(known) - 0.5, -0.7)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda value, _: formats.number(value, "vi"))
        limited = any(leading(row["download_mbps"])[1] is not None for row in known)  # type: ignore[arg-type]
        interval = ",\nnét đậm là khoảng tin cậy 95 %" if limited else ""
        axes.set_xlabel(f"tải xuống, Mbit/s: chấm là trung vị, vạch là từ p10 đến p90{interval}")
        axes.grid(axis="x", color="#d9dee5", lw=0.5)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        hide_frame(axes, "left", "bottom")
        return as_png(figure)


def read_shapes(report: Report) -> Shapes:
    """Return polygons of communes by code from the report's boundary set; empty without a map."""
    named, day = report["unit"], month_end(report["month"])
    if report["boundaries"] is None or named["level"] == "commune":
        return {}
    try:
        unit = find(day, named["code"], named["level"])
    except Problem:  # the list of units was replaced after freezing
        return {}
    return _polygons(unit, report["boundaries"]["set"])


@cache
def country() -> "BaseGeometry":
    """Return the country's outline with Hoàng Sa and Trường Sa."""
    from shapely import from_geojson

    return from_geojson((DATA / "outline.geojson").read_text(encoding="utf-8"))


def _polygons(unit: UnitRow, set_name: str) -> dict[str, "BaseGeometry"]:
    from shapely import from_wkb

    above = Unit.province_id if unit.level == "province" else Unit.parent_id
    query = (
        select(Unit.code, Boundary.geometry)
        .join(Boundary, Boundary.unit_id == Unit.id)
        .join(BoundarySet, BoundarySet.id == Boundary.set_id)
        .where(BoundarySet.name == set_name, above == unit.id, Unit.level == "commune")
        .order_by(Unit.code.collate("C"))
    )
    return {code: from_wkb(shape) for code, shape in db.session.execute(query)}


def draw_map(shapes: Shapes, communes: Sequence[CommuneRow]) -> bytes:
    """Draw communes coloured by their step towards the target."""
    steps = {row["code"]: step_of(row) for row in communes}
    near = {code: shape for code, shape in shapes.items() if code not in FAR} or dict(shapes)
    box = _bounds(near.values())
    height = min(max(_height(box), HEIGHT_LEAST_MM), HEIGHT_MOST_MM)
    with new_figure(WIDTH_MM, height, layout=None) as figure:
        main = figure.add_axes((0.0, 0.0, MAIN_SHARE, 1.0))
        for step in (*STEPS, REACHED, UNKNOWN):
            alike = [shape for code, shape in near.items() if steps.get(code, UNKNOWN) is step]
            _fill(main, alike, step.colour, step.hatch)
        _fit(main, box)
        _legend(figure, _step_counts(shapes, steps))
        below = min(INSET_MM / height, 0.62)
        _inset(figure.add_axes((MAIN_SHARE + 0.01, 0.01, 0.32, below)), shapes, steps)
        return as_png(figure)


def _step_counts(shapes: Shapes, steps: Mapping[str, Step]) -> list[tuple[Step, int]]:
    """Return every step with its number of communes; UNKNOWN only where one has it."""
    found = [steps.get(code, UNKNOWN) for code in shapes]
    listed = (*STEPS, REACHED, UNKNOWN) if UNKNOWN in found else (*STEPS, REACHED)
    return [(step, found.count(step)) for step in listed]


def _legend(figure: Any, counts: Sequence[tuple[Step, int]]) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=step.colour, hatch=step.hatch, edgecolor=EDGE, lw=0.5,
              label=f"{step.label} ({number})")
        for step, number in counts
    ]  # fmt: skip
    form = {"frameon": False, "alignment": "left", "handlelength": 2.2, "handleheight": 1.2}
    corner = (MAIN_SHARE + 0.01, 1.0)
    title = "Số mẫu so với mục tiêu"
    figure.legend(handles=patches, loc="upper left", bbox_to_anchor=corner, title=title, **form)


def _inset(axes: Any, shapes: Shapes, steps: Mapping[str, Step]) -> None:
    """Draw the country with Hoàng Sa, Trường Sa and Biển Đông, and the unit in it."""
    axes.set_facecolor(SEA)
    _fill(axes, [country()], LAND)
    _fill(axes, [shape for code, shape in shapes.items() if code not in FAR], REACHED.colour)
    for code in FAR.intersection(shapes):
        _fill(axes, [shapes[code]], steps.get(code, UNKNOWN).colour)
    for label, longitude, latitude, size in NAMES:
        axes.text(longitude, latitude, label, fontsize=size, ha="center", va="center",
                  style="italic", color=INK)  # fmt: skip
    _fit(axes, WHOLE)
    for line in axes.spines.values():
        line.set(visible=True, color=EDGE, linewidth=0.5)


def _fill(axes: Any, shapes: Sequence["BaseGeometry"], colour: str, hatch: str = "") -> None:
    """Fill polygons and leave their holes open."""
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path

    parts = [part for shape in shapes for part in _parts(shape)]
    paths = [
        Path.make_compound_path(
            *(Path(ring.coords, closed=True) for ring in (part.exterior, *part.interiors))
        )
        for part in parts
    ]
    style: dict[str, Any] = {
        "facecolor": colour,
        "edgecolor": EDGE,
        "linewidth": 0.3,
        "hatch": hatch or None,
    }
    axes.add_collection(PathCollection(paths, **style), autolim=False)


def _parts(shape: "BaseGeometry") -> Iterable[Any]:
    return [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon"]


def _bounds(shapes: Iterable["BaseGeometry"]) -> Box:
    boxes = [shape.bounds for shape in shapes]
    west, south, east, north = (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip
    edge = 0.02 * max(east - west, north - south)
    return west - edge, south - edge, east + edge, north + edge


def _height(box: Box) -> float:
    """Return the height in mm of a box that is as wide as the main map."""
    west, south, east, north = box
    across = (east - west) * math.cos(math.radians((south + north) / 2))
    return WIDTH_MM * MAIN_SHARE * (north - south) / across


def _fit(axes: Any, box: Box) -> None:
    """Show a box with equal scale in both directions."""
    west, south, east, north = box
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))
    axes.set_xticks([])
    axes.set_yticks([])
    hide_frame(axes)
