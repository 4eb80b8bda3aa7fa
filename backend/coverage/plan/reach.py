"""Which teams are in reach of which commune, in a straight line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.fix import EARTH_RADIUS_M

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reach:
    """The teams in reach of each commune, nearest first, as a sparse table.

    The teams of commune `c` are `teams[starts[c]:starts[c + 1]]`.
    """

    starts: Ints
    teams: Ints

    def to(self, commune: int) -> Ints:
        return self.teams[self.starts[commune] : self.starts[commune + 1]]

    def only(self, chosen: NDArray[np.bool_]) -> "Reach":
        """Return the table without the other teams."""
        kept = chosen[self.teams]
        before = np.concatenate(([0], np.cumsum(kept)))
        return Reach(before[self.starts], self.teams[kept])


# Homes compared at a time; with all communes, a block takes some 13 MB.
BLOCK = 512


def within_reach(homes: ArrayLike, centres: ArrayLike, reach_m: float) -> Reach:
    """Find the homes within reach of each centre.

    Parameters
    ----------
    homes : (n, 2) latitude and longitude in degrees (WGS 84); rows with NaN are never in reach
    centres : (m, 2), likewise
    reach_m : great-circle distance in metres

    Distances are computed once for all teams with the same home.
    """
    places, team_place = _places(np.asarray(homes, dtype=np.float64).reshape(-1, 2))
    place, commune = _pairs(_vectors(places), _vectors(centres), reach_m)
    by_place = np.argsort(team_place, kind="stable")
    size = np.bincount(team_place, minlength=len(places))
    first = np.cumsum(size) - size
    pair = np.repeat(np.arange(len(place)), size[place])
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(size[place]) - size[place], size[place])
    starts: Ints = np.searchsorted(commune[pair], np.arange(len(np.asarray(centres)) + 1))
    return Reach(starts, by_place[first[place[pair]] + nth])


def _places(homes: Floats) -> tuple[Floats, Ints]:
    """Return the distinct homes in the order of their first teams, and each team's home index."""
    _, index, inverse = np.unique(homes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(index)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return homes[index[order]], rank[inverse.reshape(-1)]


def _pairs(home: Floats, centre: Floats, reach_m: float) -> tuple[Ints, Ints]:
    """Return homes and centres within reach, ordered by centre, then distance, then home."""
    least = np.cos(reach_m / EARTH_RADIUS_M)
    places, communes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for begin in range(0, len(home), BLOCK):
        row, column = np.nonzero(home[begin : begin + BLOCK] @ centre.T >= least)
        places.append(row + begin)
        communes.append(column)
    place, commune = np.concatenate(places), np.concatenate(communes)
    distance = _along(home[place], centre[commune])
    order = np.lexsort((place, distance, commune))
    return place[order], commune[order]


def distances_m(from_: ArrayLike, to: ArrayLike) -> Floats:
    """Return the distances in metres between the rows of two arrays of (latitude, longitude)."""
    return _along(_vectors(from_), _vectors(to))


def _vectors(positions: ArrayLike) -> Floats:
    """Return points on the unit sphere: their dot products give angles without trigonometry."""
    degrees = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    latitude, longitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    flat = np.cos(latitude)
    return np.stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)), axis=1)


def _along(a: Floats, b: Floats) -> Floats:
    chord = np.sqrt(((a - b) ** 2).sum(axis=1))
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, chord / 2))
    return metres
