"""Figures of a list of units as columns: the fields of a coverage item."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.coverage.figures import forecast
from backend.coverage.figures.counts_cache import CATEGORIES, DAYS, SUMS
from backend.coverage.figures.forecast import Numbers
from backend.coverage.figures.month import Flags, LevelCounts, Month
from backend.database.extensions import fetch
from backend.measurements.recording.reasons import (
    BASES,
    COUNTED_BY_ADMIN,
    COUNTED_CATEGORIES,
    PARTS,
    WITHDRAWN,
)

Columns = dict[str, list[Any]]
# Parts of the counted samples that have a figure of their own: those without a phone.
SHOWN_PARTS = (COUNTED_BY_ADMIN, WITHDRAWN)
PART_COLUMNS = [CATEGORIES.index(category) for category in PARTS.values()]

# Teams: folded sums and deltas that are not folded yet. Devices of counted samples: those of the
# monthly release.
ACTIVE = """
    select unit_id, 'teams' as what, count(*)::int as n from (
        select unit_id, team_id from (
            select unit_id, team_id, n from team_places
            where month = %(month)s and network = %(network)s and unit_id = any(%(units)s)
            union all
            select above.id, d.team_id, d.n
            from team_deltas d join units c on c.id = d.unit_id
            cross join lateral (
                select distinct unnest(array[c.id, c.parent_id, c.province_id]) as id) above
            where d.network = %(network)s and d.day between %(first)s and %(last)s
                and above.id = any(%(units)s)
        ) both_parts group by unit_id, team_id having sum(n) > 0
    ) earning group by unit_id
    union all
    select unit_id, 'devices', devices from released_figures
    where month = %(month)s and network = %(network)s and unit_id = any(%(units)s)
"""


@dataclass
class Figures:
    """The units of a list as columns, each group of columns computed on first use."""

    month: Month
    previous: Month
    counts: LevelCounts
    _columns: Columns = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.counts.units)

    def column(self, name: str) -> list[Any]:
        """Return one figure of each unit."""
        if name not in self._columns:
            self._columns |= GROUPS[name](self)
        return self._columns[name]

    def only(self, rows: list[int]) -> "Figures":
        """Return some of the units, in the list's order."""
        if len(rows) == len(self):
            return self
        return replace(self, counts=self.counts.only(rows), _columns={})


def reasons(by_category: Any) -> dict[str, int]:
    """Return the number of samples lost to each main reason, the largest first."""
    pairs = zip(CATEGORIES, by_category.tolist(), strict=True)
    lost = [(category, n) for category, n in pairs if n and category not in COUNTED_CATEGORIES]
    return dict(sorted(lost, key=lambda pair: (-pair[1], pair[0])))


def by_assurance(by_category: NDArray[np.int32]) -> list[dict[str, int]]:
    """Return the parts of the counted samples of each unit; their sum is the counted number."""
    witnessed, ticketed, claimed, imported, withdrawn = by_category[:, PART_COLUMNS].T.tolist()
    return [
        {"witnessed": w, "ticketed": t, "claimed": c, "imported": i, "withdrawn": gone}
        for w, t, c, i, gone in zip(witnessed, ticketed, claimed, imported, withdrawn, strict=True)
    ]


def daily(month: Month, counts: LevelCounts, *, own: bool) -> NDArray[np.int32]:
    """Return the number compared with the target, by unit and day; 0 where the unit is missing.

    `own`: `counts` is a list of this month.
    """
    positions = counts.positions
    if not own:
        positions = month.listing.positions(counts.level, counts.units)
    rows = np.zeros((len(positions), DAYS), np.int32)
    known = positions >= 0
    if known.any():
        days = month.days(counts.level)[positions[known]]
        rows[known] = days[np.arange(len(days)), :, counts.thresholds.basis[known]]
    return rows


def completed_days(
    month: Month, previous: Month, counts: LevelCounts
) -> tuple[Numbers, list[date]]:
    """Return the samples of each unit on the last completed days, and these days.

    Early in a month the days of the previous month fill up; after a reform its units are others,
    and nothing is added.
    """
    done, length = month.progress.done, previous.progress.days
    rows = daily(month, counts, own=True)[:, :done]
    missing = max(forecast.LOOK_BACK - done, 0)
    if missing and (previous.listing.positions(counts.level, counts.units) >= 0).any():
        rows = np.hstack([daily(previous, counts, own=False)[:, length - missing : length], rows])
    rows = rows[:, -forecast.LOOK_BACK :]
    first = month.progress.first + timedelta(days=done - rows.shape[1])
    return rows.astype(float), [first + timedelta(days=n) for n in range(rows.shape[1])]


def sampling_pattern(month: Month, previous: Month, level: str) -> tuple[Numbers, float]:
    """Return the factors of weekdays and the scatter of daily samples; cached.

    They are computed over all units of a level, so that a unit has one projection.
    """

    def compute() -> tuple[Numbers, float]:
        rows, days = completed_days(month, previous, month.level_counts(level))
        factors = forecast.weekday_factors(rows.sum(axis=0), days)
        return factors, forecast.common_scatter(rows, days, factors)

    basis = month.listing, previous.commune_counts.version
    return month.commune_counts.memoized((level, "sampling_pattern"), basis, compute)


def projected(month: Month, previous: Month, counts: LevelCounts, now: Numbers) -> list[Any]:
    """Return the projected end of month by unit: mean and 80 % interval, not below `now`."""
    rows, days = completed_days(month, previous, counts)
    if not days:
        return [None] * len(counts.units)
    factors, scatter = sampling_pattern(month, previous, counts.level)
    coming = forecast.still_to_come(rows, days, month.progress.remaining(), factors, scatter)
    so_far = daily(month, counts, own=True)[:, : month.progress.done].sum(axis=1)
    ends = [
        np.maximum(np.rint(so_far + part), now).astype(int).tolist()
        for part in (coming.low, coming.middle, coming.high)
    ]
    return [
        {"low": low, "middle": middle, "high": high}
        for low, middle, high in zip(*ends, strict=True)
    ]


def _unit_columns(table: Figures) -> Columns:
    units = table.counts.units
    names = ("code", "name", "level", "latitude", "longitude", "no_boundary")
    return {
        "month": [table.month.month] * len(units),
        "parent": [unit.parent_name for unit in units],
        **{name: [getattr(unit, name) for unit in units] for name in names},
    }


def _count_columns(table: Figures) -> Columns:
    counts, thresholds, numbers = table.counts, table.counts.thresholds, table.counts.numbers
    assessed = (
        numbers[np.arange(len(numbers)), thresholds.assessment_basis] >= thresholds.assessment
    )
    return {
        **{basis: numbers[:, column].tolist() for column, basis in enumerate(BASES)},
        **{part: counts.by_category[:, CATEGORIES.index(part)].tolist() for part in SHOWN_PARTS},
        "by_assurance": by_assurance(counts.by_category),
        "target": whole(thresholds.target),
        "reached": _where(~np.isnan(thresholds.target), counts.reached),
        "shortfall": whole(counts.shortfall),
        "share": rounded(counts.measured / thresholds.target, 4),
        "assessed": _where(~np.isnan(thresholds.assessment), assessed),
    }


def _commune_columns(table: Figures) -> Columns:
    """Count the communes of each province or district with a target, and those that reached it."""
    month, counts = table.month, table.counts
    if counts.level == "commune":
        return {"communes": [None] * len(counts.units)}
    communes = month.level_counts("commune")
    ids = np.array([unit.id for unit in communes.units], np.intp)
    above = month.listing.containing(counts.level, ids)
    size = len(month.listing.levels[counts.level])
    expected = communes.with_target | (not communes.has_targets)
    listed = np.bincount(above[(above >= 0) & expected], minlength=size)[counts.positions].tolist()
    reached = np.bincount(above[(above >= 0) & communes.reached], minlength=size)
    pairs = zip(listed, reached[counts.positions].tolist(), strict=True)
    return {"communes": [{"units": n, "reached": r} for n, r in pairs]}


def _expected_columns(table: Figures) -> Columns:
    """Compute the samples expected by now, and those needed on each remaining day."""
    progress, counts = table.month.progress, table.counts
    by_now = forecast.expected(counts.thresholds.target, progress)
    state = np.where(counts.measured >= by_now, "on_pace", "behind")
    state = np.where(counts.reached, "reached", state)
    daily_need = forecast.needed_per_day(counts.shortfall, progress)
    return {
        "expected": rounded(by_now, 1),
        "state": _where(~np.isnan(by_now), state),
        "days_left": [progress.left] * len(counts.units),
        "needed_per_day": whole(np.where(counts.shortfall == 0, 0, daily_need)),
    }


def _running_columns(table: Figures) -> Columns:
    """Compute the running day's samples, the pace of completed days, and the projection."""
    month, progress, counts = table.month, table.month.progress, table.counts
    nothing: list[Any] = [None] * len(counts.units)
    if progress.today is None:
        average = forecast.pace(counts.measured.astype(float), progress)
        return {"today": nothing, "pace": rounded(average, 1), "projection": nothing}
    days = daily(month, counts, own=True)
    so_far = days[:, : progress.done].sum(axis=1).astype(float)
    return {
        "today": days[:, progress.today].tolist(),
        "pace": rounded(forecast.pace(so_far, progress), 1),
        "projection": projected(month, table.previous, counts, counts.measured.astype(float)),
    }


def _change_columns(table: Figures) -> Columns:
    """Compare with the previous month, in a running month up to the same day.

    None where the unit did not exist in the previous month.
    """
    progress, previous, counts = table.month.progress, table.previous, table.counts
    positions = previous.positions(counts.level, counts.units)
    earlier = np.full(len(positions), np.nan)
    known = positions >= 0
    if progress.today is not None:
        days = daily(previous, counts, own=False)
        earlier[known] = days[known, : progress.done + 1].sum(axis=1)
    elif known.any():
        numbers = previous.by_category(counts.level)[positions[known]] @ SUMS
        earlier[known] = numbers[np.arange(len(numbers)), counts.thresholds.basis[known]]
    return {"last_month": whole(earlier), "change": whole(counts.measured - earlier)}


def _reason_columns(table: Figures) -> Columns:
    return {"reasons": [reasons(row) for row in table.counts.by_category]}


def _active_columns(table: Figures) -> Columns:
    """Count the teams and devices with counted samples; devices are None before the release."""
    month, counts = table.month, table.counts
    ids = [unit.id for unit in counts.units]
    parameters = {"month": month.month, "network": month.network, "units": ids,
                  "first": month.progress.first, "last": month.last_day}  # fmt: skip
    active = {(row["unit_id"], row["what"]): row["n"] for row in fetch(ACTIVE, parameters)}
    counted = counts.numbers[:, BASES.index("counted")].tolist()
    pairs = zip(ids, counted, strict=True)
    return {
        "devices": [active.get((unit, "devices")) if n else 0 for unit, n in pairs],
        "teams": [active.get((unit, "teams"), 0) for unit in ids],
    }


def whole(values: Numbers) -> list[int | None]:
    """Return whole numbers; None for NaN."""
    return [None if value != value else int(value) for value in values.tolist()]


def rounded(values: Numbers, decimals: int) -> list[float | None]:
    """Return rounded numbers; None for NaN."""
    return [None if value != value else value for value in np.round(values, decimals).tolist()]


def _where(known: Flags, values: Any) -> list[Any]:
    """Return the values; None where not known."""
    pairs = zip(known.tolist(), values.tolist(), strict=True)
    return [value if is_known else None for is_known, value in pairs]


# The fields of an item in the order of the API, with the function that computes each.
GROUPS: dict[str, Callable[[Figures], Columns]] = {
    **dict.fromkeys(("month", "code", "name", "level", "parent"), _unit_columns),
    **dict.fromkeys(("latitude", "longitude", "no_boundary"), _unit_columns),
    **dict.fromkeys((*BASES, *SHOWN_PARTS, "by_assurance", "target", "reached"), _count_columns),
    **dict.fromkeys(("shortfall", "share", "assessed"), _count_columns),
    "communes": _commune_columns,
    **dict.fromkeys(("expected", "state", "days_left", "needed_per_day"), _expected_columns),
    **dict.fromkeys(("today", "pace", "projection"), _running_columns),
    **dict.fromkeys(("last_month", "change"), _change_columns),
    **dict.fromkeys(("devices", "teams"), _active_columns),
    "reasons": _reason_columns,
}
