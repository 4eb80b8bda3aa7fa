"""Counts of measurements, updated by the transaction that changes a verdict.

A recount compares every stored count with the rows that it counts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol, TypedDict, cast

from sqlalchemy import text

from backend.database.extensions import db, dump, fetch
from backend.measurements.recording.reasons import (
    BASES,
    COLUMNS,
    COUNTED_CATEGORIES,
    NOT_VALID,
    category,
)
from backend.measurements.recording.rows import CountedRow

Key = tuple[int | None, str, str, str]  # unit, day, network, category
NOWHERE = 0  # unit of the counts of samples outside every commune
NOTHING = dict.fromkeys(COLUMNS.values(), 0)

# Stored counts on one side, the rows on the other: months by category, days by their three numbers.
# The category is `reasons.category` of a row.
DIFFERENCES = text("""
    with rows as (
        select to_char(day, 'YYYY-MM') as month, network, coalesce(unit_id, 0) as unit_id, day,
            case when cardinality(reasons) > 0 then reasons[1]
                when 'counted_by_admin' = any(marks) then 'counted_by_admin'
                when 'withdrawn' = any(marks) then 'withdrawn'
                when assurance = 'witnessed' then 'counted_witnessed'
                when assurance = 'ticketed' then 'counted_ticketed'
                else 'counted' end as name, count(*)::int as n
        from measurements group by 1, 2, 3, 4, 5
    ), sides as (
        select month, network, unit_id, null::date as day,
            coalesce(cast(:columns as jsonb) ->> name, name) as name, 0 as stored, n as truth
        from rows
        union all
        select month, network, unit_id, null, number.key, number.value::int, 0
        from unit_months u cross join lateral jsonb_each_text(to_jsonb(u)
            - array['month', 'network', 'unit_id', 'version', 'received', 'valid', 'counted']
        ) number
        union all
        select month, network, unit_id, day, basis, 0, n from rows cross join lateral (values
            ('received', true), ('valid', name <> all(:not_valid)),
            ('counted', name = any(:counted))
        ) as bases (basis, summed) where summed
        union all
        select month, network, unit_id, day, basis, bases.n, 0 from unit_days cross join lateral (
            values ('received', received), ('valid', valid), ('counted', counted)
        ) as bases (basis, n)
    )
    select month, network, unit_id, day, name, sum(stored)::int as stored, sum(truth)::int as truth
    from sides where month not in (select month from archived_months)
    group by 1, 2, 3, 4, 5 having sum(stored) <> sum(truth) order by 1, 2, 3, 4, 5
""").bindparams(
    columns=dump(COLUMNS), not_valid=sorted(NOT_VALID), counted=list(COUNTED_CATEGORIES)
)
# Rows of months are locked before those of days, and all in the order of their keys, so that posts
# and bulk acts never wait in a circle.
ADD = """
    with months as (
        insert into unit_months as old (
            month, network, unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        )
        select
            month, network, unit_id, witnessed, ticketed, claimed, imported, withdrawn, no_device,
            source_not_counted, unproven, witness_late, too_many_tests, before_registration,
            mock_position, overlap, impossible_travel, repeat, third_operator, daily_cap,
            commune_cap, position_missing, position_default, position_coarse, outside_communes,
            excluded, failed_test, kind_unknown, foreign_network, implausible_value, fix_stale,
            in_future, too_old
        from jsonb_populate_recordset(null::unit_months, cast(%(months)s as jsonb))
        order by month, network, unit_id
        on conflict (month, network, unit_id) do update set
            version = old.version + 1, witnessed = old.witnessed + excluded.witnessed,
            ticketed = old.ticketed + excluded.ticketed, claimed = old.claimed + excluded.claimed,
            imported = old.imported + excluded.imported,
            withdrawn = old.withdrawn + excluded.withdrawn,
            no_device = old.no_device + excluded.no_device,
            source_not_counted = old.source_not_counted + excluded.source_not_counted,
            unproven = old.unproven + excluded.unproven,
            witness_late = old.witness_late + excluded.witness_late,
            too_many_tests = old.too_many_tests + excluded.too_many_tests,
            before_registration = old.before_registration + excluded.before_registration,
            mock_position = old.mock_position + excluded.mock_position,
            overlap = old.overlap + excluded.overlap,
            impossible_travel = old.impossible_travel + excluded.impossible_travel,
            repeat = old.repeat + excluded.repeat,
            third_operator = old.third_operator + excluded.third_operator,
            daily_cap = old.daily_cap + excluded.daily_cap,
            commune_cap = old.commune_cap + excluded.commune_cap,
            position_missing = old.position_missing + excluded.position_missing,
            position_default = old.position_default + excluded.position_default,
            position_coarse = old.position_coarse + excluded.position_coarse,
            outside_communes = old.outside_communes + excluded.outside_communes,
            excluded = old.excluded + excluded.excluded,
            failed_test = old.failed_test + excluded.failed_test,
            kind_unknown = old.kind_unknown + excluded.kind_unknown,
            foreign_network = old.foreign_network + excluded.foreign_network,
            implausible_value = old.implausible_value + excluded.implausible_value,
            fix_stale = old.fix_stale + excluded.fix_stale,
            in_future = old.in_future + excluded.in_future, too_old = old.too_old + excluded.too_old
        returning 1
    ), days as (
        insert into unit_days as old
        select added.* from (select count(*) from months) months_first,
            jsonb_populate_recordset(null::unit_days, cast(%(days)s as jsonb)) added
        order by month, network, unit_id, day
        on conflict (month, network, unit_id, day) do update set
            received = old.received + excluded.received, valid = old.valid + excluded.valid,
            counted = old.counted + excluded.counted
        returning 1
    )
    select count(*) from days
"""


# A row of `unit_months` or `unit_days` to add: its key, and a number in each further column.
CountRow = dict[str, str | int]


class SummedRow(Protocol):
    """A number of samples of a unit, day and network."""

    unit_id: int | None
    day: date
    network: str


class CountDifference(TypedDict):
    """A stored count that differs from the rows."""

    month: str  # YYYY-MM
    network: str
    unit_id: int  # NOWHERE: outside every commune
    day: date | None  # null: of the month
    name: str  # a column of `unit_months`; of a day a basis
    stored: int
    truth: int  # of the rows


class CountChanges:
    """Changes of counts, summed by unit, day, network and category.

    Sums of 0 are kept: other samples count than before, so the month has another version.
    """

    def __init__(self) -> None:
        self.by_key: Counter[Key] = Counter()

    def add(self, row: CountedRow, reasons: Sequence[str], n: int) -> None:
        """Add a row to its category (n = 1) or remove it from there (n = -1)."""
        name = category(reasons, row["marks"], row["assurance"])
        self.by_key[row["unit_id"], row["day"].isoformat(), row["network"], name] += n

    def add_number(self, row: SummedRow, name: str, n: int) -> None:
        """Add a number to a category of a row {unit_id, day, network}."""
        self.by_key[row.unit_id, row.day.isoformat(), row.network, name] += n

    def merge(self, other: "CountChanges") -> None:
        """Add the changes of another instance."""
        self.by_key.update(other.by_key)

    def months(self) -> list[CountRow]:
        """Return the changes as rows of `unit_months`, without the generated sums."""
        by_month: dict[tuple[str, str, int], dict[str, int]] = {}
        for (unit, day, network, name), n in self.by_key.items():
            numbers = by_month.setdefault((day[:7], network, unit or NOWHERE), {**NOTHING})
            numbers[COLUMNS[name]] += n
        return [
            {"month": month, "network": network, "unit_id": unit, **numbers}
            for (month, network, unit), numbers in by_month.items()
        ]

    def days(self) -> list[CountRow]:
        """Return the changes as rows of `unit_days`."""
        by_day: dict[tuple[int, str, str], list[int]] = {}
        for (unit, day, network, name), n in self.by_key.items():
            numbers = by_day.setdefault((unit or NOWHERE, day, network), [0, 0, 0])
            numbers[0] += n
            numbers[1] += n if name not in NOT_VALID else 0
            numbers[2] += n if name in COUNTED_CATEGORIES else 0
        return [
            {"month": day[:7], "network": network, "unit_id": unit, "day": day,
             **dict(zip(BASES, numbers, strict=True))}
            for (unit, day, network), numbers in by_day.items()
        ]  # fmt: skip


def write_counts(changes: CountChanges) -> None:
    """Add changes to the counts in the session's transaction, of which it is one of the last acts.

    Until its end other transactions wait that change the counts of the same units.
    """
    if changes.by_key:
        _add(changes.months(), changes.days())


def _add(months: Sequence[CountRow], days: Sequence[CountRow]) -> None:
    fetch(ADD, {"months": dump(months), "days": dump(days)})


# More than the changes of a month since any backup.
RAISE = text("update unit_months set version = version + extract(epoch from now())::bigint")


def raise_versions() -> None:
    """Raise all versions above those that readers can have seen, after a restore."""
    db.session.execute(RAISE)


def differences() -> list[CountDifference]:
    """Return the stored counts that differ from the rows, with both sums; not archived months."""
    rows = db.session.execute(DIFFERENCES).mappings()
    return [cast(CountDifference, dict(row)) for row in rows]


def repair(differing: Iterable[CountDifference]) -> None:
    """Correct the counts of `differences`; versions rise, so that no cached answer stays; commit.

    What is posted meanwhile is added as always.
    """
    months: dict[tuple[str, str, int], dict[str, int]] = {}
    days: dict[tuple[str, str, int, date], dict[str, int]] = {}
    for row in differing:
        key = row["month"], row["network"], row["unit_id"]
        numbers = months.setdefault(key, {**NOTHING})
        if row["day"] is not None:
            numbers = days.setdefault((*key, row["day"]), dict.fromkeys(BASES, 0))
        numbers[row["name"]] += row["truth"] - row["stored"]
    _add(
        [
            {"month": month, "network": network, "unit_id": unit, **numbers}
            for (month, network, unit), numbers in months.items()
        ],
        [
            {"month": month, "network": network, "unit_id": unit, "day": f"{day}", **numbers}
            for (month, network, unit, day), numbers in days.items()
        ],
    )
    db.session.commit()
