"""Volunteers with a home commune, a work commune and a number of samples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backend.demo.places import Commune

# Samples of one keen volunteer in a month, and in a month per spot.
A_MONTH, A_MONTH_PER_SPOT = 130, 25
# Share of a commune's samples by people who only work there, and the most samples of each.
WORK_SHARE, WORK_MOST = 0.2, 20
# Number of nearest communes, including the own one, in which people work.
WORK_AMONG = 5


@dataclass(slots=True)
class Volunteer:
    """One phone with its communes and its numbers of counted samples."""

    number: int
    home: Commune
    work: Commune
    at_home: int = 0
    at_work: int = 0


def recruit(
    communes: Sequence[Commune],
    quotas: Mapping[str, int],
    month_share: float,
    rng: np.random.Generator,
) -> list[Volunteer]:
    """Draw volunteers for each commune and divide its quota among them."""
    near = _nearest(communes)
    people: list[Volunteer] = []
    for place, commune in enumerate(communes):
        each = min(A_MONTH, A_MONTH_PER_SPOT * len(commune.longitudes)) * month_share
        for _ in range(int(np.ceil(quotas.get(commune.code, 0) / max(4.0, each)))):
            work = communes[int(rng.choice(near[place]))]
            people.append(Volunteer(len(people), commune, work))
    for commune in communes:
        _divide(commune, quotas.get(commune.code, 0), people, rng)
    return [one for one in people if one.at_home + one.at_work]


def _divide(
    commune: Commune, quota: int, people: Sequence[Volunteer], rng: np.random.Generator
) -> None:
    living = [one for one in people if one.home is commune]
    working = [one for one in people if one.work is commune and one.home is not commune]
    by_work = min(int(quota * WORK_SHARE), WORK_MOST * len(working)) if working else 0
    for one, n in zip(working, _share_out(by_work, len(working), rng), strict=True):
        one.at_work = n
    for one, n in zip(living, _share_out(quota - by_work, len(living), rng), strict=True):
        one.at_home = n


def _share_out(total: int, heads: int, rng: np.random.Generator) -> list[int]:
    """Divide a number unevenly."""
    if not heads:
        return []
    keen = rng.gamma(4.0, 1.0, heads)
    shares: list[int] = rng.multinomial(total, keen / keen.sum()).tolist()
    return shares


def _nearest(communes: Sequence[Commune]) -> list[list[int]]:
    centres = np.array([one.centre for one in communes])
    away = ((centres[:, None] - centres[None, :]) ** 2).sum(axis=2)
    nearest: list[list[int]] = np.argsort(away, axis=1, kind="stable")[:, :WORK_AMONG].tolist()
    return nearest
