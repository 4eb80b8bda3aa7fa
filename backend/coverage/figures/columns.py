"""Figures of a list of units as columns: the fields of a coverage item."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from backend.coverage.figures import forecast
from backend.coverage.figures.counts_cache import CATEGORIES, DAYS, SUMS
from backend.coverage.figures.forecast import Numbers
from backend.coverage.figures.month import Flags, LevelCounts, Month, Positions
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
    select 'teams' as what, array_agg(unit_id) as units, array_agg(n) as n from (
        select unit_id, count(*)::int as n from (
            select unit_id, team_id from (
                select unit_id, team_id, n from team_places
                where month = %(month)s and network = %(network)s
                    and unit_id = any(%(units)s::integer[])
                union all
                select above.id, d.team_id, d.n
                from team_deltas d join units c on c.id = d.unit_id
                cross join lateral (
                    select distinct unnest(array[c.id, c.parent_id, c.province_id]) as id) above
                where d.network = %(network)s and d.day between %(first)s and %(last)s
                    and above.id = any(%(units)s::integer[])
            ) both_parts group by unit_id, team_id having sum(n) > 0
        ) earning group by unit_id
    ) teams
    union all
    select 'devices', array_agg(unit_id), array_agg(devices) from released_figures
    where month = %(month)s and network = %(network)s and unit_id = any(%(units)s::integer[])
"""
# The main reasons that a sample can be lost to, by name, with their columns.
LOST = sorted(category for category in CATEGORIES if category not in COUNTED_CATEGORIES)
LOST_COLUMNS = [CATEGORIES.index(category) for category in LOST]
# By unit: the teams and the devices of its counted samples.
Active = dict[str, dict[int, int | None]]


@dataclass
class Figures:
    """The units of a list as columns, each group of columns computed on first use."""

    month: Month
    previous: Month
    counts: LevelCounts
    _columns: Columns = field(default_factory=dict)
    _active: Active | None = None

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
        return replace(self, counts=self.counts.only(rows), _columns={}, _active=None)

    def slices(self, most: int) -> Iterator["Figures"]:
        """Yield the units in slices of at most so many, whose columns are not kept together."""
        if 0 < len(self) <= most:
            yield self
            return
        for start in range(0, len(self), most):
            rows = list(range(start, min(start + most, len(self))))
            part = self.counts.only(rows)
            yield replace(self, counts=part, _columns={}, _active=self.active)

    @property
    def active(self) -> Active:
        """The teams and devices of the units, read once."""
        if self._active is None:
            # As text: an array of thousands of parameters costs 2 ms.
            ids = f"{{{','.join(str(unit.id) for unit in self.counts.units)}}}"
            month = self.month
            parameters = {"month": month.month, "network": month.network, "units": ids,
                          "first": month.progress.first, "last": month.last_day}  # fmt: skip
            self._active = {
                row["what"]: dict(sorted(zip(row["units"] or (), row["n"] or (), strict=True)))
                for row in fetch(ACTIVE, parameters)
            }
        return self._active

    def digest(self) -> bytes:
        """Return a digest of everything that the columns are computed from.

        It costs a fraction of them: a client that has the figures is answered without them.
        """
        month, counts, thresholds = self.month, self.counts, self.counts.thresholds
        arrays = [
            counts.positions, counts.by_category, thresholds.target, thresholds.basis,
            thresholds.assessment, thresholds.assessment_basis,
        ]  # fmt: skip
        if counts.level != "commune":
            communes = month.level_counts("commune")
            arrays += [communes.measured, communes.need]
        if month.progress.today is None:
            arrays.append(_numbers_before(self))
        else:
            arrays.append(_positions_before(self))
            arrays += [daily(month, counts, own=True), daily_before(self)]
            arrays += sampling_pattern(month, self.previous, counts.level)
        found = sha256(repr((month.progress, counts.strict)).encode())
        found.update(month.listing.digest(counts.level))
        for array in arrays:
            found.update(np.asarray(array).tobytes())
        found.update(orjson.dumps(self.active, option=orjson.OPT_NON_STR_KEYS))
        return found.digest()


def reasons(by_category: Any) -> dict[str, int]:
    """Return the number of samples lost to each main reason, the largest first."""
    return reasons_by_unit(by_category[np.newaxis])[0]


def reasons_by_unit(by_category: NDArray[np.int32]) -> list[dict[str, int]]:
    """Return the samples lost to each main reason, the largest first, of each unit."""
    lost = by_category[:, LOST_COLUMNS]
    units, columns = np.nonzero(lost)
    numbers = lost[units, columns]
    order = np.lexsort((columns, -numbers, units))
    found: list[dict[str, int]] = [{} for _ in range(len(by_category))]
    triples = zip(*(part[order].tolist() for part in (units, columns, numbers)), strict=True)
    for unit, column, n in triples:
        found[unit][LOST[column]] = n
    return found


def by_assurance(by_category: NDArray[np.integer]) -> list[dict[str, int]]:
    """Return the parts of the counted samples of each unit; their sum is the counted number."""
    witnessed, ticketed, claimed, imported, withdrawn = by_category[:, PART_COLUMNS].T.tolist()
    return [
        {"witnessed": w, "ticketed": t, "claimed": c, "imported": i, "withdrawn": gone}
        for w, t, c, i, gone in zip(witnessed, ticketed, claimed, imported, withdrawn, strict=True)
    ]


def daily(month: Month, counts: LevelCounts, *, own: bool) -> NDArray[np.int32]:
    """Return the number compared with the target, by unit and day; 0 where the unit is missing.

    `own`: `counts` is of this month's unit list.
    """
    positions = counts.positions
    if not own:
        positions = month.listing.positions(counts.level, counts.units)
    rows = np.zeros((len(positions), DAYS), np.int32)
    known = positions >= 0
    if known.any():
        basis = counts.thresholds.basis[known]
        rows[known] = month.daily(counts.level, positions[known], basis)
    return rows


def daily_before(table: Figures) -> NDArray[np.int32]:
    """Return `daily` of the previous month."""
    same = table.previous.listing is table.month.listing
    return daily(table.previous, table.counts, own=same)


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

    They are computed over all units of a level that the reader may see, and not over others, whose
    figures they would reveal.
    """

    def compute() -> tuple[Numbers, float]:
        rows, days = completed_days(month, previous, month.level_counts(level))
        factors = forecast.weekday_factors(rows.sum(axis=0), days)
        return factors, forecast.common_scatter(rows, days, factors)

    shown = month.published, previous.published
    basis = month.listing, previous.commune_counts.version, shown
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
    counts = table.counts
    listed = table.month.listing.columns(counts.level)
    if len(counts.units) < len(table.month.listing.levels.get(counts.level, [])):
        rows = counts.positions.tolist()
        listed = {name: [column[row] for row in rows] for name, column in listed.items()}
    return {"month": [table.month.month] * len(counts.units), **listed}


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
    progress, counts = table.month.progress, table.counts
    if progress.today is None:
        earlier = _numbers_before(table)
    else:
        days = daily_before(table)[:, : progress.done + 1].sum(axis=1)
        earlier = np.where(_positions_before(table) >= 0, days, np.nan)
    return {"last_month": whole(earlier), "change": whole(counts.measured - earlier)}


def _positions_before(table: Figures) -> Positions:
    return table.previous.positions(table.counts, table.month.listing)


def _numbers_before(table: Figures) -> Numbers:
    """Return the number of the whole previous month; NaN for units that it did not have."""
    counts, positions = table.counts, _positions_before(table)
    known = positions >= 0
    found = np.full(len(positions), np.nan)
    if known.any():
        numbers = table.previous.by_category(counts.level)[positions[known]] @ SUMS
        found[known] = numbers[np.arange(len(numbers)), counts.thresholds.basis[known]]
    return found


def _reason_columns(table: Figures) -> Columns:
    return {"reasons": reasons_by_unit(table.counts.by_category)}


def _active_columns(table: Figures) -> Columns:
    """Count the teams and devices with counted samples; devices are None before the release."""
    counts, teams, devices = table.counts, table.active["teams"], table.active["devices"]
    ids = [unit.id for unit in counts.units]
    counted = counts.numbers[:, BASES.index("counted")].tolist()
    return {
        "devices": [devices.get(unit) if n else 0 for unit, n in zip(ids, counted, strict=True)],
        "teams": [teams.get(unit, 0) for unit in ids],
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


# The fields of an item in the order of the API, with the function that computes each. What they are
# computed from belongs in `Figures.digest`.
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
