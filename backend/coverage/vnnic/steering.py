"""Whose count steers a province: ours, or VNNIC's, by which the ministry judges.

Steering decides what lists, reminders and plans say is needed of a commune. Targets, counts,
letters and releases stay ours whoever steers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, NamedTuple, TypedDict

from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end
from backend.coverage.figures.forecast import LAST_DAYS
from backend.coverage.figures.unit_access import (
    UnitWithLevel,
    serialize_unit,
)
from backend.coverage.vnnic.models import Steering
from backend.database.extensions import array_literal, db, fetch
from backend.organisations.scopes import authorized_unit_on
from backend.units.service import UnitRow

SEE, EDIT = "unit.samples", "vnnic.steer"
SteeredBy = Literal["own", "vnnic"]
STEERED_BY: tuple[SteeredBy, ...] = ("own", "vnnic")
# Some rows a province: whether VNNIC steers any is one cheap question.
IN_FORCE = """
    select distinct on (province_id) province_id, steered_by, since from steering
    where network = %(network)s and since <= %(day)s
    order by province_id, since desc
"""
# The newest samples of each commune of some provinces; a draft stands before the published table of
# its day. Communes without a row have no day.
NEWEST = """
    select u.id as unit_id, u.province_id, c.samples, c.day, c.draft
    from units u left join lateral (
        select samples, day, draft from vnnic_counts
        where month = %(month)s and network = %(network)s and unit_id = u.id
            and (%(drafts)s or not draft)
        order by day desc, draft desc limit 1
    ) c on true
    where u.level = 'commune' and u.province_id = any(%(provinces)s::integer[])
        and (u.valid_from is null or u.valid_from <= %(last)s::date)
        and (u.valid_to is null or u.valid_to >= %(last)s::date)
"""
# Public counts of the days after those of tables.
MEASURED_SINCE = """
    select d.unit_id, sum(d.counted)::int as n
    from unnest(%(units)s::integer[], %(days)s::date[]) as t (unit_id, day)
        join public_days d on d.unit_id = t.unit_id and d.day > t.day
    where d.month = %(month)s and d.network = %(network)s and d.day < %(before)s
    group by 1
"""
# An older table says little about today: offices get a new one by then.
MAX_AGE = timedelta(days=7)


class TableRow(NamedTuple):
    """VNNIC's newest samples of a commune."""

    samples: int | None  # None: VNNIC says "not enough", which is fewer than 30
    day: date  # to which they count
    draft: bool


@dataclass(frozen=True, slots=True)
class Need:
    """What a commune needs by the count that steers its province; targets stay ours."""

    steered_by: SteeredBy
    has: int | None  # samples; None: too few for VNNIC, or not in its tables
    missing: int | None  # samples to the target; None: no target, or not in VNNIC's tables
    per_day: int | None  # of these on each day left; None: in the last days too
    day: date | None = None  # to which VNNIC's table counts; None: ours, or not in its tables
    expected: float | None = None  # samples by the pace of the month on that day
    stale: bool = False  # the table is older than MAX_AGE

    @property
    def unknown(self) -> bool:
        """Whether VNNIC's count steers and no table has the commune."""
        return self.steered_by == "vnnic" and self.day is None

    @property
    def too_few(self) -> bool:
        """Whether VNNIC has too few samples to assess the commune."""
        return self.day is not None and self.has is None

    @property
    def order(self) -> tuple[bool, int, bool]:
        """The place in a list: the largest need first, at the same need what VNNIC cannot assess,
        and communes that no table has last.
        """
        return self.unknown, -(self.missing or 0), not self.too_few


@dataclass(frozen=True, slots=True)
class Tables:
    """VNNIC's newest tables of the communes of a province that its count steers."""

    month: str
    since: date  # on which VNNIC's count began to steer
    today: date
    units: int  # communes of the province
    rows: Mapping[int, TableRow]  # by id of the commune

    @property
    def followed(self) -> bool:
        """Whether half of the communes have a row; before, everything follows our count."""
        return bool(self.units) and 2 * len(self.rows) >= self.units

    @property
    def day(self) -> date | None:
        """The newest day to which a table counts."""
        return max((row.day for row in self.rows.values()), default=None)

    @property
    def drafted(self) -> bool:
        """Whether some rows are of a draft, which only officials of the area follow."""
        return any(row.draft for row in self.rows.values())

    @property
    def days_old(self) -> int | None:
        """The days since the newest table's day."""
        return (self.today - self.day).days if self.day else None

    @property
    def stale(self) -> bool:
        """Whether the newest table is older than MAX_AGE."""
        return self.day is not None and self.today - self.day > MAX_AGE

    def need(self, unit_id: int, target: int | None, days_left: int) -> Need:
        """Return what a commune needs; `target` None: it has none."""
        if (row := self.rows.get(unit_id)) is None:
            return Need("vnnic", None, None, None)
        missing = None if target is None else max(target - (row.samples or 0), 0)
        per_day = None
        if missing is not None and (not missing or days_left > LAST_DAYS):
            per_day = -(-missing // max(days_left, 1))
        expected = None if target is None else target * row.day.day / month_end(self.month).day
        stale = self.today - row.day > MAX_AGE
        return Need("vnnic", row.samples, missing, per_day, row.day, expected, stale)


def read_tables(
    month: str, network: str, today: date, *, drafts: bool = False
) -> dict[int, Tables]:
    """Return VNNIC's newest tables of a month by id of each province that they steer.

    Drafts are for officials of the area alone.
    """
    last = month_end(month)
    since = steered_by_vnnic(network, min(today, last))
    if not since:
        return {}
    values = {
        "month": month, "network": network, "last": last, "drafts": drafts,
        "provinces": array_literal(since),
    }  # fmt: skip
    units: dict[int, int] = {}
    found: dict[int, dict[int, TableRow]] = {province: {} for province in since}
    for row in fetch(NEWEST, values):
        province = row["province_id"]
        units[province] = units.get(province, 0) + 1
        if row["day"]:
            found[province][row["unit_id"]] = TableRow(row["samples"], row["day"], row["draft"])
    return {
        province: Tables(month, day, min(today, last), units.get(province, 0), found[province])
        for province, day in since.items()
    }


class TableNeed(TypedDict):
    """What a commune needs by VNNIC's published table, which steers its province."""

    since: Annotated[date, "First day on which VNNIC's count steers"]
    day: Annotated[date, "To which the table counts"]
    samples: Annotated[int | None, "Of the table; null: too few for VNNIC"]
    missing: Annotated[int, "To the target"]
    measured_since: Annotated[int, "Counted samples of Đo Sóng after the table's day"]


def table_needs(
    targets: Mapping[int, int | None], month: str, network: str, today: date, before: date
) -> dict[int, TableNeed]:
    """Return what communes need by the published tables that steer them, by id.

    Left out are communes that follow our count: those without a target (`targets`, by id), of other
    provinces, of one with too few rows, and those that no table has. Samples since the table's day
    are those of days before `before`.
    """
    found = read_tables(month, network, today).values()
    steered = {
        unit_id: (tables, tables.rows[unit_id], target)
        for tables in found
        if tables.followed
        for unit_id, target in targets.items()
        if target is not None and unit_id in tables.rows
    }
    if not steered:
        return {}
    values = {
        "units": array_literal(steered), "month": month, "network": network, "before": before,
        "days": array_literal(row.day for _, row, _ in steered.values()),
    }  # fmt: skip
    since = {row["unit_id"]: row["n"] for row in fetch(MEASURED_SINCE, values)}
    return {
        unit_id: {
            "since": tables.since,
            "day": row.day,
            "samples": row.samples,
            "missing": max(target - (row.samples or 0), 0),
            "measured_since": since.get(unit_id, 0),
        }
        for unit_id, (tables, row, target) in steered.items()
    }


class SteeringChange(TypedDict):
    """Whose count steers a province on a network from today on."""

    network: str
    steered_by: SteeredBy


class SteeringAnswer(TypedDict):
    """Whose count steers a province on a network."""

    unit: UnitWithLevel
    network: str
    steered_by: Annotated[SteeredBy, "Ours (own), or VNNIC's"]
    since: Annotated[date | None, "First day; null: it was never changed"]


def steered_by(province_id: int, network: str, day: date) -> SteeredBy:
    """Return whose count steers a province on a day."""
    return "vnnic" if province_id in steered_by_vnnic(network, day) else "own"


def steered_by_vnnic(network: str, day: date) -> dict[int, date]:
    """Return the first day of each province that VNNIC's count steers on a day, by id."""
    rows = fetch(IN_FORCE, {"network": network, "day": day})
    return {row["province_id"]: row["since"] for row in rows if row["steered_by"] == "vnnic"}


def show_steering(actor: Actor, code: str, network: str, now: datetime) -> SteeringAnswer:
    """Return whose count steers a province, for its officials; 404 outside the own area."""
    return _answer(authorized_unit_on(actor, SEE, code, "province", local_day(now)), network, now)


def set_steering(actor: Actor, code: str, data: SteeringChange, now: datetime) -> SteeringAnswer:
    """Let VNNIC's count steer a province from today on, or ours again; 404 outside the own area."""
    today, network = local_day(now), data["network"]
    province = authorized_unit_on(actor, EDIT, code, "province", today)
    before = steered_by(province.id, network, today)
    if before != data["steered_by"]:
        values = {"province_id": province.id, "since": today, **data}
        row = insert(Steering).values(**values)
        key = ["province_id", "network", "since"]  # of two changes of a day the later one holds
        row = row.on_conflict_do_update(index_elements=key, set_={"steered_by": data["steered_by"]})
        db.session.execute(row)
        change = {"network": network, "before": before, "after": data["steered_by"]}
        record_act(actor, EDIT, f"unit:{province.id}", **change)
        db.session.commit()
    return _answer(province, network, now)


def _answer(province: UnitRow, network: str, now: datetime) -> SteeringAnswer:
    rows = fetch(IN_FORCE, {"network": network, "day": local_day(now)})
    row = next((one for one in rows if one["province_id"] == province.id), None)
    return {
        "unit": serialize_unit(province),
        "network": network,
        "steered_by": row["steered_by"] if row else "own",
        "since": row["since"] if row else None,
    }
