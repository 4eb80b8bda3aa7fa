"""Samples of a commune's month for the rules, of bounded number."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text

from backend.clock import day_begin, month_end, month_start
from backend.coverage.figures.unit_access import units_below
from backend.coverage.signals.findings import device_number, order_key
from backend.coverage.signals.networks import MOVED_PEOPLE, NetworkUse, phones_needed
from backend.coverage.signals.rules import DeviceSample
from backend.coverage.signals.shares import DeviceCount
from backend.database.extensions import db

# The rules take some seconds for as many rows; a commune's month has a hundredth.
MAX_ROWS = 50_000
# More than an honest phone has in a month, with its samples in other communes.
ROWS_OF_DEVICE = 2_000
# Enough to see a habit of a phone, even where each has no more.
MIN_ROWS_OF_DEVICE = 25
# Rows of a phone's day that do not count, such as repeats: they cannot crowd out counted ones.
UNCOUNTED_A_DAY = 40
MAX_DEVICES = MAX_ROWS // MIN_ROWS_OF_DEVICE

# Only tests of the app: an imported probe is stationary by intent. Invalid samples are never
# counted and need no review; stripped rows have no device.
VALID = "m.valid and m.source = 'app'"
OF_CAMPAIGN = """
    and exists (select from earnings e
        where e.measurement_id = m.id and e.campaign_id = cast(:campaign as int))
"""
# One scan of the commune's month, whatever its rows are. The devices with the most counted samples
# come first, so that others cannot crowd them out.
DEVICES = """
    select m.device_id, count(*)::int as n,
        (count(*) filter (where m.counted and m.network = 'mobile'))::int as mobile,
        (count(*) filter (where m.counted and m.network = 'fixed'))::int as fixed
    from measurements m
    where m.unit_id = :unit and m.day between :first and :last and m.device_id is not null
        and {valid} {campaign}
    group by 1 order by count(*) filter (where m.counted) desc, md5(:order || m.device_id::text)
"""
COLUMNS = """
    m.id, m.device_id, m.measured_at, m.latitude, m.longitude, m.accuracy_m, m.download_mbps,
    m.upload_mbps, m.ping_ms, 'mock_position' = any(m.marks) as mock, m.counted, m.received_at,
    m.unit_id
"""
# Rows of each device in the month, along the index by device and time. If some are left out, these
# are whole days, so that the order of a day's tests is kept, and those of other communes first.
# Counted rows are few of a device, whatever it sends, and have an index of their own; of the others
# only the first of each day are read.
SAMPLE_ROWS = """
    select d.registered_at, x.*
    from devices d cross join lateral (
        (select {columns} from measurements m
         where m.device_id = d.id and m.measured_at >= :since and m.measured_at < :until
             and (m.counted or m.reasons = '{{commune_cap}}') and m.counted and {valid} {campaign}
         order by m.unit_id <> :unit, md5(:order || m.day::text), m.measured_at
         limit :each)
        union all
        (select {columns}
         from generate_series(:since, :last_begin, interval '1 day') as day (begins)
         cross join lateral (
             select * from measurements r where r.device_id = d.id
                 and r.measured_at >= day.begins and r.measured_at < day.begins + interval '1 day'
             order by r.measured_at, r.id limit {a_day}) m
         where not m.counted and {valid} {campaign}
         order by m.unit_id <> :unit, md5(:order || m.day::text), m.measured_at
         limit :others)
    ) x
    where d.id = any(:devices)
"""
PROVINCE = """
    select m.id, m.device_id, m.measured_at, m.unit_id
    from measurements m
    where m.unit_id = any(:units) and m.day between :first and :last and m.counted
        and m.device_id is not null and {valid} {campaign}
    order by md5(:order || m.day::text), m.measured_at, m.id limit {most}
"""
WITHOUT_POSITIONS = text("select id from devices where without_positions_since is not null")
# Of a phone the end of its last stay as a guest: what it measures as a member is no guest's.
GUESTS = text("""
    select l.device_id, coalesce(max(upper(s.period)), :until) as until
    from device_links l join memberships s on s.volunteer_id = l.volunteer_id
    where l.device_id = any(:devices) and s.guest_of is not null
    group by 1
""")
PEOPLE = text("""
    select distinct on (device_id) device_id, volunteer_id from device_links
    where device_id = any(:devices) order by device_id, upper(period) desc nulls first
""")
# The owners of devices in a campaign.
OWNERS = text("""
    select m.device_id, max(e.volunteer_id) as volunteer_id, max(e.team_id) as team_id
    from earnings e join measurements m on m.id = e.measurement_id
    where e.campaign_id = :campaign and e.unit_id = any(:units)
        and e.day between :first and :last and m.device_id is not null
    group by 1
""")
# Mobile samples with a witness, whether their network is in the carriers' list.
OUTSIDE = text("""
    select count(*)::int as checked, (count(*) filter (where t.outside))::int as outside,
        coalesce(array_agg(distinct m.device_id) filter (where t.outside), '{}') as devices
    from measurements m join tickets t on t.used_by = m.id
    where m.unit_id = :unit and m.day between :first and :last and m.network = 'mobile'
        and m.counted and m.device_id is not null and t.outside is not null
""")
WITHDRAWN = text("""
    select network, counted, withdrawn from unit_months
    where month = :month and unit_id = :unit and withdrawn > 0 order by network
""")
# Networks with many phones on a day; the digest of a network is another one each day.
CROWDED = text("""
    with uses as (
        select t.used_at, t.prefix, t.outside, m.id, m.device_id as device, m.unit_id as unit,
            m.day as measured_on, m.network, m.measured_at as at, m.latitude, m.longitude,
            m.accuracy_m
        from tickets t join measurements m on m.id = t.used_by
        where t.prefix is not null and t.used_at >= :since and t.used_at < :until
            and m.device_id is not null and m.valid and m.source = 'app'
    ), crowded as (
        select prefix, network from uses group by prefix, network
        having count(distinct device) >= case network when 'fixed' then :fixed else :least end
    )
    select u.prefix, u.outside, u.id, u.device, u.unit, u.measured_on, u.network, u.at, u.latitude,
        u.longitude, u.accuracy_m,
        coalesce((select l.volunteer_id::text from device_links l where l.device_id = u.device
            order by upper(l.period) desc nulls first limit 1), u.device::text) as person
    from crowded join uses u on u.prefix = crowded.prefix and u.network = crowded.network
    order by u.used_at, u.id limit :most
""")


@dataclass(frozen=True, slots=True)
class SampleSet:
    """The rows of a commune's month, those of its devices elsewhere, and its exact numbers."""

    here: list[DeviceSample]
    trails: list[DeviceSample]  # with those here
    counts: list[DeviceCount]  # counted samples here
    measurements: int  # here, valid
    devices: int


@dataclass(frozen=True, slots=True)
class Part:
    """The month of a unit, optionally of one campaign's samples, and the key of pseudonyms."""

    unit: int
    month: str
    campaign: int | None
    key: str

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of statements."""
        since, until = month_bounds(self.month)
        values = {
            "unit": self.unit,
            "first": month_start(self.month),
            "last": month_end(self.month),
            "since": since,
            "until": until,
            "last_begin": until - timedelta(days=1),
            "order": order_key(self.month, self.key),
        }
        return values | ({"campaign": self.campaign} if self.campaign else {}) | more

    def fill(self, statement: str) -> TextClause:
        """Return a statement about the samples of this part."""
        campaign = OF_CAMPAIGN if self.campaign else ""
        return text(
            statement.format(
                valid=VALID,
                campaign=campaign,
                columns=COLUMNS,
                a_day=UNCOUNTED_A_DAY,
                most=MAX_ROWS,
            )
        )


def samples_of_commune(part: Part) -> SampleSet:
    """Return the samples in a commune and of its devices: at most MAX_ROWS rows."""
    devices_here = db.session.execute(part.fill(DEVICES), part.parameters()).all()
    devices = [row.device_id for row in devices_here[:MAX_DEVICES]]
    each = min(ROWS_OF_DEVICE, MAX_ROWS // max(len(devices), 1))
    values = part.parameters(devices=devices, each=each, others=each // 4)
    rows = db.session.execute(part.fill(SAMPLE_ROWS), values).all()
    guests = {row.device_id: row.until for row in db.session.execute(GUESTS, values)}
    elsewhere = Counter(row.device_id for row in rows if row.unit_id != part.unit)
    trails = [
        DeviceSample(
            id=row.id,
            device=row.device_id,
            registered_at=row.registered_at,
            at=row.measured_at,
            latitude=row.latitude,
            longitude=row.longitude,
            accuracy_m=row.accuracy_m,
            download_mbps=row.download_mbps,
            upload_mbps=row.upload_mbps,
            ping_ms=row.ping_ms,
            mock=row.mock,
            counted=row.counted,
            received_at=row.received_at,
            unit=row.unit_id,
            guest=row.measured_at < guests.get(row.device_id, values["since"]),
            elsewhere=elsewhere[row.device_id] if row.unit_id == part.unit else 0,
        )
        for row in rows
    ]
    counts = [
        DeviceCount(row.device_id, network, n)
        for row in devices_here
        for network, n in (("mobile", row.mobile), ("fixed", row.fixed))
        if n
    ]
    here = [row for row in trails if row.unit == part.unit]
    return SampleSet(here, trails, counts, sum(row.n for row in devices_here), len(devices_here))


def samples_of_province(part: Part, units: Sequence[int]) -> list[DeviceSample]:
    """Return counted samples of a province without places: at most MAX_ROWS, of whole days."""
    values = part.parameters(units=list(units))
    rows = db.session.execute(part.fill(PROVINCE), values)
    since, _ = month_bounds(part.month)
    unread = (None,) * 6  # place and values
    return [
        DeviceSample(row.id, row.device_id, since, row.measured_at, *unread, unit=row.unit_id)
        for row in rows
    ]


def people_of(devices: Sequence[UUID]) -> dict[UUID, int]:
    """Return the volunteers of those devices that are linked to one."""
    rows = db.session.execute(PEOPLE, {"devices": list(devices)})
    return {row.device_id: row.volunteer_id for row in rows}


def owners_of(part: Part, units: Sequence[int]) -> dict[UUID, tuple[int | None, int | None]]:
    """Return volunteer and team of the devices of a campaign in some units; else none."""
    if part.campaign is None:
        return {}
    rows = db.session.execute(OWNERS, part.parameters(units=list(units)))
    return {row.device_id: (row.volunteer_id, row.team_id) for row in rows}


def numbers_in(part: Part) -> set[int]:
    """Return the numbers of the devices that have samples in a commune's month."""
    rows = db.session.execute(part.fill(DEVICES), part.parameters())
    return {device_number(row.device_id, part.month, part.key) for row in rows}


def numbers_without_positions(part: Part) -> set[int]:
    """Return the numbers of the devices whose people want no position kept."""
    devices = db.session.scalars(WITHOUT_POSITIONS)
    return {device_number(device, part.month, part.key) for device in devices}


def outside_of(part: Part) -> tuple[int, int, list[UUID]]:
    """Return the counted mobile samples with a known network, those of no carrier, their phones."""
    row = db.session.execute(OUTSIDE, part.parameters()).one()
    return row.checked, row.outside, sorted(row.devices)


def withdrawn_in(part: Part) -> Sequence[Row[Any]]:
    """Return the counted samples of a commune by network, and those of them that were withdrawn."""
    return db.session.execute(WITHDRAWN, {"month": part.month, "unit": part.unit}).all()


def crowded_networks(day_begins: datetime, listed: bool) -> list[NetworkUse]:
    """Return the samples received on a day from networks with many phones."""
    until = day_begins + timedelta(days=1)
    least = phones_needed(True if listed else None)
    values = {"since": day_begins, "until": until, "most": MAX_ROWS}
    values |= {"least": least, "fixed": MOVED_PEOPLE}
    rows = db.session.execute(CROWDED, values).mappings()
    return [NetworkUse(day=day_begins.date(), **row) for row in rows]


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """Return the begin and the end of a month in Vietnam's time."""
    return day_begin(month_start(month)), day_begin(month_end(month) + timedelta(days=1))


OPEN_FINDINGS = text("""
    select count(distinct (f.kind, f.subject)) from signal_findings f
    join signal_scans s on s.id = f.scan_id join units u on u.id = s.unit_id
    where s.month = :month and s.campaign_id is null
        and (s.unit_id = any(:units) or u.level = 'province' and f.units && cast(:units as int[]))
        and not exists (select from signals d
            where d.unit_id = :unit and d.month = :month and d.state <> 'open'
                and (d.kind, d.subject) = (f.kind, f.subject))
""")


def open_findings(unit_id: int, month: str) -> int:
    """Return the number of stored findings of a unit's month without a decision; search nothing."""
    values = {"unit": unit_id, "month": month, "units": units_below(unit_id)}
    return int(db.session.scalar(OPEN_FINDINGS, values) or 0)
