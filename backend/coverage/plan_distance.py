"""How far teams are from communes, and who is in reach: great circles over many pairs at once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from backend.coverage.plan_rule import Ints, Reach
from geo.fix import EARTH_RADIUS_M

Floats = NDArray[np.float64]

# As the crow flies: about an hour and a half on the roads of a mountain province by motorbike.
REACH_M = 50_000.0

# Homes compared at a time: with all communes some 13 MB.
BLOCK = 512


def within_reach(homes: ArrayLike, centres: ArrayLike, reach_m: float = REACH_M) -> Reach:
    """Tell which homes lie within reach of which centres.

    Both are rows of (latitude, longitude) in degrees; rows with NaN are in nobody's reach.
    """
    home, centre = _vectors(homes), _vectors(centres)
    least = np.cos(reach_m / EARTH_RADIUS_M)
    teams, communes = [], []
    for begin in range(0, len(home), BLOCK):
        row, column = np.nonzero(home[begin : begin + BLOCK] @ centre.T >= least)
        teams.append(row + begin)
        communes.append(column)
    team = np.concatenate([*teams, np.empty(0, dtype=np.int64)]).astype(np.int64)
    commune = np.concatenate([*communes, np.empty(0, dtype=np.int64)]).astype(np.int64)
    distance = _along(home[team], centre[commune])
    order = np.lexsort((team, distance, commune))
    starts: Ints = np.searchsorted(commune[order], np.arange(len(centre) + 1))
    return Reach(starts, team[order], distance[order])


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
