"""How far teams are from communes, and who is in reach: great circles over many pairs at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.coverage.plan.assignment import Ints, Reach
from geo.fix import EARTH_RADIUS_M

Floats = NDArray[np.float64]

# As the crow flies: about an hour and a half on the roads of a mountain province by motorbike.
REACH_M = 50_000.0

# Homes compared at a time: with all communes some 13 MB.
BLOCK = 512


def within_reach(homes: ArrayLike, centres: ArrayLike, reach_m: float = REACH_M) -> Reach:
    """Tell which homes lie within reach of which centres.

    Both are rows of (latitude, longitude) in degrees; rows with NaN are in nobody's reach.
    Distances are measured once for all teams that share a home.
    """
    places, team_place = _places(np.asarray(homes, dtype=np.float64).reshape(-1, 2))
    place, commune, distance = _pairs(_vectors(places), _vectors(centres), reach_m)
    by_place = np.argsort(team_place, kind="stable")
    size = np.bincount(team_place, minlength=len(places))
    first = np.cumsum(size) - size
    pair = np.repeat(np.arange(len(place)), size[place])
    nth = np.arange(len(pair)) - np.repeat(np.cumsum(size[place]) - size[place], size[place])
    starts: Ints = np.searchsorted(commune[pair], np.arange(len(np.asarray(centres)) + 1))
    return Reach(starts, by_place[first[place[pair]] + nth], distance[pair])


def _places(homes: Floats) -> tuple[Floats, Ints]:
    """The different homes, in the order of their first teams, and which is that of each team."""
    _, index, inverse = np.unique(homes, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(index)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return homes[index[order]], rank[inverse.reshape(-1)]


def _pairs(home: Floats, centre: Floats, reach_m: float) -> tuple[Ints, Ints, Floats]:
    """Homes and centres within reach of each other, by centre, then distance, then home."""
    least = np.cos(reach_m / EARTH_RADIUS_M)
    places, communes = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for begin in range(0, len(home), BLOCK):
        row, column = np.nonzero(home[begin : begin + BLOCK] @ centre.T >= least)
        places.append(row + begin)
        communes.append(column)
    place, commune = np.concatenate(places), np.concatenate(communes)
    distance = _along(home[place], centre[commune])
    order = np.lexsort((place, distance, commune))
    return place[order], commune[order], distance[order]


def distances_m(from_: ArrayLike, to: ArrayLike) -> Floats:
    """Measure from each position of one list to the one beside it in the other."""
    return _along(_vectors(from_), _vectors(to))


def _vectors(positions: ArrayLike) -> Floats:
    """Points on the unit sphere: their products tell angles without a sine for each pair."""
    degrees = np.asarray(positions, dtype=np.float64).reshape(-1, 2)
    latitude, longitude = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    flat = np.cos(latitude)
    return np.stack((flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)), axis=1)


def _along(a: Floats, b: Floats) -> Floats:
    chord = np.sqrt(((a - b) ** 2).sum(axis=1))
    metres: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, chord / 2))
    return metres
