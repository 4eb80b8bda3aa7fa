"""Measurements and registrations of one month, of a campaign or unit, read by indexes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from backend.clock import day_begin, month_end, month_start
from backend.coverage.signals.rules import DeviceSample
from backend.database.extensions import db
from backend.errors import Problem

# The rules take seconds of one worker for as many; larger sets are queried by province or commune.
ROWS_MOST = 100_000

# Only tests of the app: an imported probe is stationary by intent. Invalid samples are never
# counted and need no review; stripped rows have no device. In the order of DeviceSample's fields.
COLUMNS = """
    m.id, m.device_id, d.registered_at, m.measured_at, m.latitude, m.longitude, m.accuracy_m,
    m.download_mbps, m.upload_mbps, m.ping_ms, 'mock_position' = any(m.marks) as mock
"""
COLUMNS_OF_SAMPLE = DeviceSample._fields.index("guest")
OF_UNIT = text(f"""
    select {COLUMNS}, false as guest, null as volunteer_id, null as team_id
    from measurements m join devices d on d.id = m.device_id
    where m.unit_id = any(:units) and m.day between :first and :last
      and m.valid and m.source = 'app' limit :most
""")  # noqa: S608 # a part of the statement
OF_CAMPAIGN = text(f"""
    select {COLUMNS}, e.guest, e.volunteer_id, e.team_id
    from earnings e
    join measurements m on m.id = e.measurement_id
    join devices d on d.id = m.device_id
    where e.campaign_id = :campaign and e.day between :first and :last
      and (cast(:units as int[]) is null or e.unit_id = any(:units))
      and m.valid and m.source = 'app' limit :most
""")  # noqa: S608
BELOW = text("select id from units where id = :id or parent_id = :id or province_id = :id")
# All measurements of each device in the month.
COUNT_OF_DEVICES = text("""
    select device_id, count(*) as n from measurements
    where device_id = any(:devices) and measured_at >= :since and measured_at < :until group by 1
""")
GUESTS = text("""
    select distinct l.device_id from device_links l
    join memberships s on s.volunteer_id = l.volunteer_id
    where l.device_id = any(:devices) and s.guest_of is not null
""")
# A phone registers and measures within minutes, or stores its tests until it has a network again.
FIRST_WITHIN = timedelta(days=30)
# A phone may measure before it registers, while it has no network.
BEFORE = timedelta(days=7)

# Starts from the measurements of the unit, not from all devices; `once` counts the devices with a
# single measurement so far.
REGISTRATIONS = text("""
    with candidates as (
        select distinct m.device_id from measurements m
        where m.unit_id = any(:units) and m.day between :first and :last
          and m.device_id is not null
    ), placed as (
        select d.id, (d.registered_at at time zone 'Asia/Ho_Chi_Minh')::date as day, f.unit_id,
            (select count(*) from (
                select from measurements x where x.device_id = d.id limit 2) few) = 1 as once
        from candidates c
        join devices d on d.id = c.device_id
        cross join lateral (
            select m.unit_id from measurements m where m.device_id = d.id
            order by m.measured_at, m.id limit 1) f
        where d.registered_at >= :since and d.registered_at < :until
          and f.unit_id = any(:units)
    )
    select u.code, u.name, p.day, count(*) as registered, count(*) filter (where once) as once
    from placed p join units u on u.id = p.unit_id
    group by u.code, u.name, u.sort_key, u.id, p.day
    order by u.sort_key collate "C", u.id, p.day
""")


@dataclass(frozen=True, slots=True)
class SampleSet:
    """The samples of a month, and the owners of their devices in the campaign."""

    rows: list[DeviceSample]
    owners: Mapping[UUID, tuple[int | None, int | None]]  # device: volunteer, team


def units_below(unit_id: int) -> list[int]:
    """Return the ids of a unit and of all units below it."""
    return list(db.session.execute(BELOW, {"id": unit_id}).scalars())


def samples_of_unit(unit_id: int, month: str) -> SampleSet:
    """Return the samples in a unit; devices of residents are known by their memberships."""
    found = _read(OF_UNIT, month, units=units_below(unit_id))
    devices = list({row.device_id for row in found})
    guests = frozenset(db.session.execute(GUESTS, {"devices": devices}).scalars())
    return _sample_set(found, month, guests)


def samples_of_campaign(campaign_id: int, month: str, unit_id: int | None) -> SampleSet:
    """Return the samples of a campaign's teams, optionally in one unit."""
    units = None if unit_id is None else units_below(unit_id)
    found = _read(OF_CAMPAIGN, month, campaign=campaign_id, units=units)
    guests = frozenset(row.device_id for row in found if row.guest)
    return _sample_set(found, month, guests)


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Return the begin and the end of a month in Vietnam's time."""
    return day_begin(month_start(month)), day_begin(month_end(month) + timedelta(days=1))


def _read(query: Any, month: str, **values: Any) -> Sequence[Row[Any]]:
    values |= {"first": month_start(month), "last": month_end(month), "most": ROWS_MOST + 1}
    found = db.session.execute(query, values).all()
    if len(found) > ROWS_MOST:
        raise Problem(422, "too_many_to_look_at")
    return found


def _sample_set(found: Sequence[Row[Any]], month: str, guests: frozenset[UUID]) -> SampleSet:
    here = Counter(row.device_id for row in found)
    since, until = month_bounds(month)
    values = {"devices": list(here), "since": since, "until": until}
    total = {row[0]: int(row[1]) for row in db.session.execute(COUNT_OF_DEVICES, values)}
    elsewhere = {device: max(total.get(device, 0) - n, 0) for device, n in here.items()}
    rows = []
    for row in found:
        more = row.device_id in guests, elsewhere[row.device_id]
        rows.append(DeviceSample._make((*row[:COLUMNS_OF_SAMPLE], *more)))
    return SampleSet(rows, {row.device_id: (row.volunteer_id, row.team_id) for row in found})


def registrations_of(unit_id: int, month: str) -> list[dict[str, Any]]:
    """Return the new devices of each commune and day of a month; days without any are left out."""
    since, until = month_bounds(month)
    values = {
        "units": units_below(unit_id),
        "first": month_start(month) - BEFORE,
        "last": month_end(month) + FIRST_WITHIN,
        "since": since,
        "until": until,
    }
    rows = db.session.execute(REGISTRATIONS, values)
    return [
        {"unit": {"code": code, "name": name}, "day": day, "registered": registered, "once": once}
        for code, name, day, registered, once in rows
    ]
