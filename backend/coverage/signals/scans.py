"""Searches for signals: of a province's or a campaign's month, at night, by a button or on reading.

What a search finds replaces in one transaction what the last one stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, delete, select, text, update

from backend.accounts.access import Actor
from backend.clock import Clock, day_begin, local_day, month_end, month_start
from backend.coverage.figures.unit_access import communes_of
from backend.coverage.signals import queries
from backend.coverage.signals.findings import Finding, FindingMaker
from backend.coverage.signals.models import SignalFinding, SignalScan
from backend.coverage.signals.networks import SAME_NETWORK, groups_of_phones, is_mostly_outside
from backend.coverage.signals.queries import Part, SampleSet
from backend.coverage.signals.rules import (
    OF_COMMUNES,
    OF_DEVICES,
    OF_PROVINCES,
    DeviceSample,
    Signal,
)
from backend.coverage.signals.shares import (
    ONE_DEVICE,
    WITHDRAWN_SHARE,
    is_large,
    shares_of_one_person,
)
from backend.database.extensions import db, dump
from backend.database.locks import SIGNALS_LOCK, is_held, try_hold
from backend.jobs.service import enqueue_once, is_open
from backend.measurements.recording.archived import archived_months
from backend.measurements.recording.rules import MAX_AGE
from backend.units.models import Unit
from backend.witness.models import CarrierNetwork

# Reading older findings lets their place be searched again: a province takes some seconds.
SEARCH_EVERY = timedelta(hours=1)
# Each place is searched once a night; two hours of grace.
OVERDUE = timedelta(hours=26)
# Of one kind in a commune, the largest: more than people can review.
MAX_FINDINGS = 200
JOB = "signals"  # the kind of job

# Communes with samples in a month, of a campaign with earnings, and those that had some when they
# were searched.
COMMUNES = text("""
    select u.id, u.province_id from units u
    where u.level = 'commune' and (cast(:province as int) is null or u.province_id = :province)
        and (case when cast(:campaign as int) is null
            then exists (select from measurements m
                where m.unit_id = u.id and m.day between :first and :last)
            else exists (select from earnings e where e.unit_id = u.id
                and e.day between :first and :last and e.campaign_id = :campaign) end
            or exists (select from signal_scans s where s.unit_id = u.id and s.month = :month
                and s.campaign_id is not distinct from cast(:campaign as int)))
    order by 1
""")
CAMPAIGNS = text("""
    select c.id from campaigns c where exists (select from earnings e
        where e.campaign_id = c.id and e.day between :first and :last)
    order by 1
""")
SCAN_ID = text("""
    insert into signal_scans (unit_id, month, campaign_id)
    values (cast(:unit as int), :month, cast(:campaign as int))
    on conflict on constraint uq_signal_scans_key do update set month = excluded.month
    returning id
""")
# A new finding is an event, once: it may be found again after its samples changed. Those of a
# campaign are none.
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
    SignalFinding.evidence["facts"]["case"].astext.in_(("prefix", "unlisted", "fixed")),
)


@dataclass(frozen=True, slots=True)
class Place:
    """What one search searches: a month of a province, or of a campaign."""

    month: str
    province: int | None  # None: all
    campaign: int | None = None  # None: all samples

    def __str__(self) -> str:
        """Return the place of its job, of which one waits or runs."""
        kind, number = ("campaign", self.campaign) if self.campaign else ("unit", self.province)
        return f"{self.month} {kind} {number}"

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of statements."""
        days = {"first": month_start(self.month), "last": month_end(self.month)}
        return asdict(self) | days

    def part(self, unit: int, key: str) -> Part:
        """Return the part of one of its communes or provinces."""
        return Part(unit, self.month, self.campaign, key)


@dataclass(frozen=True, slots=True)
class UnitFindings:
    """What was found in a commune, or across the communes of a province."""

    unit: int
    found: list[Finding]
    measurements: int = 0
    devices: int = 0


@dataclass(frozen=True, slots=True)
class Freshness:
    """When a place was searched, and whether it is searched again."""

    as_of: datetime | None  # None: not yet
    searching: bool


def refresh(place: Place, actor: Actor, now: datetime) -> Freshness:
    """Return when a place was searched; after an hour let a job search it; the caller commits."""
    as_of = _searched_at(place)
    if as_of is None or now - as_of >= SEARCH_EVERY:
        search_soon(place, actor, now)
    return Freshness(as_of, is_searched(place))


def is_searched(place: Place) -> bool:
    """Return whether a job or the nightly command is to search a place, or does."""
    return is_open(JOB, str(place)) or is_held(*_lock_of(place))


def search_soon(place: Place, actor: Actor, now: datetime) -> None:
    """Let a job search a place, unless one waits or runs, or it is archived; the caller commits."""
    if place.month not in archived_months():
        enqueue_once(JOB, str(place), asdict(place), actor.name, now)


def search_due(key: str, clock: Clock, *, again: bool = False) -> int:
    """Search once a day the months to which samples are still added; return the number of places.

    With `again` also the places that were searched today.
    """
    scan_networks(key, clock())
    places = 0
    for place in _recent_places(clock()):
        at = _searched_at(place)
        db.session.rollback()
        if again or at is None or local_day(at) < local_day(clock()):
            places += search(place, key, clock())
    return places


def count_overdue(now: datetime) -> int:
    """Return the number of provinces whose samples were not searched at night."""
    before = now - OVERDUE
    day = local_day(before)
    month = f"{day:%Y-%m}"
    parameters = Place(month, None).parameters() | {"last": day}
    communes = db.session.execute(COMMUNES, parameters).all()
    times = [_searched_at(Place(month, province)) for province in _provinces(communes)]
    return sum(at is None or at < before for at in times)


def _recent_places(now: datetime) -> list[Place]:
    """Return the provinces and campaigns of the months to which samples are still added."""
    first, day = month_start(f"{local_day(now - MAX_AGE):%Y-%m}"), local_day(now)
    places = []
    while day >= first:
        every = Place(f"{day:%Y-%m}", None)
        places += [Place(every.month, province) for province in _provinces(_communes(every))]
        campaigns = db.session.execute(CAMPAIGNS, every.parameters()).scalars()
        places += [Place(every.month, None, campaign) for campaign in campaigns]
        day = month_start(every.month) - timedelta(days=1)
    return places


def _communes(place: Place) -> Sequence[Row[Any]]:
    return db.session.execute(COMMUNES, place.parameters()).all()


def _provinces(communes: Sequence[Row[Any]]) -> list[int]:
    return sorted({row.province_id for row in communes})


def _searched_at(place: Place) -> datetime | None:
    query = select(SignalScan.scanned_at).where(
        SignalScan.month == place.month,
        SignalScan.unit_id.is_not_distinct_from(place.province),
        SignalScan.campaign_id.is_not_distinct_from(place.campaign),
    )
    at: datetime | None = db.session.scalar(query)
    return at


def _lock_of(place: Place) -> tuple[int, int]:
    return SIGNALS_LOCK, place.province or -(place.campaign or 0)


def search(place: Place, key: str, now: datetime) -> bool:
    """Search a place and store what is found; False while another process does; commit."""
    if not try_hold(*_lock_of(place)):
        db.session.rollback()
        return False
    communes = _communes(place)
    results = [_search_commune(place.part(row.id, key)) for row in communes]
    results += [_search_province(place.part(unit, key)) for unit in _provinces(communes)]
    for result in results:
        _store(place, result, key, now)
    _update(_scan_id(place, place.province), scanned_at=now)
    db.session.commit()
    return True


def _search_commune(part: Part) -> UnitFindings:
    samples = queries.samples_of_commune(part)
    make = FindingMaker(part.month, part.key, queries.owners_of(part, [part.unit]))
    findings = find_in_commune(samples, make, part.unit)
    if part.campaign is None:
        findings += _shares(part, samples, make)
    return UnitFindings(part.unit, _largest(findings), samples.measurements, samples.devices)


def find_in_commune(samples: SampleSet, make: FindingMaker, unit: int) -> list[Finding]:
    """Apply the rules of samples to a commune's month; findings without a sample here are left."""
    findings = _apply(OF_COMMUNES, samples.here, make, unit)
    return findings + [
        finding
        for finding in _apply(OF_DEVICES, samples.trails, make, unit)
        if unit in finding.units
    ]


def _shares(part: Part, samples: SampleSet, make: FindingMaker) -> list[Finding]:
    """Find large shares of a person, of withdrawn samples, and of networks of no carrier."""
    name = db.session.execute(select(Unit.name).where(Unit.id == part.unit)).scalar_one()
    people = queries.people_of([count.device for count in samples.counts])
    make_share = partial(make.of_share, part.unit, unit=name)
    findings = [
        make_share(ONE_DEVICE, f"{share.network}|{share.devices[0]}", share.devices,
                   share.n, share.counted, network=share.network)
        for share in shares_of_one_person(samples.counts, people)
    ]  # fmt: skip
    findings += [
        make_share(WITHDRAWN_SHARE, row.network, (), row.withdrawn, row.counted,
                   network=row.network)
        for row in queries.withdrawn_in(part)
        if is_large(row.withdrawn, row.counted)
    ]  # fmt: skip
    checked, outside, devices = queries.outside_of(part)
    if is_mostly_outside(outside, checked, len({people.get(device, device) for device in devices})):
        findings.append(
            make_share(SAME_NETWORK, "outside", devices, outside, checked, case="outside")
        )
    return findings


def _search_province(part: Part) -> UnitFindings:
    communes = communes_of(part.unit)
    rows = queries.samples_of_province(part, communes)
    make = FindingMaker(part.month, part.key, queries.owners_of(part, communes))
    return UnitFindings(part.unit, _largest(_apply(OF_PROVINCES, rows, make, part.unit)))


def _apply(
    rules: Iterable[Signal], rows: Sequence[DeviceSample], make: FindingMaker, unit: int
) -> list[Finding]:
    by_id = {row.id: row for row in rows}
    return [make.of_samples(evidence, by_id, unit) for rule in rules for evidence in rule(rows)]


def _largest(findings: Sequence[Finding]) -> list[Finding]:
    """Return the largest findings of each kind, one of a subject."""

    def order(finding: Finding) -> tuple[str, int, str]:
        return finding.kind, -finding.evidence["measurements"], finding.subject

    distinct = {
        (finding.kind, finding.subject): finding
        for finding in sorted(findings, key=order, reverse=True)
    }
    ordered = sorted(distinct.values(), key=order)
    return [
        finding
        for _, theirs in groupby(ordered, key=attrgetter("kind"))
        for finding in list(theirs)[:MAX_FINDINGS]
    ]


def _store(place: Place, result: UnitFindings, key: str, now: datetime) -> None:
    """Replace the findings of a unit apart from those of networks; keep when they were first.

    Places that people had removed since take no finding of their phones away.
    """
    scan_id, part = _scan_id(place, result.unit), place.part(result.unit, key)
    _update(scan_id, measurements=result.measurements, devices=result.devices)
    networks = NETWORK_FINDINGS.where(SignalFinding.scan_id == scan_id)
    if stored := db.session.scalars(networks).all():
        # Phones that have withdrawn leave them.
        present = queries.numbers_in(part)
        for finding in stored:
            finding.devices = [device for device in finding.devices if device["number"] in present]
    kept = [finding.subject for finding in result.found]
    kept += [finding.subject for finding in stored if finding.devices]
    theirs = SignalFinding.scan_id == scan_id
    if hidden := queries.numbers_without_positions(part):
        stored_findings = db.session.scalars(select(SignalFinding).where(theirs))
        kept += [
            f.subject
            for f in stored_findings
            if any(device["number"] in hidden for device in f.devices)
        ]
    db.session.execute(delete(SignalFinding).where(theirs, SignalFinding.subject.not_in(kept)))
    _write_findings(scan_id, result.found, now)


def _scan_id(place: Place, unit: int | None) -> int:
    key = {"unit": unit, "month": place.month, "campaign": place.campaign}
    return int(db.session.execute(SCAN_ID, key).scalar_one())


def _update(scan_id: int, **values: Any) -> None:
    db.session.execute(update(SignalScan).where(SignalScan.id == scan_id).values(values))


def _write_findings(scan_id: int, findings: Sequence[Finding], now: datetime) -> None:
    rows = [asdict(finding) for finding in findings]
    if rows:
        db.session.execute(WRITE, {"scan": scan_id, "findings": dump(rows), "now": now})


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
                    scan_id = _scan_id(Place(month, None), unit)
                    _write_findings(scan_id, [make.of_network(group, unit)], now)
                    db.session.commit()
    return n
