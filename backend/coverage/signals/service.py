"""Signals of gaming and decisions on them.

A signal has no effect by itself: a person decides whether samples are excluded, in a separate act.
"""

import hashlib
import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.unit_access import authorized_unit, serialize_unit
from backend.coverage.signals import queries
from backend.coverage.signals.models import Signal
from backend.coverage.signals.rules import SIGNALS, DeviceSample, Evidence
from backend.coverage.signals.withdrawn import (
    WITHDRAWN_SHARE,
    CommuneShare,
    large_shares,
    shares_in,
)
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.i18n import formats
from backend.i18n.catalogues import N_, NN_, Language, gettext, ngettext
from backend.i18n.messages import message
from backend.organisations.scopes import campaign_scope, unit_scope
from backend.units.service import UnitRow, find

KINDS = (*SIGNALS, WITHDRAWN_SHARE)
KEY = ("campaign_id", "unit_id", "month", "kind", "subject")
# In the order of review: open signals first.
STATES = ("open", "explained", "excluded")

# A reviewer needs to see the composition of a group, not each of hundreds of devices.
DEVICES_SHOWN = 50
# Eight digits can be read out on the telephone and hardly ever collide in one month.
NUMBER_BELOW = 10**8
# Facts that distinguish findings of the same kind and device.
DISTINGUISHING_FACTS = ("day",)

# Figures that are formatted with their unit.
COUNTS = {
    "devices": NN_("{n} device", "{n} devices"),
    "measurements": NN_("{n} sample", "{n} samples"),
    "days": NN_("{n} day", "{n} days"),
    "hours": NN_("{n} different hour", "{n} different hours"),
    "lag_s": NN_("{n} second", "{n} seconds"),
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
class Finding:
    """One finding: the evidence, which is stored, and the devices, which are only shown."""

    kind: str
    subject: str
    evidence: dict[str, Any]
    devices: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class SignalContext:
    """Time, key and language of a request."""

    now: datetime
    key: str  # of the numbers of devices
    language: Language

    @property
    def today(self) -> date:
        return local_day(self.now)


def campaign_signals(
    actor: Actor, campaign_id: int, query: Mapping[str, Any], context: SignalContext
) -> dict[str, Any]:
    """Return the signals among the samples of a campaign's month."""
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    month = _month(query["month"], min(context.today, campaign.last_day), context)
    unit = find(month_end(month), query["unit"], query["level"]) if query["unit"] else None
    samples = queries.samples_of_campaign(campaign_id, month, unit.id if unit else None)
    scope = {"campaign_id": campaign_id, "unit_id": None}
    answer = _answer(samples, scope, month, context, whole=unit is None)
    reference = {"id": campaign_id, "name": campaign.name}
    return {"campaign": reference, "unit": unit and serialize_unit(unit), **answer}


def unit_signals(
    actor: Actor, code: str, query: Mapping[str, Any], context: SignalContext
) -> dict[str, Any]:
    """Return the signals among all samples of a unit's month."""
    unit, month = _authorized_unit(actor, code, query, context)
    scope = {"campaign_id": None, "unit_id": unit.id}
    samples = queries.samples_of_unit(unit.id, month)
    shares = large_shares(shares_in(unit, month, context.today))
    withdrawn = [_share_finding(one, month, context.key) for one in shares]
    answer = _answer(samples, scope, month, context, whole=True, more=withdrawn)
    return {"campaign": None, "unit": serialize_unit(unit), **answer}


def unit_registrations(
    actor: Actor, code: str, query: Mapping[str, Any], context: SignalContext
) -> dict[str, Any]:
    """Return the new devices of a unit's month, by commune and day."""
    unit, month = _authorized_unit(actor, code, query, context)
    items = queries.registrations_of(unit.id, month)
    total = sum(row["registered"] for row in items)
    return {"month": month, "unit": serialize_unit(unit), "registered": total, "items": items}


def decide_signal(
    actor: Actor, signal_id: int, decision: Mapping[str, Any], context: SignalContext
) -> dict[str, Any]:
    """Set the state of a signal: explained, excluded, or open again."""
    user_id = require_person(actor)
    row = db.session.get(Signal, signal_id, with_for_update=True)
    if row is None:
        raise Problem(404, "not_found")
    _require_decider(actor, row)
    before = {"state": row.state, "noted": row.note is not None}
    row.state, row.note = decision["state"], decision["note"]
    row.user_id, row.changed_at = user_id, context.now
    # A note may contain personal data; the log records only whether there is one.
    after = {"state": row.state, "noted": row.note is not None}
    record_act(actor, "signal.decide", f"signal:{row.id}", before=before, after=after)
    db.session.flush()
    answer = _serialize(row, [], context.language, current=None)
    db.session.commit()
    return answer


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
    actor: Actor, code: str, query: Mapping[str, Any], context: SignalContext
) -> tuple[UnitRow, str]:
    month = _month(query["month"], context.today, context)
    return authorized_unit(actor, "unit.signals", code, query["level"], month), month


def _month(month: str | None, default: date, context: SignalContext) -> str:
    month = month or f"{default:%Y-%m}"
    if month_start(month) > context.today:
        raise invalid("month", "month_in_future")
    return month


def _answer(
    samples: queries.SampleSet,
    scope: Mapping[str, int | None],
    month: str,
    context: SignalContext,
    *,
    whole: bool,
    more: Sequence[Finding] = (),
) -> dict[str, Any]:
    found = [*findings(samples, month, context.key), *more]
    _store(found, {**scope, "month": month}, context.now)
    by_subject = {(one.kind, one.subject): one for one in found}
    items = []
    for row in _stored(scope, month):
        one = by_subject.get((row.kind, row.subject))
        if one is not None:
            items.append(_serialize(row, one.devices, context.language, current=True))
        elif whole and row.state != "open":  # decided signals remain visible
            items.append(_serialize(row, [], context.language, current=False))
    db.session.commit()
    return {
        "month": month,
        "measurements": len(samples.rows),
        "devices": len(samples.owners),
        "explained": message("signals_explained", context.language),
        "items": sorted(items, key=lambda item: STATES.index(item["state"])),
    }


def _store(found: Sequence[Finding], where: Mapping[str, Any], now: datetime) -> None:
    """Insert findings that are new and update the figures of others; safe for concurrent calls."""
    rows = [
        {**where, "kind": one.kind, "subject": one.subject, "evidence": one.evidence,
         "found_at": now}
        for one in sorted(found, key=lambda one: (one.kind, one.subject))
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


def _stored(scope: Mapping[str, int | None], month: str) -> Sequence[Signal]:
    query = select(Signal).filter_by(**scope, month=month).order_by(Signal.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _serialize(
    row: Signal, devices: Sequence[Mapping[str, Any]], language: Language, *, current: bool | None
) -> dict[str, Any]:
    names = ("id", "kind", "month", "evidence", "found_at", "state", "note", "changed_at")
    # Evidence that an older rule stored may lack some.
    figures: defaultdict[str, Any] = defaultdict(lambda: "?")
    for name, value in (row.evidence | row.evidence["facts"]).items():
        figures[name] = _format(name, value, language)
    return {
        **{name: getattr(row, name) for name in names},
        "title": message(f"signal_{row.kind}", language),
        "message": message(f"signal_{row.kind}_found", language).format_map(figures),
        "may_be": message(f"signal_{row.kind}_may_be", language),
        "devices": devices,
        "current": current,
    }


def findings(samples: queries.SampleSet, month: str, key: str) -> list[Finding]:
    """Apply all rules to a month's samples."""
    by_id = {row.id: row for row in samples.rows}
    return [
        _finding(one, [by_id[each] for each in one.measurements], samples, month, key)
        for signal in SIGNALS.values()
        for one in signal(samples.rows)
    ]


def device_number(device: UUID, month: str, key: str) -> int:
    """Return the pseudonym of a device in one month; it cannot be reversed without the key."""
    digest = _digest(key, f"number|{month}|{device}")
    return int.from_bytes(digest[:8]) % NUMBER_BELOW


def _finding(
    one: Evidence, rows: list[DeviceSample], samples: queries.SampleSet, month: str, key: str
) -> Finding:
    """Build a finding; its subject depends on the first row, so it is stable as a group grows."""
    first = rows[0]
    place = (first.latitude, first.longitude) if one.signal == "same_coordinates" else ()
    facts = [one.facts.get(name) for name in DISTINGUISHING_FACTS]
    subject = _digest(key, f"subject|{month}|{one.signal}|{first.device}|{place}|{facts}")
    days = sorted({local_day(row.at) for row in rows})
    stored = {
        "devices": len(one.devices),
        "measurements": len(rows),
        "first_day": days[0].isoformat(),
        "last_day": days[-1].isoformat(),
        "facts": dict(one.facts),
    }
    shown = _serialize_devices(one.devices[:DEVICES_SHOWN], samples.owners, month, key)
    return Finding(one.signal, subject.hex()[:32], stored, shown)


def _share_finding(one: CommuneShare, month: str, key: str) -> Finding:
    subject = _digest(key, f"subject|{month}|{WITHDRAWN_SHARE}|{one.unit.id}|{one.network}")
    facts = {
        "unit": one.unit.name,
        "network": one.network,
        "counted": one.counted,
        "share": round(one.share, 2),
    }
    stored = {
        "devices": 0,  # unknown
        "measurements": one.withdrawn,
        "first_day": month_start(month).isoformat(),
        "last_day": month_end(month).isoformat(),
        "facts": facts,
    }
    return Finding(WITHDRAWN_SHARE, subject.hex()[:32], stored, [])


def _serialize_devices(
    devices: Iterable[UUID],
    owners: Mapping[UUID, tuple[int | None, int | None]],
    month: str,
    key: str,
) -> list[dict[str, Any]]:
    rows = []
    for device in devices:
        volunteer, team = owners.get(device, (None, None))
        number = device_number(device, month, key)
        rows.append({"number": number, "volunteer": volunteer, "team_id": team})
    return sorted(rows, key=lambda row: int(row["number"]))


def _digest(key: str, content: str) -> bytes:
    return hmac.digest(key.encode(), b"signals|" + content.encode(), hashlib.sha256)
