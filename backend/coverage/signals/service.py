"""Signals of gaming and decisions on them.

A signal has no effect by itself: a person decides whether samples are excluded, in a separate act.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NotRequired, TypedDict, cast

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.unit_access import (
    UnitWithLevel,
    authorized_unit,
    communes_of,
    serialize_unit,
)
from backend.coverage.signals.findings import DEVICES_SHOWN, Finding, SignalDevice, SignalFigures
from backend.coverage.signals.models import Signal
from backend.coverage.signals.networks import SAME_NETWORK
from backend.coverage.signals.rules import SIGNALS
from backend.coverage.signals.scans import Freshness, Place, refresh, search_soon
from backend.coverage.signals.shares import ONE_DEVICE, WITHDRAWN_SHARE
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.fields import MAX_ID
from backend.http.etags import stale
from backend.http.paging import PageQuery, decode_cursor, take_page
from backend.i18n import formats
from backend.i18n.catalogues import N_, NN_, Language, gettext, ngettext
from backend.i18n.messages import message
from backend.organisations.references import NamedRef
from backend.organisations.scopes import campaign_scope, unit_scope
from backend.units.models import Unit
from backend.units.service import UnitRow, find
from backend.witness.models import CarrierNetwork

KINDS = (*SIGNALS, ONE_DEVICE, SAME_NETWORK, WITHDRAWN_SHARE)
# In the order of review: open signals first.
STATES = ("open", "explained", "excluded")

# Stored findings of communes, and those of their provinces that have samples in them. The same
# finding in several communes is one.
FINDINGS = text("""
    select f.kind, f.subject, f.evidence, f.units, f.devices, f.found_at
    from signal_findings f join signal_scans s on s.id = f.scan_id
    join units u on u.id = s.unit_id
    where s.month = :month and s.campaign_id is not distinct from cast(:campaign as int)
        and (cast(:units as int[]) is null or s.unit_id = any(:units)
            or u.level = 'province' and f.units && cast(:units as int[]))
        and (cast(:subjects as text[]) is null or f.subject = any(:subjects))
    order by f.id
""")
TOTALS = text("""
    select coalesce(sum(measurements), 0)::int as measurements,
        coalesce(sum(devices), 0)::int as devices
    from signal_scans
    where month = :month and campaign_id is not distinct from cast(:campaign as int)
        and (cast(:units as int[]) is null or unit_id = any(:units))
""")

# Figures that are formatted with their unit.
COUNTS = {
    "devices": NN_("{n} device", "{n} devices"),
    "measurements": NN_("{n} sample", "{n} samples"),
    "days": NN_("{n} day", "{n} days"),
    "hours": NN_("{n} different hour", "{n} different hours"),
    "lag_s": NN_("{n} second", "{n} seconds"),
    "every_s": NN_("{n} second", "{n} seconds"),
}


NETWORK_NAMES = {"mobile": N_("mobile"), "fixed": N_("fixed")}


def _format(name: str, value: Any, language: Language) -> Any:
    if name == "share":
        return formats.percent(value, language, 0)
    if name == "network":
        return gettext(NETWORK_NAMES[value], language)
    if name == "day":
        return formats.day(date.fromisoformat(value), language)
    if not isinstance(value, int | float):
        return value
    number = formats.number(value, language, 0 if isinstance(value, int) else 1)
    if name not in COUNTS:
        return number
    return ngettext(*COUNTS[name], 1 if value == 1 else 2, language).format(n=number)


@dataclass(frozen=True, slots=True)
class SignalContext:
    """Time, key and language of a request."""

    now: datetime
    key: str  # of the numbers of devices
    language: Language

    @property
    def today(self) -> date:
        return local_day(self.now)


class SignalsQuery(PageQuery):
    """A page of a month's signals, by default of all kinds, states and units."""

    month: str | None  # YYYY-MM; null: the current one, or the campaign's latest
    level: str | None  # needed if the code names two units
    kind: str | None
    state: str | None
    unit: str | None  # its code
    team: NotRequired[int | None]  # of a campaign


class SignalUnit(TypedDict):
    """A commune of the samples of a signal."""

    code: str
    name: str


class SignalAnswer(TypedDict):
    """One signal with its evidence, innocent explanations, and the decision on it."""

    id: int
    kind: str
    month: str
    evidence: SignalFigures
    found_at: datetime
    state: str  # open, explained, excluded
    note: str | None  # of the person who decided
    changed_at: datetime | None
    version: int
    with_samples: bool  # whether its samples were excluded with it
    title: str
    message: str  # what was found
    may_be: str  # innocent explanations
    devices: list[SignalDevice]
    units: list[SignalUnit]
    current: bool | None  # false: no longer found; null: not computed now


class KindCount(TypedDict):
    """A kind of signal and how many there are, whatever the page."""

    kind: str
    title: str
    n: int


class StateCount(TypedDict):
    """A state and how many signals are in it."""

    state: str
    n: int


class TeamCount(TypedDict):
    """A team and how many signals of it are found."""

    team_id: int
    n: int


class MonthSignals(TypedDict):
    """A page of the signals of a month."""

    month: str
    measurements: int  # valid tests
    devices: int  # counted in each commune where they measured
    as_of: datetime | None  # the last search; null before the first one
    searching: bool  # a new search waits or runs
    networks_note: str | None  # that no list of carriers' networks is loaded
    explained: str  # what a signal is
    kinds: list[KindCount]
    states: list[StateCount]
    teams: list[TeamCount]
    items: list[SignalAnswer]
    next: str | None  # the cursor of the next page; null on the last one


class SignalsPage(MonthSignals):
    """A page of the signals of a campaign's or unit's month."""

    campaign: NamedRef | None
    unit: UnitWithLevel | None


def campaign_signals(
    actor: Actor, campaign_id: int, query: SignalsQuery, context: SignalContext
) -> SignalsPage:
    """Return a page of the signals among the samples of a campaign's month."""
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    month = _month(query["month"], min(context.today, campaign.last_day), context)
    reference: NamedRef = {"id": campaign_id, "name": campaign.name}
    unit = find(month_end(month), query["unit"], query["level"]) if query["unit"] else None
    units = communes_of(unit.id) if unit else None
    scope: Scope = {"campaign_id": campaign_id, "unit_id": None}
    selection = Selection(scope, month, units, with_decided=unit is None)
    fresh = refresh(Place(month, None, campaign_id), actor, context.now)
    answer = _answer(selection, query, fresh, context)
    return {**answer, "campaign": reference, "unit": serialize_unit(unit) if unit else None}


def unit_signals(
    actor: Actor, code: str, query: SignalsQuery, context: SignalContext
) -> SignalsPage:
    """Return a page of the signals among all samples of a unit's month."""
    unit, month = _authorized_unit(actor, code, query["level"], query["month"], context)
    scope: Scope = {"campaign_id": None, "unit_id": unit.id}
    communes = communes_of(unit.id)
    if query["unit"]:
        place = find(month_end(month), query["unit"], "commune")
        communes = [commune for commune in communes if commune == place.id]
    selection = Selection(scope, month, communes, with_decided=not query["unit"])
    fresh = refresh(Place(month, _province_of(unit)), actor, context.now)
    answer = _answer(selection, query, fresh, context)
    return {**answer, "campaign": None, "unit": serialize_unit(unit)}


def search_campaign(
    actor: Actor, campaign_id: int, month: str | None, context: SignalContext
) -> None:
    """Let a job search a campaign's month now, whenever it was searched."""
    require_person(actor, write=True)
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    month = _month(month, min(context.today, campaign.last_day), context)
    search_soon(Place(month, None, campaign_id), actor, context.now)
    db.session.commit()


def search_unit(actor: Actor, code: str, month: str | None, context: SignalContext) -> None:
    """Let a job search the month of a unit's province now, whenever it was searched."""
    require_person(actor, write=True)
    unit, month = _authorized_unit(actor, code, None, month, context)
    search_soon(Place(month, _province_of(unit)), actor, context.now)
    db.session.commit()


def lock_signal(actor: Actor, signal_id: int, version: int | None = None) -> Signal:
    """Return a locked signal on which the actor may decide; 412 if its version is another one."""
    require_person(actor)
    row = or_404(db.session.get(Signal, signal_id, with_for_update=True, populate_existing=True))
    _require_decider(actor, row)
    if version not in (None, row.version):
        raise stale()
    return row


def set_state(
    actor: Actor, row: Signal, state: str, note: str | None, context: SignalContext
) -> SignalAnswer:
    """Set the state of a locked signal in the caller's transaction; return the signal."""
    before = {"state": row.state, "noted": row.note is not None}
    row.state, row.note = state, note
    row.user_id, row.changed_at = actor.user_id, context.now
    row.version += 1
    # A note may contain personal data; the log records only whether there is one.
    after = {"state": row.state, "noted": row.note is not None}
    record_act(actor, "signal.decide", f"signal:{row.id}", before=before, after=after)
    db.session.flush()
    return _serialize(row, None, context.language, [], current=None)


def _require_decider(actor: Actor, row: Signal) -> None:
    """Allow those who may see a signal to decide on it; answer 404 to others."""
    if row.campaign_id is not None:
        visible_campaign(actor, row.campaign_id)
        act, scope = "campaign.see", campaign_scope(row.campaign_id)
    else:
        assert row.unit_id is not None  # the table's check
        act, scope = "unit.signals", unit_scope(row.unit_id)
    require(actor, act, scope, hidden=True)
    if not actor.may_write:
        raise Problem(403, "forbidden")


def _authorized_unit(
    actor: Actor, code: str, level: str | None, month: str | None, context: SignalContext
) -> tuple[UnitRow, str]:
    month = _month(month, context.today, context)
    return authorized_unit(actor, "unit.signals", code, level, month), month


def _province_of(unit: UnitRow) -> int:
    query = select(func.coalesce(Unit.province_id, Unit.id)).where(Unit.id == unit.id)
    return int(db.session.execute(query).scalar_one())


def _month(month: str | None, default: date, context: SignalContext) -> str:
    month = month or f"{default:%Y-%m}"
    if month_start(month) > context.today:
        raise invalid("month", "month_in_future")
    return month


@dataclass(frozen=True, slots=True)
class FoundSignal(Finding):
    """A stored finding."""

    found_at: datetime


Scope = Mapping[str, int | None]  # campaign_id or unit_id


@dataclass(frozen=True, slots=True)
class Selection:
    """The signals of a campaign's or unit's month; `units` are its communes, None: all."""

    scope: Scope
    month: str
    units: list[int] | None
    with_decided: bool  # also signals that are no longer found

    def parameters(self, subjects: Sequence[str] | None = None) -> dict[str, Any]:
        """Return the parameters of statements."""
        campaign = self.scope["campaign_id"]
        values = {"month": self.month, "campaign": campaign, "units": self.units}
        return values | {"subjects": None if subjects is None else list(subjects)}


def _answer(
    selection: Selection, query: SignalsQuery, fresh: Freshness, context: SignalContext
) -> MonthSignals:
    """Return a page of the stored signals; open ones come first."""
    findings = _findings_of(selection)
    decided = _decided(selection)
    present = {*findings, *(decided if selection.with_decided else ())}
    keys = [key for key in present if key[0] in KINDS]
    of_team = [key for key in keys if _is_of_team(findings.get(key), query.get("team"))]
    counts = Counter(decided.get(key, "open") for key in of_team)
    of_state = [key for key in of_team if query["state"] in (None, decided.get(key, "open"))]
    shown = [key for key in of_state if query["kind"] in (None, key[0])]
    order = {key: _place(key, decided, findings) for key in shown}
    after = decode_cursor(query["cursor"], int, int, int, int, str)
    rest = sorted(
        (key for key in shown if after is None or order[key] > after), key=order.__getitem__
    )
    page, following = take_page(rest, query["limit"], order.__getitem__)
    items = _items(page, findings, selection, context)
    totals = db.session.execute(TOTALS, selection.parameters()).one()
    loaded = db.session.scalar(select(func.max(CarrierNetwork.loaded_at)))
    db.session.commit()
    return {
        "month": selection.month,
        "measurements": totals.measurements,
        "devices": totals.devices,
        "as_of": fresh.as_of,
        "searching": fresh.searching,
        "networks_note": None if loaded else message("signals_no_networks", context.language),
        "explained": message("signals_explained", context.language),
        "kinds": _serialize_kinds(of_state, context.language),
        "states": [{"state": state, "n": counts[state]} for state in STATES],
        "teams": _serialize_teams(findings[key] for key in keys if key in findings),
        "items": items,
        "next": following,
    }


Key = tuple[str, str]  # kind, subject


def _is_of_team(finding: FoundSignal | None, team: int | None) -> bool:
    """Return whether a device of a finding is of a team; None: any."""
    return team is None or (
        finding is not None and any(device["team_id"] == team for device in finding.devices)
    )


def _place(
    key: Key, decided: Mapping[Key, str], findings: Mapping[Key, FoundSignal]
) -> tuple[int, int, int, int, str]:
    """Return the place of a signal: open ones first, then by team, kind and device.

    Signals of several teams or devices, and those that are no longer found, come last.
    """
    state = STATES.index(decided.get(key, "open"))
    team, device = _group(findings.get(key))
    return state, team, KINDS.index(key[0]), device, key[1]


def _group(finding: FoundSignal | None) -> tuple[int, int]:
    """Return the team, or else the commune, and the device of a finding."""
    if finding is None or not finding.devices:
        return MAX_ID, MAX_ID
    teams = {device["team_id"] or 0 for device in finding.devices}
    places = teams if teams != {0} else set(finding.units)
    device = finding.devices[0]["number"] if len(finding.devices) == 1 else MAX_ID
    return (min(places) if len(places) == 1 else MAX_ID), device


def _findings_of(
    selection: Selection, subjects: Sequence[str] | None = None
) -> dict[Key, FoundSignal]:
    """Return the present findings; the latest search of a finding in several communes counts."""
    findings: dict[Key, FoundSignal] = {}
    rows = db.session.execute(FINDINGS, selection.parameters(subjects))
    for finding in (FoundSignal(*row) for row in rows):
        key = finding.kind, finding.subject
        if other := findings.get(key):
            finding = _joined(other, finding)
        findings[key] = finding
    return findings


def _joined(earlier: FoundSignal, later: FoundSignal) -> FoundSignal:
    """Return a finding of two communes; each has the devices that are in it."""
    devices = {each["number"]: each for each in (*earlier.devices, *later.devices)}
    shown = [devices[number] for number in sorted(devices)][:DEVICES_SHOWN]
    first = min(earlier.found_at, later.found_at)
    return FoundSignal(earlier.kind, earlier.subject, later.evidence, later.units, shown, first)


def _decided(selection: Selection) -> dict[Key, str]:
    """Return the states of decided signals."""
    query = select(Signal.kind, Signal.subject, Signal.state).filter_by(
        **selection.scope, month=selection.month
    )
    rows = db.session.execute(query.where(Signal.state != "open"))
    return {(kind, subject): state for kind, subject, state in rows}


def _items(
    page: Sequence[Key],
    findings: Mapping[Key, FoundSignal],
    selection: Selection,
    context: SignalContext,
) -> list[SignalAnswer]:
    """Store the signals of a page, so that they have ids, and return them."""
    present = [findings[key] for key in page if key in findings]
    _store(present, {**selection.scope, "month": selection.month})
    stored = {(row.kind, row.subject): row for row in _stored(page, selection)}
    # Some may have been deleted by a request at the same time.
    rows = [stored[key] for key in page if key in stored]
    by_id = {stored[key].id: findings[key] for key in findings.keys() & stored.keys()}
    return describe_signals(rows, by_id, selection.units, context.language)


def describe_signals(
    rows: Iterable[Signal],
    findings: Mapping[int, FoundSignal],
    units: Collection[int] | None,
    language: Language,
) -> list[SignalAnswer]:
    """Return signals with their findings by id, and the communes of these.

    Only communes among `units`, of the unit or campaign, are named: phones are not tracked.
    """
    shown = {
        number: [unit for unit in finding.units if units is None or unit in units]
        for number, finding in findings.items()
    }
    names = _unit_names(unit for of_one in shown.values() for unit in of_one)
    return [
        _serialize(
            row,
            findings.get(row.id),
            language,
            [names[unit] for unit in shown.get(row.id, ())],
            current=row.id in findings,
        )
        for row in rows
    ]


def _unit_names(units: Iterable[int]) -> dict[int, SignalUnit]:
    query = select(Unit.id, Unit.code, Unit.name).where(Unit.id.in_(set(units)))
    return {row.id: {"code": row.code, "name": row.name} for row in db.session.execute(query)}


def _serialize_kinds(keys: Iterable[Key], language: Language) -> list[KindCount]:
    """Return the number of signals of each kind that occurs."""
    numbers = Counter(kind for kind, _ in keys)
    return [
        {"kind": kind, "title": message(f"signal_{kind}", language), "n": numbers[kind]}
        for kind in KINDS
        if numbers[kind]
    ]


def _serialize_teams(findings: Iterable[FoundSignal]) -> list[TeamCount]:
    """Return the number of found signals of each team."""
    teams = ({device["team_id"] for device in finding.devices} for finding in findings)
    numbers = Counter(team for of_one in teams for team in of_one if team is not None)
    return [{"team_id": team, "n": numbers[team]} for team in sorted(numbers)]


def found_signals(rows: Iterable[Signal]) -> dict[int, FoundSignal]:
    """Return the present findings of signals by id; those that are no longer found are left out."""
    groups: dict[tuple[int | None, int | None, str], list[Signal]] = defaultdict(list)
    for row in rows:
        groups[row.campaign_id, row.unit_id, row.month].append(row)
    present = {}
    for (campaign, unit, month), theirs in groups.items():
        scope: Scope = {"campaign_id": campaign, "unit_id": unit}
        units = None if unit is None else communes_of(unit)
        selection = Selection(scope, month, units, with_decided=True)
        findings = _findings_of(selection, [row.subject for row in theirs])
        for row in theirs:
            if one := findings.get((row.kind, row.subject)):
                present[row.id] = one
    return present


def _store(findings: Sequence[FoundSignal], where: Mapping[str, Any]) -> None:
    """Insert findings that are new and update the figures of others; safe for concurrent calls."""
    rows = [
        {**where, "kind": finding.kind, "subject": finding.subject, "evidence": finding.evidence,
         "found_at": finding.found_at}
        for finding in sorted(findings, key=lambda finding: (finding.kind, finding.subject))
    ]  # fmt: skip
    if not rows:
        return
    query = insert(Signal)
    evidence = query.excluded.evidence
    changed = query.on_conflict_do_update(
        constraint="uq_signals_key",
        set_={"evidence": evidence},
        where=Signal.evidence.is_distinct_from(evidence),
    )
    db.session.execute(changed, rows)


def _stored(page: Sequence[Key], selection: Selection) -> Sequence[Signal]:
    query = select(Signal).filter_by(**selection.scope, month=selection.month)
    subjects = [subject for _, subject in page]
    query = query.where(Signal.subject.in_(subjects)).execution_options(populate_existing=True)
    return db.session.scalars(query).all()


def _serialize(
    row: Signal,
    finding: FoundSignal | None,
    language: Language,
    units: list[SignalUnit],
    *,
    current: bool | None,
) -> SignalAnswer:
    # Evidence that an older rule stored may lack some.
    figures: defaultdict[str, Any] = defaultdict(lambda: "?")
    for name, value in (row.evidence | row.evidence["facts"]).items():
        figures[name] = _format(name, value, language)
    # Some kinds have several cases with texts of their own.
    case = row.evidence["facts"].get("case")
    code = f"signal_{row.kind}_{case}" if case else f"signal_{row.kind}"
    return {
        "id": row.id,
        "kind": row.kind,
        "month": row.month,
        "evidence": cast(SignalFigures, row.evidence),
        "found_at": row.found_at,
        "state": row.state,
        "note": row.note,
        "changed_at": row.changed_at,
        "version": row.version,
        "with_samples": row.with_samples,
        "title": message(f"signal_{row.kind}", language),
        "message": message(f"{code}_found", language).format_map(figures),
        "may_be": message(f"{code}_may_be", language),
        "devices": finding.devices if finding else [],
        "units": units,
        "current": current,
    }
