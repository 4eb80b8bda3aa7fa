"""Cells with samples as hexagons on the drawn map of a commune."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.canvas import Canvas
from backend.coverage.statistics.cells import hexagon
from backend.web.maps.drawing import MapDrawing

# Samples of a cell in a month from which a step begins.
STEPS = {"started": 1, "quarter": 10, "half": 30, "most": 100}


@dataclass(frozen=True, slots=True)
class CellShape:
    """A cell as a path on a drawing."""

    path: str
    samples: int
    step: str


def cell_shapes(drawn: MapDrawing, cells: Iterable[Mapping[str, Any]]) -> list[CellShape]:
    """Return the hexagons of cells on a drawing of their commune."""
    canvas = Canvas(drawn.box, drawn.margin)
    return [
        CellShape(canvas.path(hexagon(cell["cell"])), cell["n"], _step(cell["n"])) for cell in cells
    ]


def step_labels() -> list[tuple[str, str]]:
    """Return the steps with the samples that they mean."""
    least = [*STEPS.values()]
    ends = [f"–{n - 1}" for n in least[1:]] + ["+"]
    return [(step, f"{n}{end}") for (step, n), end in zip(STEPS.items(), ends, strict=True)]


def _step(samples: int) -> str:
    return max((least, step) for step, least in STEPS.items() if least <= max(samples, 1))[1]
