"""Median download in each hour of the week, of enough people and samples; pure functions."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from backend.coverage.statistics import release_rules as rules
from backend.coverage.statistics.group_figures import figures_of, leading
from backend.coverage.statistics.quantiles import ALL, METRICS, Samples
from backend.coverage.statistics.stored import Spread

WEEKDAYS, DAY_HOURS = 7, 24
METRIC: Final = "download_mbps"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Median with the limits of its interval.
Median = tuple[float, float, float]


class Moments(NamedTuple):
    """Samples with their hour of the week.

    Attributes
    ----------
    hours : (n,) array
        0 is Monday from 0 to 1 in Vietnam, 167 Sunday from 23 on.
    values : (n,) array
        Downloads in Mbit/s, without NaN.
    devices, outings, persons : (n,) arrays
        Numbers of the device and of the outing, and the person as in `release_rules`.
    """

    hours: Ints
    values: Floats
    devices: Ints
    outings: Ints
    persons: Ints


def joined(parts: Sequence[Moments]) -> Moments:
    """Return the samples of all parts as one."""
    return Moments(
        hours=np.concatenate([part.hours for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        devices=np.concatenate([part.devices for part in parts]),
        outings=np.concatenate([part.outings for part in parts]),
        persons=np.concatenate([part.persons for part in parts]),
    )


def week_medians(moments: Moments, minimum: int) -> list[list[Median | None]] | None:
    """Return the median of each weekday from Monday and hour; None without any.

    An hour has one from `minimum` effective samples and ROW_VOLUNTEERS volunteers on, none of
    whom made over half of its samples. The hours share the estimate of the correlation.
    """
    nodes = {}
    order = np.argsort(moments.hours, kind="stable")
    bounds = np.searchsorted(moments.hours[order], np.arange(WEEKDAYS * DAY_HOURS + 1))
    for hour in range(WEEKDAYS * DAY_HOURS):
        chosen = order[bounds[hour] : bounds[hour + 1]]
        n = len(chosen)
        if n >= minimum and _is_shown(moments.persons[chosen]):
            none = np.full(n, np.nan)
            values = {m: moments.values[chosen] if m == METRIC else none for m in METRICS}
            outings = moments.outings[chosen]
            devices, teams = moments.devices[chosen], np.zeros(n, np.bool_)
            samples = Samples(ALL, ALL, n, values, devices, outings, teams)
            nodes[hour, ALL, ALL] = [samples]
    if not nodes:
        return None
    figures = figures_of(nodes, dict.fromkeys((key[0] for key in nodes), "hour"), minimum)
    medians = {hour: _median(group.figures[METRIC]) for (hour, _, _), group in figures.items()}
    if not any(medians.values()):
        return None
    return [
        [medians.get(DAY_HOURS * day + hour) for hour in range(DAY_HOURS)]
        for day in range(WEEKDAYS)
    ]


def _is_shown(persons: Ints) -> bool:
    people, n = np.unique(persons, return_counts=True)
    by_person = dict(zip(people.tolist(), n.tolist(), strict=True))
    return rules.is_shown(len(persons), by_person, rules.ROW_VOLUNTEERS)


def _median(spread: Spread | None) -> Median | None:
    if spread is None:
        return None
    one = leading(spread)
    return one.value, one.low, one.high
