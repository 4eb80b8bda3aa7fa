"""The map of a report: every commune by its step towards the target, the country beside it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backend.reports.content.figures import CommuneRow
from backend.reports.files.map_shapes import FAR, Shapes, country
from backend.reports.files.pictures import (
    EDGE,
    INK,
    LAND,
    REACHED,
    SEA,
    STEPS,
    UNKNOWN,
    Step,
    as_png,
    bare,
    drawn,
    step_of,
)

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

# As wide as the text; as high as the unit asks for, on one page with its caption.
WIDTH_MM, HEIGHT_LEAST_MM, HEIGHT_MOST_MM = 165, 90, 135
MAIN_SHARE = 0.66  # of the width; legend and inset have the rest
INSET_MM = 76
# The country with both archipelagos and the sea between: west, south, east, north.
WHOLE = (101.8, 6.6, 117.6, 23.6)
# What a Vietnamese map of the country names: text, longitude, latitude, size.
NAMES = (
    ("BIỂN ĐÔNG", 111.9, 14.0, 6.5),
    ("QĐ. Hoàng Sa\n(Đà Nẵng)", 113.0, 17.5, 4.6),
    ("QĐ. Trường Sa\n(Khánh Hòa)", 115.2, 12.6, 4.6),
)


Box = tuple[float, float, float, float]


def draw_map(shapes: Shapes, communes: Sequence[CommuneRow]) -> bytes:
    """Communes coloured by how near they are to the target."""
    steps = {row["code"]: step_of(row) for row in communes}
    near = {code: shape for code, shape in shapes.items() if code not in FAR} or dict(shapes)
    box = _around(near.values())
    height = min(max(_height(box), HEIGHT_LEAST_MM), HEIGHT_MOST_MM)
    with drawn(WIDTH_MM, height, layout=None) as figure:
        main = figure.add_axes((0.0, 0.0, MAIN_SHARE, 1.0))
        for step in (*STEPS, REACHED, UNKNOWN):
            alike = [shape for code, shape in near.items() if steps.get(code, UNKNOWN) is step]
            _fill(main, alike, step.colour, step.hatch)
        _fit(main, box)
        _legend(figure, used=_used(shapes, steps))
        below = min(INSET_MM / height, 0.62)
        _inset(figure.add_axes((MAIN_SHARE + 0.01, 0.01, 0.32, below)), shapes, steps)
        return as_png(figure)


def _used(shapes: Shapes, steps: Mapping[str, Step]) -> list[tuple[Step, int]]:
    """Every step with its number of communes on the map."""
    told = [steps.get(code, UNKNOWN) for code in shapes]
    used = (*STEPS, REACHED, UNKNOWN) if UNKNOWN in told else (*STEPS, REACHED)
    return [(step, told.count(step)) for step in used]


def _legend(figure: Any, used: Sequence[tuple[Step, int]]) -> None:
    from matplotlib.patches import Patch

    patches = [
        Patch(facecolor=step.colour, hatch=step.hatch, edgecolor=EDGE, lw=0.5,
              label=f"{step.words} ({number})")
        for step, number in used
    ]  # fmt: skip
    form = {"frameon": False, "alignment": "left", "handlelength": 2.2, "handleheight": 1.2}
    corner = (MAIN_SHARE + 0.01, 1.0)
    title = "Số mẫu so với mục tiêu"
    figure.legend(handles=patches, loc="upper left", bbox_to_anchor=corner, title=title, **form)


def _inset(axes: Any, shapes: Shapes, steps: Mapping[str, Step]) -> None:
    """The country with Hoàng Sa, Trường Sa and Biển Đông, and where in it the unit lies."""
    axes.set_facecolor(SEA)
    _fill(axes, [country()], LAND)
    _fill(axes, [shape for code, shape in shapes.items() if code not in FAR], REACHED.colour)
    for code in FAR.intersection(shapes):
        _fill(axes, [shapes[code]], steps.get(code, UNKNOWN).colour)
    for words, longitude, latitude, size in NAMES:
        axes.text(longitude, latitude, words, fontsize=size, ha="center", va="center",
                  style="italic", color=INK)  # fmt: skip
    _fit(axes, WHOLE)
    for line in axes.spines.values():
        line.set(visible=True, color=EDGE, linewidth=0.5)


def _fill(axes: Any, shapes: Sequence["BaseGeometry"], colour: str, hatch: str = "") -> None:
    """Fill polygons with their holes left open."""
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


def _around(shapes: Iterable["BaseGeometry"]) -> Box:
    boxes = [shape.bounds for shape in shapes]
    west, south, east, north = (
        min(box[0] for box in boxes), min(box[1] for box in boxes),
        max(box[2] for box in boxes), max(box[3] for box in boxes),
    )  # fmt: skip
    edge = 0.02 * max(east - west, north - south)
    return west - edge, south - edge, east + edge, north + edge


def _height(box: Box) -> float:
    """How many millimetres high a box is where it is as wide as the main map."""
    west, south, east, north = box
    across = (east - west) * math.cos(math.radians((south + north) / 2))
    return WIDTH_MM * MAIN_SHARE * (north - south) / across


def _fit(axes: Any, box: Box) -> None:
    """Show a box so that a kilometre is as long to the east as to the north."""
    west, south, east, north = box
    axes.set_xlim(west, east)
    axes.set_ylim(south, north)
    axes.set_aspect(1 / math.cos(math.radians((south + north) / 2)))
    axes.set_xticks([])
    axes.set_yticks([])
    bare(axes)
