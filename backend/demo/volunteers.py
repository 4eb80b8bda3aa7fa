"""Volunteers: each with a home commune, a work commune and a pace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from backend.demo.places import Commune

# What one eager volunteer manages in a month, and in a month at one spot.
A_MONTH, A_MONTH_PER_SPOT = 130, 25
# The share of a commune's samples that people make who only work there, and how many each.
WORK_SHARE, WORK_MOST = 0.2, 20
# People work in one of so many nearest communes, their own among them.
WORK_AMONG = 5


@dataclass(slots=True)
class Volunteer:
    """One phone: where it measures and how many samples are to count."""

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
    """Find volunteers for each commune's quota and divide it among them."""
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
    for one, n in zip(working, _dealt(by_work, len(working), rng), strict=True):
        one.at_work = n
    for one, n in zip(living, _dealt(quota - by_work, len(living), rng), strict=True):
        one.at_home = n


def _dealt(total: int, heads: int, rng: np.random.Generator) -> list[int]:
    """Divide a number unevenly: some are keener than others."""
    if not heads:
        return []
    keen = rng.gamma(4.0, 1.0, heads)
    dealt: list[int] = rng.multinomial(total, keen / keen.sum()).tolist()
    return dealt


def _nearest(communes: Sequence[Commune]) -> list[list[int]]:
    centres = np.array([one.centre for one in communes])
    away = ((centres[:, None] - centres[None, :]) ** 2).sum(axis=2)
    nearest: list[list[int]] = np.argsort(away, axis=1, kind="stable")[:, :WORK_AMONG].tolist()
    return nearest
