"""The figures of a list of units, column by column: what every item of coverage tells."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from backend.coverage.held import BASES, FATES, SUMS
from backend.coverage.monthly import Month
from backend.coverage.progress import expected, needed_per_day, pace
from backend.coverage.recent import daily, projected, recent
from backend.coverage.standing import Flags, Numbers, Standing
from backend.measurements.reasons import COUNTED, COUNTED_BY_ADMIN

Columns = dict[str, list[Any]]
ADDED = (COUNTED, COUNTED_BY_ADMIN)


@dataclass(frozen=True)
class Figures:
    """Columns of equal length, a row for each unit."""

    columns: Columns
    standing: Standing

    def item(self, row: int) -> dict[str, Any]:
        """Everything that is told of one unit."""
        told = {name: column[row] for name, column in self.columns.items()}
        return told | {"reasons": reasons(self.standing.fates[row])}


def figures(month: Month, before: Month, stand: Standing) -> Figures:
    """Tell of each unit how far it is, how fast it goes, and where it will end."""
    columns: Columns = {"month": [month.month] * len(stand.units)}
    columns |= _named(stand) | _counted(stand) | _communes(month, stand)
    columns |= _expected(month, stand) | _running(month, before, stand)
    columns |= _change(month, before, stand)
    return Figures(columns | _active(stand), stand)


def reasons(fates: Any) -> dict[str, int]:
    """How many were lost to each main reason, the largest first."""
    pairs = zip(FATES, fates.tolist(), strict=True)
    lost = [(fate, n) for fate, n in pairs if n and fate not in ADDED]
    return dict(sorted(lost, key=lambda pair: (-pair[1], pair[0])))


def _named(stand: Standing) -> Columns:
    units = stand.units
    return {
        "code": [unit.code for unit in units],
        "name": [unit.name for unit in units],
        "level": [unit.level for unit in units],
        "parent": [unit.parent_name for unit in units],
        "no_boundary": [unit.no_boundary for unit in units],
    }


def _counted(stand: Standing) -> Columns:
    goals, numbers = stand.goals, stand.numbers
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


def _communes(month: Month, stand: Standing) -> Columns:
    """Of each province or district how many communes it has, and how many of them reached."""
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


def _expected(month: Month, stand: Standing) -> Columns:
    """What each should have by now, and what each day that is left must bring."""
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


def _running(month: Month, before: Month, stand: Standing) -> Columns:
    """The day that runs, what the days before it brought, and where they lead."""
    nothing: list[Any] = [None] * len(stand.units)
    if month.gone.today is None:
        average = pace(stand.measured.astype(float), month.gone)
        return {"today": nothing, "pace": rounded(average, 1), "projection": nothing}
    days = daily(month, stand)
    so_far = days[:, : month.gone.done].sum(axis=1).astype(float)
    past = recent(month, before, stand, days)
    ends = projected(month, past, so_far, stand.measured.astype(float)) if past.days else nothing
    return {
        "today": days[:, month.gone.today].tolist(),
        "pace": rounded(pace(so_far, month.gone), 1),
        "projection": ends,
    }


def _change(month: Month, before: Month, stand: Standing) -> Columns:
    """Against the month before, of a running month by the same day; null where no such unit was."""
    at = before.listing.positions(stand.level, stand.units)
    earlier = np.full(len(at), np.nan)
    there = at >= 0
    if month.gone.today is not None:
        earlier[there] = daily(before, stand)[there, : month.gone.done + 1].sum(axis=1)
    elif there.any():
        numbers = before.fates(stand.level)[at[there]] @ SUMS
        earlier[there] = numbers[np.arange(len(numbers)), stand.goals.basis[there]]
    return {"last_month": whole(earlier), "change": whole(stand.measured - earlier)}


def _active(stand: Standing) -> Columns:
    nothing: list[Any] = [None] * len(stand.units)
    return {"devices": nothing, "teams": nothing}


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
