"""How evenly samples are spread over the cells of a unit; pure."""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Evenness:
    """The spread of samples over cells.

    `effective_cells` is the number of cells that as many samples, spread evenly, would be as
    concentrated in (Simpson's inverse): 1 where all come from one office. `value` is its part of
    the most that could be reached, the cells of the unit or the samples, whichever are fewer.
    """

    value: float
    effective_cells: float
    largest_share: float


def evenness(samples: Collection[int], cells: int) -> Evenness | None:
    """The spread over a unit of so many cells; None without a sample."""
    n = sum(samples)
    if not n:
        return None
    effective = n * n / sum(one * one for one in samples)
    # A sample just outside was given to the unit: its cell may touch none of the unit's ground.
    reachable = min(n, max(cells, len(samples)))
    return Evenness(effective / reachable, effective, max(samples) / n)
