"""Searches for signals: of communes whose samples changed, stored with the time of the search.

Each commune's month is one transaction, which clears its mark; without a commit the mark stays.
A request searches the communes that it shows, for a limited time; the periodic command the others.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import delete, select, text

from backend.clock import day_begin, local_day
from backend.coverage.signals import queries
from backend.coverage.signals.findings import Finding, FindingMaker, order_key
from backend.coverage.signals.models import SignalFinding, SignalScan
from backend.coverage.signals.networks import (
    SAME_NETWORK,
    groups_of_phones,
    is_mostly_outside,
)
from backend.coverage.signals.queries import Part, SampleSet
from backend.coverage.signals.rules import (
    OF_COMMUNES,
    OF_DEVICES,
    OF_PROVINCES,
    DeviceSample,
    Signal,
)
from backend.coverage.signals.shares import shares_of_one_person
from backend.database.extensions import db, dump
from backend.database.locks import MARKS_LOCK, hold
from backend.measurements.recording.counting import fold_all
from backend.measurements.recording.rules import AGE_MOST
from backend.units.models import Unit
from backend.witness.models import CarrierNetwork

# A page waits this long for communes that changed; the others are shown as they were found before.
REQUEST_S = 2.0
# What crosses communes needs a second of a province's month: it is searched again after an hour.
PROVINCE_EVERY = timedelta(hours=1)
# Of one kind in a commune, the largest: more than people can review.
FINDINGS_MOST = 200

# Marks of communes are passed on to their scans and to those of their provinces.
APPLY_MARKS = text("""
    with gone as (
        delete from signals_stale where cast(:month as text) is null or month = :month
        returning month, unit_id, campaign_id
    ), places as (
        select distinct g.month, p.id as unit_id, g.campaign_id
        from gone g join units u on u.id = g.unit_id
        cross join lateral (values (u.id), (u.province_id)) p (id)
    )
    update signal_scans s set stale = true from places p
    where s.month = p.month and s.unit_id = p.unit_id and not s.stale
        and (p.campaign_id is null or s.campaign_id = p.campaign_id)
""")
# Communes with samples, or with findings that have none left, and their provinces; those of a
# campaign have earnings of it. Deltas are those that another process is folding.
PLACES = """
    with communes as (
        {communes}
        union select unit_id from signal_scans
        where stale and month = :month and campaign_id is not distinct from cast(:campaign as int)
            and (cast(:units as int[]) is null or unit_id = any(:units))
    )
    select p.id, p.level = 'commune' as commune, s.scanned_at, s.id is null or s.stale as stale
    from units p left join signal_scans s on s.unit_id = p.id and s.month = :month
        and s.campaign_id is not distinct from cast(:campaign as int)
    where p.id in (select unit_id from communes
        union select u.province_id from communes c join units u on u.id = c.unit_id)
    order by p.level = 'province', s.scanned_at nulls first, p.id
"""
OF_ALL = text(
    PLACES.format(
        communes="""
            select distinct unit_id from counts
            where month = :month and day is null and n > 0
                and (cast(:units as int[]) is null or unit_id = any(:units))
            union select unit_id from count_deltas
            where to_char(day, 'YYYY-MM') = :month
                and (cast(:units as int[]) is null or unit_id = any(:units))
        """
    )
)
OF_CAMPAIGN = text(
    PLACES.format(
        communes="""
            select distinct unit_id from team_counts
            where campaign_id = :campaign and month = :month and grain = 'unit' and n > 0
                and (cast(:units as int[]) is null or unit_id = any(:units))
            union select unit_id from team_deltas
            where campaign_id = :campaign and to_char(day, 'YYYY-MM') = :month
                and (cast(:units as int[]) is null or unit_id = any(:units))
        """
    )
)
COMMUNES = text("select id from units where province_id = :id and level = 'commune'")
ADD_SCAN = text("""
    insert into signal_scans (unit_id, month, campaign_id, stale)
    values (:unit, :month, cast(:campaign as int), true)
    on conflict on constraint uq_signal_scans_key do nothing
""")
# A new finding is an event, once: it may be found again after its samples changed. Those of a
# campaign are searched when somebody looks, and are none.
WRITE = text("""
    with written as (
        insert into signal_findings (scan_id, kind, subject, evidence, units, devices, found_at)
        select :scan, f.kind, f.subject, f.evidence, f.units, f.devices, :now
        from jsonb_to_recordset(cast(:findings as jsonb)) as f (
            kind text, subject text, evidence jsonb, units int[], devices jsonb)
        on conflict (scan_id, kind, subject) do update
        set evidence = excluded.evidence, units = excluded.units, devices = excluded.devices
        returning kind, subject, evidence, xmax = 0 as fresh
    )
    insert into events (kind, unit_id, month, data, once)
    select 'signal.opened', s.unit_id, s.month,
        jsonb_build_object('signal', w.kind, 'samples', w.evidence -> 'measurements'),
        format('signal:%s:%s:%s', s.id, w.kind, w.subject)
    from written w join signal_scans s on s.id = :scan
    where w.fresh and s.campaign_id is null
    on conflict (once) do nothing
""")
# Findings of networks are final after a week, when the digests are deleted; only phones that have
# withdrawn leave them.
NETWORK_FINDINGS = select(SignalFinding).where(
    SignalFinding.kind == SAME_NETWORK,
    SignalFinding.evidence["facts"]["case"].astext.in_(("prefix", "unlisted")),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A commune, or a province, with the state of its last search."""

    id: int
    commune: bool
    scanned_at: datetime | None
    stale: bool

    def is_due(self, now: datetime) -> bool:
        """Return whether a search would find something else."""
        if self.commune or self.scanned_at is None:
            return self.stale
        return self.stale and now - self.scanned_at >= PROVINCE_EVERY


@dataclass(frozen=True, slots=True)
class Search:
    """The month of an installation or of one campaign, at a time."""

    month: str
    campaign: int | None
    key: str
    now: datetime

    def part(self, unit: int) -> Part:
        """Return the part of a commune or province."""
        return Part(unit, self.month, self.campaign, order_key(self.month, self.key))


@dataclass(frozen=True, slots=True)
class Freshness:
    """How recent stored findings are."""

    as_of: datetime | None  # the oldest search; None: no samples
    pending: int  # places that changed since


def refresh(search: Search, units: Sequence[int] | None, within_s: float) -> Freshness:
    """Search the changed communes among some units (None: all) within a time; commit."""
    places = _places(search, units)
    began = time.monotonic()
    done: dict[int, datetime] = {}
    for place in places:
        if place.is_due(search.now) and (not done or time.monotonic() - began < within_s):
            _scan(search, place)
            done[place.id] = search.now
    due = [place for place in places if place.is_due(search.now) and place.id not in done]
    times = [done.get(place.id, place.scanned_at) for place in places]
    known = [at for at in times if at is not None]
    return Freshness(min(known) if known else None, len(due))


def refresh_recent(key: str, now: datetime) -> int:
    """Search all changed communes of the months to which samples are still added; return how many.

    Older months and campaigns are searched when somebody reads them.
    """
    scan_networks(key, now)
    first, last = (f"{local_day(at):%Y-%m}" for at in (now - AGE_MOST, now))
    months = text("select distinct month from counts where month between :first and :last")
    found = db.session.execute(months, {"first": first, "last": last}).scalars().all()
    n = 0
    for month in sorted(found):
        search = Search(month, None, key, now)
        for place in _places(search, None):
            if place.is_due(now):
                _scan(search, place)
                n += 1
    return n


def _places(search: Search, units: Sequence[int] | None) -> list[Place]:
    """Apply the marks and return the places that have samples; provinces come last."""
    fold_all()
    hold(MARKS_LOCK)
    db.session.execute(APPLY_MARKS, {"month": search.month})
    values = {"month": search.month, "campaign": search.campaign, "units": units}
    rows = db.session.execute(OF_CAMPAIGN if search.campaign else OF_ALL, values)
    places = [Place(row.id, row.commune, row.scanned_at, row.stale) for row in rows]
    db.session.commit()
    return places


def _scan(search: Search, place: Place) -> None:
    """Search a commune or province and store what is found; one process at a time."""
    scan = _lock_scan(search, place.id)
    if scan.stale:
        found = _of_commune(search, scan) if place.commune else _of_province(search, scan)
        scan.stale, scan.scanned_at = False, search.now
        _keep_network_findings(search, scan)
        _store(scan, found, search.now)
    db.session.commit()


def _lock_scan(search: Search, unit: int) -> SignalScan:
    """Return the locked row of a search, so that marks of meanwhile are applied after it."""
    key = {"unit": unit, "month": search.month, "campaign": search.campaign}
    db.session.execute(ADD_SCAN, key)
    query = select(SignalScan).where(
        SignalScan.unit_id == unit,
        SignalScan.month == search.month,
        SignalScan.campaign_id.is_not_distinct_from(search.campaign),
    )
    locked = query.with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(locked).one()


def _of_commune(search: Search, scan: SignalScan) -> list[Finding]:
    part = search.part(scan.unit_id)
    samples = queries.samples_of_commune(part)
    scan.measurements, scan.devices = samples.measurements, samples.devices
    scan.examined = len(samples.trails)
    make = FindingMaker(search.month, search.key, queries.owners_of(part, [scan.unit_id]))
    found = find_in_commune(samples, make, scan.unit_id)
    if search.campaign is None:
        found += _shares(part, samples, make)
    return found


def find_in_commune(samples: SampleSet, make: FindingMaker, unit: int) -> list[Finding]:
    """Apply the rules of samples to a commune's month; findings without a sample here are left."""
    found = _apply(OF_COMMUNES, samples.here, make, unit)
    return found + [
        one for one in _apply(OF_DEVICES, samples.trails, make, unit) if unit in one.units
    ]


def _shares(part: Part, samples: SampleSet, make: FindingMaker) -> list[Finding]:
    """Find large shares of a person, and of networks of no carrier."""
    name = db.session.execute(select(Unit.name).where(Unit.id == part.unit)).scalar_one()
    people = queries.people_of([one.device for one in samples.counts])
    shares = shares_of_one_person(samples.counts, people)
    found = [make.of_person(share, part.unit, name) for share in shares]
    checked, outside, devices = queries.outside_of(part)
    if is_mostly_outside(outside, checked, len({people.get(one, one) for one in devices})):
        found.append(make.of_outside(outside, checked, devices, part.unit, name))
    return found


def _of_province(search: Search, scan: SignalScan) -> list[Finding]:
    part = search.part(scan.unit_id)
    communes = list(db.session.execute(COMMUNES, {"id": scan.unit_id}).scalars())
    rows = queries.samples_of_province(part, communes)
    scan.examined = len(rows)
    make = FindingMaker(search.month, search.key, queries.owners_of(part, communes))
    return _apply(OF_PROVINCES, rows, make, scan.unit_id)


def _apply(
    rules: Iterable[Signal], rows: Sequence[DeviceSample], make: FindingMaker, unit: int
) -> list[Finding]:
    by_id = {row.id: row for row in rows}
    return [make.of_samples(one, by_id, unit) for rule in rules for one in rule(rows)]


def _store(scan: SignalScan, found: Sequence[Finding], now: datetime) -> None:
    """Replace the findings of a scan apart from those of networks; keep when they were first."""
    kept = _largest(found)
    subjects = [one.subject for one in kept]
    networks = NETWORK_FINDINGS.with_only_columns(SignalFinding.id)
    gone = (
        SignalFinding.scan_id == scan.id,
        SignalFinding.subject.not_in(subjects),
        SignalFinding.id.not_in(networks.where(SignalFinding.scan_id == scan.id)),
    )
    db.session.execute(delete(SignalFinding).where(*gone))
    _write(scan.id, kept, now)


def _largest(found: Sequence[Finding]) -> list[Finding]:
    """Return the largest findings of each kind, one of a subject."""

    def order(one: Finding) -> tuple[Any, ...]:
        return one.kind, -int(one.evidence["measurements"]), one.subject

    distinct = {(one.kind, one.subject): one for one in sorted(found, key=order, reverse=True)}
    ordered = sorted(distinct.values(), key=order)
    return [
        one
        for _, theirs in groupby(ordered, key=attrgetter("kind"))
        for one in list(theirs)[:FINDINGS_MOST]
    ]


def _write(scan_id: int, found: Sequence[Finding], now: datetime) -> None:
    rows = [
        {
            "kind": one.kind,
            "subject": one.subject,
            "evidence": one.evidence,
            "units": one.units,
            "devices": one.devices,
        }
        for one in found
    ]
    if rows:
        db.session.execute(WRITE, {"scan": scan_id, "findings": dump(rows), "now": now})


def _keep_network_findings(search: Search, scan: SignalScan) -> None:
    """Remove phones that have withdrawn from findings of networks, and findings without phones."""
    stored = db.session.scalars(NETWORK_FINDINGS.where(SignalFinding.scan_id == scan.id)).all()
    if not stored:
        return
    present = queries.numbers_in(search.part(scan.unit_id), search.key)
    for finding in stored:
        finding.devices = [one for one in finding.devices if one["number"] in present]
        if not finding.devices:
            db.session.delete(finding)
    db.session.flush()


def scan_networks(key: str, now: datetime) -> int:
    """Find networks with many phones among the samples received today and yesterday; commit.

    Return the number of networks. Older days were searched on them.
    """
    listed = db.session.scalar(select(CarrierNetwork.prefix).limit(1)) is not None
    n = 0
    for day in (local_day(now) - timedelta(days=1), local_day(now)):
        uses = queries.crowded_networks(day_begin(day), listed)
        # A sample is a part of its own month, which may be the last one.
        for month in sorted({f"{use.measured_on:%Y-%m}" for use in uses}):
            theirs = [use for use in uses if f"{use.measured_on:%Y-%m}" == month]
            make = FindingMaker(month, key, {})
            for group in groups_of_phones(theirs):
                n += 1
                for unit in sorted({use.unit for use in group.uses if use.unit is not None}):
                    scan = _lock_scan(Search(month, None, key, now), unit)
                    _write(scan.id, [make.of_network(group, unit)], now)
                    db.session.commit()
    return n
