"""The figures of a list of units, column by column: all that an item of coverage holds."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backend.coverage.figures.active import active_in
from backend.coverage.figures.counts_cache import FATES, SUMS
from backend.coverage.figures.forecast import expected, needed_per_day, pace
from backend.coverage.figures.level_counts import Flags, Numbers, Standing
from backend.coverage.figures.month import Month
from backend.coverage.figures.recent import daily, projected
from backend.measurements.recording.reasons import BASES, COUNTED, COUNTED_BY_ADMIN

Columns = dict[str, list[Any]]
ADDED = (COUNTED, COUNTED_BY_ADMIN)


@dataclass
class Figures:
    """The units of a list as columns, reckoned where somebody asks for them."""

    month: Month
    before: Month
    stand: Standing
    _known: Columns = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.stand.units)

    def column(self, name: str) -> list[Any]:
        """A figure of each unit."""
        if name not in self._known:
            self._known |= GROUPS[name](self)
        return self._known[name]

    def only(self, rows: list[int]) -> "Figures":
        """Some of the units, in the list's order."""
        return (
            self
            if len(rows) == len(self)
            else replace(self, stand=self.stand.only(rows), _known={})
        )


def reasons(fates: Any) -> dict[str, int]:
    """How many were lost to each main reason, the largest first."""
    pairs = zip(FATES, fates.tolist(), strict=True)
    lost = [(fate, n) for fate, n in pairs if n and fate not in ADDED]
    return dict(sorted(lost, key=lambda pair: (-pair[1], pair[0])))


def _named(table: Figures) -> Columns:
    units = table.stand.units
    return {
        "month": [table.month.month] * len(units),
        "code": [unit.code for unit in units],
        "name": [unit.name for unit in units],
        "level": [unit.level for unit in units],
        "parent": [unit.parent_name for unit in units],
        "latitude": [unit.latitude for unit in units],
        "longitude": [unit.longitude for unit in units],
        "no_boundary": [unit.no_boundary for unit in units],
    }


def _counted(table: Figures) -> Columns:
    stand, goals, numbers = table.stand, table.stand.goals, table.stand.numbers
    assessed = numbers[np.arange(len(numbers)), goals.assessed_by] >= goals.assessment
    return {
        **{basis: numbers[:, column].tolist() for column, basis in enumerate(BASES)},
        "counted_by_admin": stand.fates[:, FATES.index(COUNTED_BY_ADMIN)].tolist(),
        "target": whole(goals.target),
        "reached": _where(~np.isnan(goals.target), stand.reached),
        "shortfall": whole(stand.shortfall),
        "share": rounded(stand.measured / goals.target, 4),
        "assessed": _where(~np.isnan(goals.assessment), assessed),
    }


def _communes(table: Figures) -> Columns:
    """Of each province or district how many communes it has, and how many of them reached."""
    month, stand = table.month, table.stand
    if stand.level == "commune":
        return {"communes": [None] * len(stand.units)}
    communes = month.standing("commune")
    ids = np.array([unit.id for unit in communes.units], np.intp)
    above = month.listing.places(stand.level, ids)
    size = len(month.listing.levels[stand.level])
    listed = np.bincount(above[above >= 0], minlength=size)
    reached = np.bincount(above[(above >= 0) & communes.reached], minlength=size)
    pairs = zip(listed[stand.at].tolist(), reached[stand.at].tolist(), strict=True)
    return {"communes": [{"units": n, "reached": r} for n, r in pairs]}


def _expected(table: Figures) -> Columns:
    """What each should have by now, and what each day that is left must bring."""
    month, stand = table.month, table.stand
    by_now = expected(stand.goals.target, month.gone)
    state = np.where(stand.measured >= by_now, "on_pace", "behind")
    state = np.where(stand.reached, "reached", state)
    daily_need = needed_per_day(stand.shortfall, month.gone)
    return {
        "expected": rounded(by_now, 1),
        "state": _where(~np.isnan(by_now), state),
        "days_left": [month.gone.left] * len(stand.units),
        "needed_per_day": whole(np.where(stand.shortfall == 0, 0, daily_need)),
    }


def _running(table: Figures) -> Columns:
    """The day that runs, what the days before it brought, and where they lead."""
    month, before, stand = table.month, table.before, table.stand
    nothing: list[Any] = [None] * len(stand.units)
    if month.gone.today is None:
        average = pace(stand.measured.astype(float), month.gone)
        return {"today": nothing, "pace": rounded(average, 1), "projection": nothing}
    days = daily(month, stand, own=True)
    so_far = days[:, : month.gone.done].sum(axis=1).astype(float)
    return {
        "today": days[:, month.gone.today].tolist(),
        "pace": rounded(pace(so_far, month.gone), 1),
        "projection": projected(month, before, stand, stand.measured.astype(float)),
    }


def _change(table: Figures) -> Columns:
    """Against the month before, of a running month by the same day; null where no such unit was."""
    month, before, stand = table.month, table.before, table.stand
    at = before.positions(stand.level, stand.units)
    earlier = np.full(len(at), np.nan)
    there = at >= 0
    if month.gone.today is not None:
        earlier[there] = daily(before, stand, own=False)[there, : month.gone.done + 1].sum(axis=1)
    elif there.any():
        numbers = before.fates(stand.level)[at[there]] @ SUMS
        earlier[there] = numbers[np.arange(len(numbers)), stand.goals.basis[there]]
    return {"last_month": whole(earlier), "change": whole(stand.measured - earlier)}


def _reasons(table: Figures) -> Columns:
    return {"reasons": [reasons(fates) for fates in table.stand.fates]}


def _active(table: Figures) -> Columns:
    """Teams that earned there, and devices; null where these wait to be found."""
    month, stand = table.month, table.stand
    ids = [unit.id for unit in stand.units]
    asked = {"month": month.month, "network": month.network, "first": month.gone.first,
             "last": month.listing.day}  # fmt: skip
    found = active_in(ids, asked)
    counted = stand.numbers[:, BASES.index("counted")].tolist()
    pairs = zip(ids, counted, strict=True)
    return {
        "devices": [found.get((unit, "devices")) if n else 0 for unit, n in pairs],
        "teams": [found.get((unit, "teams"), 0) for unit in ids],
    }


def whole(values: Numbers) -> list[int | None]:
    """Whole numbers; null for NaN."""
    return [None if value != value else int(value) for value in values.tolist()]


def rounded(values: Numbers, decimals: int) -> list[float | None]:
    """Numbers to some decimals; null for NaN."""
    return [None if value != value else value for value in np.round(values, decimals).tolist()]


def _where(known: Flags, values: Any) -> list[Any]:
    """Values; null where nothing is known."""
    pairs = zip(known.tolist(), values.tolist(), strict=True)
    return [value if there else None for there, value in pairs]


# What is told of a unit, in this order, and what reckons it.
GROUPS: dict[str, Callable[[Figures], Columns]] = {
    **dict.fromkeys(("month", "code", "name", "level", "parent"), _named),
    **dict.fromkeys(("latitude", "longitude", "no_boundary"), _named),
    **dict.fromkeys((*BASES, "counted_by_admin", "target", "reached", "shortfall"), _counted),
    **dict.fromkeys(("share", "assessed"), _counted),
    "communes": _communes,
    **dict.fromkeys(("expected", "state", "days_left", "needed_per_day"), _expected),
    **dict.fromkeys(("today", "pace", "projection"), _running),
    **dict.fromkeys(("last_month", "change"), _change),
    **dict.fromkeys(("devices", "teams"), _active),
    "reasons": _reasons,
}
