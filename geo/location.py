"""The results of a CommuneIndex."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geo.grid import Bools, Floats, Int32s, Ints

How = Literal["inside", "edge", "snapped"]

# Values of Locations.how, and their names.
NOWHERE, INSIDE, EDGE, SNAPPED = range(4)
HOW_NAMES: tuple[How | None, ...] = (None, "inside", "edge", "snapped")


@dataclass(frozen=True, slots=True)
class Location:
    """The commune of a position.

    Attributes
    ----------
    code : str
        The commune.
    how : {"inside", "edge", "snapped"}
        `edge`: on the border of that commune; `snapped`: outside all, this is the nearest.
    border_distance_m : float or None
        Metres to the nearest border of that commune; inf when there is none within the larger
        of accuracy and `search_m`; None when no accuracy was given.
    ambiguous : bool
        Whether the accuracy circle reaches another commune.
    candidates : tuple of str
        Those other communes, ascending.
    """

    code: str
    how: How
    border_distance_m: float | None = None
    ambiguous: bool = False
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Locations:
    """The communes of n positions, as arrays.

    Attributes
    ----------
    codes : tuple of str
        All codes of the index, ascending.
    commune : (n,) int32
        Number in `codes`, -1 outside.
    how : (n,) uint8
        NOWHERE, INSIDE, EDGE or SNAPPED.
    border_distance_m : (n,) float64 or None
        As in `Location`; inf outside. None without accuracies.
    candidate_offsets : (n + 1,) int64
        Those of position i are `candidate_values[offsets[i]:offsets[i + 1]]`.
    candidate_values : (m,) int32
        Numbers in `codes`, ascending for each position.
    """

    codes: tuple[str, ...]
    commune: Int32s
    how: NDArray[np.uint8]
    border_distance_m: Floats | None
    candidate_offsets: Ints
    candidate_values: Int32s

    @property
    def ambiguous(self) -> Bools:
        """Whether the accuracy circle of each position reaches another commune."""
        return np.diff(self.candidate_offsets) > 0

    def code_array(self) -> NDArray[np.object_]:
        """Return the code of each position, None outside."""
        return np.array([*self.codes, None], dtype=object)[self.commune]

    def location(self, i: int) -> Location | None:
        """Return one position as a `Location`."""
        how = HOW_NAMES[self.how.item(i)]
        if how is None:
            return None
        first, end = self.candidate_offsets[i : i + 2].tolist()
        others = tuple(self.codes[k] for k in self.candidate_values[first:end].tolist())
        distance = None if self.border_distance_m is None else self.border_distance_m.item(i)
        return Location(self.codes[self.commune.item(i)], how, distance, bool(others), others)
