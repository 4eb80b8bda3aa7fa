"""The items of a coverage answer: the figures of each unit of a level."""

from collections.abc import Sequence
from datetime import UTC, date
from math import ceil
from typing import NamedTuple

import numpy as np

from backend.clock import day_begin
from backend.coverage.figures.coverage_answer import (
    AssuranceParts,
    CommunesReached,
    Expected,
    Pace,
    ProgressState,
    Projection,
    UnitItem,
)
from backend.coverage.figures.daily_history import history_days, refresh_daily_history
from backend.coverage.figures.forecast import LAST_DAYS, History, MonthProgress, still_to_come
from backend.coverage.figures.month import NO_NUMBERS, Month, UnitCounts
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import ASSESSMENT, TARGET
from backend.database.extensions import array_literal, dump, fetch
from backend.measurements.recording.counting import NOWHERE
from backend.measurements.recording.reasons import (
    BASES,
    COLUMNS,
    COUNTED_CATEGORIES,
    PARTS,
)

Categories = Sequence[int]  # samples by category, in the order of COLUMNS


class FiguresRow(NamedTuple):
    """The figures of a unit, as the statement below reads them; null without samples."""

    categories: Categories | None
    today: Sequence[int | None] | None  # received, valid, counted
    from_today: Sequence[int] | None
    teams: int | None
    of_teams: int | None
    copied_at: str | None  # ISO 8601, since midnight; null also for exact counts
    devices: int | None
    outings: int | None
    last_month: int | None  # these of `daily_history`: null also outside the running month
    weekdays: Sequence[float] | None
    squares: Sequence[float] | None
    active_days: int | None
    pattern: Sequence[float] | None  # of the province


# Everything about units of one level in a month, whatever the level and the visibility. Each part
# reads the table that its readers see, of the country or, by the key, of the communes of a place:
# the conditions without a column decide once which rows are read at all. `from_today` sums the days
# after today too, which clocks of phones may be on.
ROWS = """
    with counts as (
        select unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from unit_months
        where %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from unit_months
        where %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from public_months
        where not %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from public_months
        where not %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s
    ), of_days as (
        select unit_id, day, received, valid, counted from unit_days
        where %(running)s and %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s and day >= %(today)s
        union all
        select unit_id, day, received, valid, counted from unit_days
        where %(running)s and %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s and day >= %(today)s
        union all
        select unit_id, day, received, valid, counted from public_days
        where %(running)s and not %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s and day >= %(today)s
        union all
        select unit_id, day, received, valid, counted from public_days
        where %(running)s and not %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s and day >= %(today)s
    ), earned as (
        select unit_id, team_id, counted from team_unit_months
        where %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s and received > 0
        union all
        select unit_id, team_id, counted from team_unit_months
        where %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s and received > 0
        union all
        select unit_id, unnest(teams), 0 from public_months
        where not %(live)s and %(inside)s::integer[] is null
            and month = %(month)s and network = %(network)s
        union all
        select unit_id, unnest(teams), 0 from public_months
        where not %(live)s and unit_id = any(%(inside)s::integer[])
            and month = %(month)s and network = %(network)s
    ), categories as (
        select coalesce(case %(level)s when 'commune' then c.id when 'district' then c.parent_id
            else c.province_id end, m.unit_id) as unit_id, array[
            sum(m.witnessed), sum(m.ticketed), sum(m.claimed), sum(m.imported), sum(m.withdrawn),
            sum(m.no_device), sum(m.source_not_counted), sum(m.unproven), sum(m.witness_late),
            sum(m.too_many_tests), sum(m.before_registration), sum(m.mock_position),
            sum(m.overlap), sum(m.impossible_travel), sum(m.repeat), sum(m.third_operator),
            sum(m.daily_cap), sum(m.commune_cap), sum(m.position_missing),
            sum(m.position_default), sum(m.position_coarse), sum(m.outside_communes),
            sum(m.excluded), sum(m.failed_test), sum(m.kind_unknown), sum(m.foreign_network),
            sum(m.implausible_value), sum(m.fix_stale), sum(m.in_future), sum(m.too_old)
        ] as categories
        from counts m
        left join units c on c.id = m.unit_id
            and (c.valid_from is null or c.valid_from <= %(last)s::date)
            and (c.valid_to is null or c.valid_to >= %(last)s::date)
        group by 1
    ), days as (
        select case %(level)s when 'commune' then c.id when 'district' then c.parent_id
            else c.province_id end as unit_id,
            array[sum(d.received) filter (where d.day = %(today)s),
                sum(d.valid) filter (where d.day = %(today)s),
                sum(d.counted) filter (where d.day = %(today)s)] as today,
            array[sum(d.received), sum(d.valid), sum(d.counted)] as from_today
        from of_days d
        join units c on c.id = d.unit_id
            and (c.valid_from is null or c.valid_from <= %(last)s::date)
            and (c.valid_to is null or c.valid_to >= %(last)s::date)
        group by 1
    ), active as (
        select case %(level)s when 'commune' then c.id when 'district' then c.parent_id
            else c.province_id end as unit_id,
            count(distinct e.team_id) as teams, sum(e.counted) as of_teams
        from earned e join units c on c.id = e.unit_id group by 1
    ), participation as (
        select unit_id, devices, outings from statistics
        where %(visibility)s = 'live' and month = %(month)s and network = %(network)s
            and operator = '' and technology = ''
        union all
        select unit_id, devices, outings from public_months
        where %(visibility)s = 'hourly' and month = %(month)s and network = %(network)s
        union all
        select unit_id, devices, outings from released_figures
        where %(visibility)s = 'released' and month = %(month)s and network = %(network)s
    )
    select categories, today, from_today, active.teams, of_teams, s.devices, s.outings,
        case when p.copied_at > %(midnight)s then to_char(
            p.copied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') end as copied_at,
        history.last_month, history.weekdays, history.squares, history.active_days,
        of_province.weekdays as pattern
    from unnest(%(units)s::integer[]) with ordinality u (id, place)
    left join categories on categories.unit_id = u.id
    left join days on days.unit_id = u.id
    left join active on active.unit_id = u.id
    left join participation s on s.unit_id = u.id
    left join public_months p on not %(live)s and %(level)s = 'commune' and p.unit_id = u.id
        and p.month = %(month)s and p.network = %(network)s
    left join daily_history history on %(running)s and history.unit_id = u.id
        and history.unit_id <> 0
        and history.day = %(today)s and history.network = %(network)s
        and history.basis = coalesce(cast(%(own)s as jsonb) ->> u.id::text, %(basis)s)
    left join units c on c.id = u.id
    left join daily_history of_province on %(running)s and of_province.day = %(today)s
        and of_province.unit_id = coalesce(c.province_id, c.id)
        and of_province.network = %(network)s and of_province.basis = %(basis)s
    order by place
"""
RECEIVED, VALID, COUNTED = (BASES.index(basis) for basis in ("received", "valid", "counted"))
NO_SAMPLES: Categories = (0,) * len(COLUMNS)
PLACES = {category: place for place, category in enumerate(COLUMNS)}
WITNESSED, TICKETED, CLAIMED, IMPORTED, WITHDRAWN = (PLACES[one] for one in PARTS.values())
# The main reasons that a sample can be lost to, by name, with their places.
LOST = sorted((name, place) for name, place in PLACES.items() if name not in COUNTED_CATEGORIES)


def read_rows(month: Month, units: Sequence[UnitCounts], today: date) -> list[FiguresRow]:
    """Read the rows of the listed units; the first row is of the samples in no commune."""
    running, (basis, own) = month.progress.today is not None, month.bases(month.level)
    if running:
        refresh_daily_history(today, month.network)
    rows = fetch(
        ROWS,
        {
            "month": month.month, "network": month.network, "last": month.last_day,
            "today": today, "running": running, "basis": basis, "own": dump(own),
            "level": month.level, "live": month.reads_live(month.level),
            "visibility": month.visibility.value, "inside": month.inside,
            "midnight": day_begin(today),
            "units": array_literal([NOWHERE, *(one.unit.id for one in units)]),
        },
    )  # fmt: skip
    return [FiguresRow(**row) for row in rows]


def unit_items(
    month: Month,
    previous: Month,
    units: Sequence[UnitCounts],
    rows: Sequence[FiguresRow],
    today: date,
) -> list[UnitItem]:
    """Return the item of each unit from its row."""
    progress, assessments = month.progress, month.targets[month.level, ASSESSMENT]
    # Until when the public counts of a commune reach: its copy, at least midnight, when all that
    # changed are copied. So the time tells nothing of what was not copied.
    midnight = day_begin(today).astimezone(UTC).isoformat("T", "seconds")
    exact = month.reads_live(month.level)
    communes = _communes(month)
    earlier = _last_month(month, previous, units, rows)
    projections = _projections(month, units, rows, today)
    items = list[UnitItem]()
    for one, row, before, projection in zip(units, rows, earlier, projections, strict=True):
        unit, target = one.unit, one.need
        categories, numbers = row.categories or NO_SAMPLES, one.numbers
        missing, assessment = one.shortfall, assessments.of(unit.id)
        items.append(
            {
                "month": month.month,
                "code": unit.code,
                "name": unit.name,
                "level": unit.level,
                "parent": unit.parent_name,
                "latitude": unit.latitude,
                "longitude": unit.longitude,
                "no_boundary": unit.no_boundary,
                "received": numbers[RECEIVED],
                "valid": numbers[VALID],
                "counted": numbers[COUNTED],
                "of_teams": of_teams(one, row) if month.live else None,
                "by_assurance": by_part(categories),
                "target": target,
                "reached": None if target is None else one.reached,
                "shortfall": missing,
                "share": None if target is None else rounded(one.measured / target, 4),
                "assessed": _assessed(one, assessment),
                "communes": communes[unit.id] if communes else None,
                **_expected(one, progress),
                **_running(one, row, progress),
                "projection": projection,
                "last_month": before,
                "change": None if before is None else one.measured - before,
                "devices": row.devices if numbers[COUNTED] else 0,
                "outings": row.outings if numbers[COUNTED] else 0,
                "teams": row.teams or 0,
                "reasons": reasons(categories),
                "as_of": None if exact else row.copied_at or midnight,
            }
        )
    return items


def of_teams(one: UnitCounts, row: FiguresRow) -> int:
    """Return the counted samples that are credited to a team, those of guests included.

    A sample that is credited in two campaigns is in the sums of both.
    """
    return min(int(row.of_teams or 0), one.numbers[COUNTED])


def by_part(categories: Categories) -> AssuranceParts:
    """Return the parts of the counted samples."""
    return {
        "witnessed": categories[WITNESSED],
        "ticketed": categories[TICKETED],
        "claimed": categories[CLAIMED],
        "imported": categories[IMPORTED],
        "withdrawn": categories[WITHDRAWN],
    }


def reasons(categories: Categories) -> dict[str, int]:
    """Return the number of samples lost to each main reason, the largest first."""
    lost = [(-n, name) for name, place in LOST if (n := categories[place])]
    return {name: -n for n, name in sorted(lost)}


def _communes(month: Month) -> dict[int, CommunesReached] | None:
    """Count the communes with a target in each unit, and those that reached it.

    None for communes.
    """
    level = month.level
    if level == "commune":
        return None
    above, targets = month.listing.containing[level], month.targets["commune", TARGET]
    some_target = any(targets.of(unit.id) for unit in month.shown("commune"))
    found: dict[int, CommunesReached] = {
        unit.id: {"units": 0, "reached": 0} for unit in month.listing.levels[level]
    }
    for one in month.units("commune"):
        if one.unit.id in above:
            counts = found[above[one.unit.id]]
            counts["units"] += one.need is not None or not some_target
            counts["reached"] += one.reached
    return found


def _assessed(one: UnitCounts, assessment: Target | None) -> bool | None:
    if assessment is None or assessment.threshold is None:
        return None
    return one.numbers[BASES.index(assessment.basis)] >= assessment.threshold


def _expected(one: UnitCounts, progress: MonthProgress) -> Expected:
    """Return the samples expected by now, and those needed on each remaining day."""
    expected = None if one.need is None else one.need * progress.done / progress.days
    state: ProgressState | None = None
    if expected is not None:
        state = "reached" if one.reached else "on_pace" if one.measured >= expected else "behind"
    missing, needed = one.shortfall, None
    if missing == 0:
        needed = 0
    elif missing is not None and progress.left > LAST_DAYS:
        needed = ceil(missing / progress.left)
    return {
        "expected": None if expected is None else rounded(expected, 1),
        "state": state,
        "days_left": progress.left,
        "needed_per_day": needed,
    }


def _running(one: UnitCounts, row: FiguresRow, progress: MonthProgress) -> Pace:
    """Return the samples of today, and the pace of completed days."""
    if progress.today is None:
        pace = one.measured / progress.done if progress.done else None
        return {"today": None, "pace": None if pace is None else rounded(pace, 1)}
    today = int((row.today or NO_SAMPLES)[one.basis] or 0)
    pace = _so_far(one, row) / progress.done if progress.done else None
    return {"today": today, "pace": None if pace is None else rounded(pace, 1)}


def _last_month(
    month: Month,
    previous: Month,
    units: Sequence[UnitCounts],
    rows: Sequence[FiguresRow],
) -> list[int | None]:
    """Return the samples of the previous month, in a running month up to the same day.

    None for units that it did not have, or that the reader may not see there.
    """
    numbers = previous.numbers(month.level) if month.progress.today is None else {}
    return [
        None
        if not previous.shows(one.unit)
        else (row.last_month or 0)
        if month.progress.today is not None
        else numbers.get(one.unit.id, NO_NUMBERS)[one.basis]
        for one, row in zip(units, rows, strict=True)
    ]


def _projections(
    month: Month,
    units: Sequence[UnitCounts],
    rows: Sequence[FiguresRow],
    today: date,
) -> list[Projection | None]:
    """Return the projected end of month by unit: mean and 80 % interval, not below the present.

    None without a steady pace, and in the last days of a month.
    """
    days = history_days(today)
    if month.progress.today is None or month.progress.left <= LAST_DAYS or not days:
        return [None] * len(units)
    weekdays, squares, pattern = (
        np.array([getattr(row, name) or [0] * 7 for row in rows], float).reshape(-1, 7)
        for name in ("weekdays", "squares", "pattern")
    )
    active = np.array([row.active_days or 0 for row in rows], float)
    history = History(days, weekdays, squares, active, pattern)
    coming = still_to_come(history, month.progress.remaining())
    so_far = np.array([_so_far(one, row) for one, row in zip(units, rows, strict=True)], float)
    now = np.array([one.measured for one in units], float)
    ends = (
        np.maximum(np.rint(so_far + part), now).astype(int).tolist()
        for part in (coming.low, coming.middle, coming.high)
    )
    return [
        {"low": low, "middle": middle, "high": high} if steady else None
        for steady, low, middle, high in zip(coming.steady, *ends, strict=True)
    ]


def _so_far(one: UnitCounts, row: FiguresRow) -> int:
    """Return the samples of the completed days of a running month."""
    return one.measured - int((row.from_today or NO_SAMPLES)[one.basis])


def rounded(value: float, decimals: int) -> float:
    """Return a number rounded as NumPy does it."""
    scale: int = 10**decimals
    return round(value * scale) / scale
