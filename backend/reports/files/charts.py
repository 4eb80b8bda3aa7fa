"""Charts of a report: how near communes are to the target, and how fast the operators."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from backend.i18n import formats
from backend.reports.content.figures import CommuneRow, Quality
from backend.reports.files.pictures import EDGE, REACHED, STEPS, as_png, bare, drawn, step_of

WIDTH_MM, BAR_MM = 165, 8
# More operators are in no statistics of Vietnam; smaller ones stand in the table.
OPERATORS_MOST = 8


def steps_chart(communes: Sequence[CommuneRow]) -> bytes:
    """How many communes stand on which step towards the target."""
    told = Counter(step_of(row) for row in communes)
    steps = (*STEPS, REACHED)
    numbers = [told[step] for step in steps]
    with drawn(WIDTH_MM, BAR_MM * len(steps) + 14) as figure:
        axes = figure.subplots()
        for place, (step, number) in enumerate(zip(steps, numbers, strict=True)):
            axes.barh(
                place, number, 0.72, color=step.colour, hatch=step.hatch, edgecolor=EDGE, lw=0.6
            )
            axes.annotate(
                formats.number(number, "vi"), (number, place), (4, 0),
                textcoords="offset points", va="center", weight="bold",
            )  # fmt: skip
        axes.set_yticks(range(len(steps)), [step.words for step in steps])
        axes.set_ylim(len(steps) - 0.5, -0.5)
        axes.set_xlim(0, max(numbers) * 1.08 or 1)
        axes.set_xlabel("số xã, phường")
        axes.tick_params(length=0)
        bare(axes, "left")
        axes.set_xticks([])
        return as_png(figure)


def speeds_chart(rows: Sequence[Quality]) -> bytes | None:
    """Median download by operator, with the range in which eight of ten samples lie."""
    known = [row for row in rows if row["technology"] is None and row["download_mbps"]]
    known.sort(key=lambda row: (row["operator"] is None, -row["n"]))
    if len(known) < 2:  # one alone is told by its row
        return None
    known = known[:OPERATORS_MOST]
    with drawn(WIDTH_MM, BAR_MM * len(known) + 16) as figure:
        axes = figure.subplots()
        for place, row in enumerate(known):
            spread: Any = row["download_mbps"]
            axes.plot([spread["p10"], spread["p90"]], [place, place], color="#9fc5d9", lw=7,
                      solid_capstyle="butt")  # fmt: skip
            axes.plot(spread["median"], place, "o", color="#123f6d", ms=6)
            axes.annotate(
                formats.number(spread["median"], "vi", 1), (spread["median"], place), (0, 6),
                textcoords="offset points", ha="center", fontsize=7, weight="bold",
            )  # fmt: skip
        names = [f"{row['operator'] or 'Tất cả'} (n = {formats.number(row['n'], 'vi')})"
                 for row in known]  # fmt: skip
        axes.set_yticks(range(len(known)), names)
        axes.set_ylim(len(known) - 0.5, -0.7)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(lambda value, _: formats.number(value, "vi"))
        axes.set_xlabel("tải xuống, Mbit/s: chấm là trung vị, vạch là từ p10 đến p90")
        axes.grid(axis="x", color="#d9dee5", lw=0.5)
        axes.set_axisbelow(True)
        axes.tick_params(length=0)
        bare(axes, "left", "bottom")
        return as_png(figure)
