"""Cells with samples as hexagons on the drawn map of a commune."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.canvas import Canvas
from backend.coverage.statistics.cells import hexagon
from backend.web.maps.drawing import MapDrawing

# Samples of a cell in a month from which a step of its colour begins.
STEPS = {"started": 1, "quarter": 10, "half": 30, "most": 100}


@dataclass(frozen=True, slots=True)
class CellShape:
    """A cell as a path on a drawing."""

    path: str
    samples: int
    step: str


def cell_shapes(
    drawn: MapDrawing, cells: Iterable[Mapping[str, Any]], steps: Mapping[str, int] = STEPS
) -> list[CellShape]:
    """Return the hexagons of cells on a drawing of their commune."""
    canvas = Canvas(drawn.box, drawn.margin)
    shapes = []
    for cell in cells:
        reached = [(least, step) for step, least in steps.items() if least <= max(cell["n"], 1)]
        shapes.append(CellShape(canvas.path(hexagon(cell["cell"])), cell["n"], max(reached)[1]))
    return shapes


def step_labels() -> list[tuple[str, str]]:
    """Return the steps with the samples that they mean."""
    least = [*STEPS.values()]
    ends = [f"–{n - 1}" for n in least[1:]] + ["+"]
    return [(step, f"{n}{end}") for (step, n), end in zip(STEPS.items(), ends, strict=True)]
