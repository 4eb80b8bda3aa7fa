"""What the pictures of a report share: letters, colours that print, and the same bytes each time.

The colours can be told apart without seeing red or green and grow darker step by step, so that a
black-and-white print keeps their order; hatching marks the two that matter most.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from backend.reports.content.figures import CommuneRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SEA, LAND, EDGE = "#16233a", "#eaf2f8", "#f4f1ea", "#5b6675"
# 170 mm at this density are sharp on paper, and some 150 kB.
DPI = 160
MM = 1 / 25.4
OWN: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib and has every Vietnamese letter
    "font.size": 8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": EDGE,
    "xtick.color": INK,
    "ytick.color": INK,
    "hatch.linewidth": 0.5,
    "hatch.color": EDGE,
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step towards the target: shares below `under`, of those that the steps before left."""

    words: str
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
    """How near a commune is to its target."""
    if commune["target"] is None or commune["shortfall"] is None:
        return UNKNOWN
    if commune["reached"]:
        return REACHED
    share = 1 - commune["shortfall"] / commune["target"]
    return next((step for step in STEPS if share < step.under), STEPS[-1])


@contextmanager
def drawn(
    width_mm: float, height_mm: float, layout: Literal["constrained"] | None = "constrained"
) -> Iterator["Figure"]:
    """A figure to draw into; no screen is asked for."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(OWN):
        size = width_mm * MM, height_mm * MM
        yield Figure(size, DPI, layout=layout)


def as_png(figure: "Figure") -> bytes:
    """A figure as PNG, without the name of the program that drew it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    out = io.BytesIO()
    canvas: Any = FigureCanvasAgg(figure)
    canvas.print_png(out, metadata={"Software": None})
    return out.getvalue()


def bare(axes: Any, *keep: str) -> None:
    """Take the frame's lines away but those that are named."""
    for side, line in axes.spines.items():
        line.set_visible(side in keep)
