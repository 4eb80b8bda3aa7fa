"""The samples behind a signal, as the person who reviews it may see them.

An official sees single samples, whose positions are rounded as in the list of samples. An organiser
sees numbers by commune and day, as in the contributions, and neither positions nor times.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypedDict, cast
from uuid import UUID

from sqlalchemy import TextClause, select, text

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_read
from backend.campaigns.service import visible_campaign
from backend.clock import day_begin
from backend.coverage.figures.unit_access import authorized_unit, communes_of
from backend.coverage.signals.findings import device_number, shown_position
from backend.coverage.signals.models import Signal
from backend.coverage.signals.service import (
    FoundSignal,
    SignalAnswer,
    SignalContext,
    describe_signals,
    found_signals,
)
from backend.database.extensions import db
from backend.errors import Problem, or_404
from backend.organisations.scopes import campaign_scope
from backend.units.models import Unit

# More than a sketch can show; a signal's phones have some hundred samples.
MAX_SAMPLES = 5_000

# Phones with samples in the communes of a signal; of a campaign those that it earned.
DEVICES = """
    select distinct m.device_id from measurements m
    where m.unit_id = any(:units) and m.day between :first and :last
        and m.device_id is not null {campaign}
"""
SAMPLES = """
    select m.id, m.device_id, m.unit_id, m.day, m.measured_at, m.latitude, m.longitude,
        m.download_mbps, m.upload_mbps, m.ping_ms, m.counted, m.valid,
        {taken} as taken
    from measurements m
    where m.device_id = any(:devices) and m.measured_at >= :since and m.measured_at < :until
        and (cast(:area as int[]) is null or m.unit_id = any(:area)) {campaign}
    order by m.measured_at, m.id limit :most
"""
LEFT = """
    select m.device_id, m.day, count(*)::int as n from measurements m
    where m.device_id = any(:devices) and m.measured_at >= :since and m.measured_at < :until
        and (cast(:area as int[]) is null or m.unit_id = any(:area)) {campaign} and not ({taken})
    group by 1, 2
"""
OF_CAMPAIGN = """
    and exists (select from earnings e
        where e.measurement_id = m.id and e.campaign_id = :campaign)
"""
# Whether a sample is excluded already: from its commune's counts, or from the campaign's figures.
TAKEN = "m.raw is null or 'excluded' = any(m.own_reasons)"
TAKEN_OF_CAMPAIGN = """
    exists (select from campaign_exclusions x
        where x.measurement_id = m.id and x.campaign_id = :campaign)
"""
Dated = tuple[date, int]


class SignalSample(TypedDict):
    """A sample behind a signal, as stored."""

    id: UUID
    device_id: UUID
    unit_id: int | None
    day: date
    measured_at: datetime
    latitude: float | None  # null: the position was removed
    longitude: float | None
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    counted: bool
    valid: bool
    taken: bool  # excluded already: from its commune's counts, or the campaign's figures


class ShownSample(TypedDict):
    """A sample behind a signal, as an official sees it."""

    device: int  # its number of the month
    unit: str  # the name of its commune
    id: UUID
    measured_at: datetime
    download_mbps: float | None
    upload_mbps: float | None
    ping_ms: float | None
    counted: bool
    latitude: float | None  # rounded; null: the position was removed
    longitude: float | None


class EvidenceUnit(TypedDict):
    """A commune with samples of a signal."""

    id: int
    code: str
    name: str
    province_id: int | None
    latitude: float  # of a known point inside
    longitude: float
    n: int  # samples


@dataclass(frozen=True, slots=True)
class SignalEvidence:
    """The samples of a signal's phones on its days; `samples` is empty for organisers."""

    item: SignalAnswer  # the signal as in a list
    total: int
    days: Sequence[Dated]  # all from the first to the last
    units: Sequence[EvidenceUnit]  # those with most samples first
    samples: Sequence[ShownSample]  # by time


def campaign_evidence(
    actor: Actor, campaign_id: int, signal_id: int, context: SignalContext
) -> SignalEvidence:
    """Return the numbers of a campaign's signal, for its organisers."""
    visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    row = _signal(signal_id)
    if row.campaign_id != campaign_id:
        raise Problem(404, "not_found")
    record_read(actor, "signals", f"campaign:{campaign_id}")
    finding = found_signals([row]).get(row.id)
    return _evidence(row, finding, samples_of(row, finding, context.key), context)


def unit_evidence(
    actor: Actor, code: str, month: str, signal_id: int, context: SignalContext
) -> SignalEvidence:
    """Return the samples of a unit's signal, for the officials of its area."""
    unit = authorized_unit(actor, "unit.samples", code, None, month)
    row = _signal(signal_id)
    if row.unit_id != unit.id or row.month != month:
        raise Problem(404, "not_found")
    record_read(actor, "signals", f"unit:{unit.id}")
    finding = found_signals([row]).get(row.id)
    rows = samples_of(row, finding, context.key)
    seen = _evidence(row, finding, rows, context)
    names = {unit["id"]: unit["name"] for unit in seen.units}
    devices = {sample["device_id"] for sample in rows}
    numbers = {device: device_number(device, month, context.key) for device in devices}
    samples = [
        _shown(sample, numbers[sample["device_id"]], names[sample["unit_id"] or 0])
        for sample in rows
    ]
    return replace(seen, samples=samples)


def _shown(sample: SignalSample, device: int, unit: str) -> ShownSample:
    position = shown_position(sample)
    return {
        "device": device,
        "unit": unit,
        "id": sample["id"],
        "measured_at": sample["measured_at"],
        "download_mbps": sample["download_mbps"],
        "upload_mbps": sample["upload_mbps"],
        "ping_ms": sample["ping_ms"],
        "counted": sample["counted"],
        "latitude": position["latitude"] if position else None,
        "longitude": position["longitude"] if position else None,
    }


def samples_of(row: Signal, finding: FoundSignal | None, key: str) -> list[SignalSample]:
    """Return the samples of a signal's phones on its days, in the campaign or area, by time.

    An exclusion takes those of them that are not `taken` already.
    """
    if finding is None or not finding.devices:
        return []
    values = _parameters([row], {row.id: finding}, key) | {"most": MAX_SAMPLES}
    rows = db.session.execute(_fill(SAMPLES, row), values).mappings()
    return [cast(SignalSample, dict(sample)) for sample in rows]


def samples_to_exclude(ids: Sequence[int], key: str) -> dict[int, int]:
    """Return how many samples the exclusion of each of these signals of one place would take."""
    rows = db.session.scalars(select(Signal).where(Signal.id.in_(ids))).all()
    findings = found_signals(rows)
    present = [row for row in rows if row.id in findings and findings[row.id].devices]
    if not present:
        return {}
    values = _parameters(present, findings, key)
    left: dict[int, Counter[date]] = defaultdict(Counter)
    for device, day, n in db.session.execute(_fill(LEFT, present[0]), values):
        left[device_number(device, present[0].month, key)][day] += n
    sums = {}
    for row in present:
        first, last = _days(row)
        sums[row.id] = sum(
            n
            for number in {device["number"] for device in findings[row.id].devices}
            for day, n in left[number].items()
            if first <= day <= last
        )
    return sums


def _parameters(
    rows: Sequence[Signal], findings: Mapping[int, FoundSignal], key: str
) -> dict[str, Any]:
    """Return the parameters of statements about the phones of signals of one place and month."""
    one = rows[0]
    area = None if one.unit_id is None else communes_of(one.unit_id)
    units = {unit for row in rows for unit in findings[row.id].units}
    first, last = min(_days(row)[0] for row in rows), max(_days(row)[1] for row in rows)
    values: dict[str, Any] = {
        "units": [unit for unit in units if area is None or unit in area],
        "area": area,
        "first": first,
        "last": last,
        "since": day_begin(first),
        "until": day_begin(last + timedelta(days=1)),
        "campaign": one.campaign_id,
    }
    wanted = {device["number"] for row in rows for device in findings[row.id].devices}
    devices = db.session.execute(_fill(DEVICES, one), values).scalars()
    return values | {
        "devices": [each for each in devices if device_number(each, one.month, key) in wanted]
    }


def _days(row: Signal) -> tuple[date, date]:
    """Return the first and the last day of a signal."""
    first, last = (date.fromisoformat(row.evidence[name]) for name in ("first_day", "last_day"))
    return first, last


def _fill(statement: str, row: Signal) -> TextClause:
    if row.campaign_id is None:
        return text(statement.format(campaign="", taken=TAKEN))
    return text(statement.format(campaign=OF_CAMPAIGN, taken=TAKEN_OF_CAMPAIGN))


def _signal(signal_id: int) -> Signal:
    return or_404(db.session.get(Signal, signal_id))


def _evidence(
    row: Signal,
    finding: FoundSignal | None,
    rows: Sequence[SignalSample],
    context: SignalContext,
) -> SignalEvidence:
    by_day = Counter(sample["day"] for sample in rows)
    by_unit = Counter(sample["unit_id"] for sample in rows)
    query = select(
        Unit.id, Unit.code, Unit.name, Unit.province_id, Unit.latitude, Unit.longitude
    ).where(Unit.id.in_(by_unit))
    units: list[EvidenceUnit] = [
        {
            "id": unit.id,
            "code": unit.code,
            "name": unit.name,
            "province_id": unit.province_id,
            "latitude": unit.latitude,
            "longitude": unit.longitude,
            "n": by_unit[unit.id],
        }
        for unit in db.session.execute(query)
    ]
    first, last = _days(row)
    days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    area = None if row.unit_id is None else communes_of(row.unit_id)
    [item] = describe_signals([row], {row.id: finding} if finding else {}, area, context.language)
    return SignalEvidence(
        item=item,
        total=len(rows),
        days=[(day, by_day[day]) for day in days],
        units=sorted(units, key=lambda unit: (-unit["n"], unit["code"])),
        samples=[],
    )
