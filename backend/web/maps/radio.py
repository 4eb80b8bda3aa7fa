"""Cells with radio samples of one operator and technology on the drawn map of a commune."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.canvas import Canvas
from backend.coverage.radio.service import NONE, STRENGTHS
from backend.coverage.statistics.cells import hexagon
from backend.web.maps.drawing import MapDrawing

# Units of a drawing, whose longer side has 1,600: a number of this height has 9 pixels where the
# map is 600 pixels wide, and where it is 300, as on phones.
LEGIBLE, LEGIBLE_ON_PHONES = 24, 48


@dataclass(frozen=True, slots=True)
class RadioShape:
    """A cell as a path on a drawing, and where its number is written."""

    path: str
    x: int
    y: int
    size: int  # of the number
    cell: Mapping[str, Any]

    @property
    def numbered(self) -> bool:
        """Whether its number can be read on a wide screen."""
        return self.size >= LEGIBLE

    @property
    def fine(self) -> bool:
        """Whether its number is too small for phones."""
        return self.size < LEGIBLE_ON_PHONES


@dataclass(frozen=True, slots=True)
class RadioChoice:
    """An operator and technology that a map can show."""

    name: str  # in addresses
    operator: str
    technology: str
    cells: int


def choices(items: Iterable[Mapping[str, Any]]) -> list[RadioChoice]:
    """Return the operators and technologies of cells, those with most cells first."""
    found = Counter((item["operator"], item["technology"]) for item in items)
    return [
        RadioChoice(f"{operator}-{technology}", operator, technology, n)
        for (operator, technology), n in sorted(found.items(), key=lambda one: (-one[1], one[0]))
    ]


def chosen(items: Sequence[Mapping[str, Any]], choice: RadioChoice) -> list[Mapping[str, Any]]:
    """Return the cells of a choice, the larger ones first."""
    key = choice.operator, choice.technology
    cells = [item for item in items if (item["operator"], item["technology"]) == key]
    return sorted(cells, key=lambda item: (item["resolution"], item["cell"]))


def radio_shapes(drawn: MapDrawing, cells: Sequence[Mapping[str, Any]]) -> list[RadioShape]:
    """Return the hexagons of cells on a drawing of their commune."""
    canvas = Canvas(drawn.box, drawn.margin)
    return [_shape(canvas, cell) for cell in cells]


def _shape(canvas: Canvas, cell: Mapping[str, Any]) -> RadioShape:
    area = hexagon(cell["cell"])
    west, _, east, _ = area.bounds
    width = canvas.at((east, cell["latitude"]))[0] - canvas.at((west, cell["latitude"]))[0]
    x, y = canvas.at((cell["longitude"], cell["latitude"]))
    return RadioShape(canvas.path(area), x, y, round(width / 3.5), cell)


def strength_rows(cells: Iterable[Mapping[str, Any]]) -> list[tuple[str, int | None, int]]:
    """Return each step with its least median in dBm and its number of cells."""
    found = Counter(cell["strength"] for cell in cells)
    rows: list[tuple[str, int | None, int]] = [
        (name, least, found[name]) for name, least in STRENGTHS.items()
    ]
    return [*rows, (NONE, None, found[NONE])]
