"""Signs of gaming, for people to look at: who may see them, and what they made of them.

Nothing follows from a sign by itself: a person decides whether samples are excluded, and that is
an act of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.campaigns.service import visible_campaign
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.authorized_unit import named, own_unit
from backend.coverage.signals.findings import Finding, findings
from backend.coverage.signals.models import Signal
from backend.coverage.signals.registrations import registrations_of
from backend.coverage.signals.sources import Looked, rows_of_campaign, rows_of_unit
from backend.database.extensions import db
from backend.errors import Problem, invalid
from backend.i18n import formats
from backend.i18n.catalogues import NN_, ngettext
from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.organisations.scopes import campaign_scope, unit_scope
from backend.units.service import UnitRow, find

KEY = ("campaign_id", "unit_id", "month", "kind", "subject")
# The order in which people should look: what is still open first.
STATES = ("open", "explained", "excluded")


# Figures that are written with what they count.
COUNTS = {
    "devices": NN_("{n} device", "{n} devices"),
    "measurements": NN_("{n} sample", "{n} samples"),
    "days": NN_("{n} day", "{n} days"),
    "hours": NN_("{n} different hour", "{n} different hours"),
    "lag_s": NN_("{n} second", "{n} seconds"),
}


class _Figures(dict[str, Any]):
    """Figures of a sign; one that was kept by an older rule may lack what is named today."""

    @classmethod
    def of(cls, kept: Mapping[str, Any], language: Language) -> "_Figures":
        return cls({name: _written(name, value, language) for name, value in kept.items()})

    def __missing__(self, name: str) -> str:
        return "?"


def _written(name: str, value: Any, language: Language) -> Any:
    if name == "share":
        return formats.percent(value, language, 0)
    if name == "day":
        return formats.day(date.fromisoformat(value), language)
    if not isinstance(value, int | float):
        return value
    written = formats.number(value, language, 0 if isinstance(value, int) else 1)
    if name not in COUNTS:
        return written
    return ngettext(*COUNTS[name], 1 if value == 1 else 2, language).format(n=written)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request brings beside its question."""

    now: datetime
    key: str  # of the numbers by which devices are named
    language: Language

    @property
    def today(self) -> date:
        return local_day(self.now)


def campaign_signals(
    actor: Actor, campaign_id: int, query: Mapping[str, Any], asking: Asking
) -> dict[str, Any]:
    """The signs among what teams have of a campaign's month."""
    campaign = visible_campaign(actor, campaign_id)
    require(actor, "campaign.see", campaign_scope(campaign_id))
    month = _month(query["month"], min(asking.today, campaign.last_day), asking)
    unit = _unit(query["unit"], query["level"], month) if query["unit"] else None
    looked = rows_of_campaign(campaign_id, month, unit.id if unit else None)
    scope = {"campaign_id": campaign_id, "unit_id": None}
    told = _answer(looked, scope, month, asking, whole=unit is None)
    run = {"id": campaign_id, "name": campaign.name}
    return {"campaign": run, "unit": unit and named(unit), **told}


def unit_signals(
    actor: Actor, code: str, query: Mapping[str, Any], asking: Asking
) -> dict[str, Any]:
    """The signs among what was measured in a unit's month, whoever has it."""
    unit, month = _official(actor, code, query, asking)
    scope = {"campaign_id": None, "unit_id": unit.id}
    told = _answer(rows_of_unit(unit.id, month), scope, month, asking, whole=True)
    return {"campaign": None, "unit": named(unit), **told}


def unit_registrations(
    actor: Actor, code: str, query: Mapping[str, Any], asking: Asking
) -> dict[str, Any]:
    """New devices of a unit's month, by commune and day."""
    unit, month = _official(actor, code, query, asking)
    items = registrations_of(unit.id, month)
    total = sum(row["registered"] for row in items)
    return {"month": month, "unit": named(unit), "registered": total, "items": items}


def decide_signal(
    actor: Actor, signal_id: int, decision: Mapping[str, Any], asking: Asking
) -> dict[str, Any]:
    """Say what a sign came to: explained, excluded, or open again."""
    user_id = require_person(actor)
    row = db.session.get(Signal, signal_id, with_for_update=True)
    if row is None:
        raise Problem(404, "not_found")
    _require_decider(actor, row)
    before = {"state": row.state, "noted": row.note is not None}
    row.state, row.note = decision["state"], decision["note"]
    row.user_id, row.changed_at = user_id, asking.now
    # What was written may name somebody; the log says only that something was.
    after = {"state": row.state, "noted": row.note is not None}
    record_act(actor, "signal.decide", f"signal:{row.id}", before=before, after=after)
    db.session.flush()
    told = _told(row, [], asking.language, current=None)
    db.session.commit()
    return told


def _require_decider(actor: Actor, row: Signal) -> None:
    """Whoever sees a sign decides on it; for others there is none."""
    if row.campaign_id is not None:
        visible_campaign(actor, row.campaign_id)
        act, scope = "campaign.see", campaign_scope(row.campaign_id)
    else:
        assert row.unit_id is not None  # the table's check
        act, scope = "unit.signals", unit_scope(row.unit_id)
    require(actor, act, scope, hidden=True)
    if not actor.may_write:
        raise Problem(403, "forbidden")


def _official(
    actor: Actor, code: str, query: Mapping[str, Any], asking: Asking
) -> tuple[UnitRow, str]:
    month = _month(query["month"], asking.today, asking)
    return own_unit(actor, "unit.signals", code, query["level"], month), month


def _unit(code: str, level: str | None, month: str) -> UnitRow:
    """The unit of the code on the month's last day, as in coverage."""
    return find(month_end(month), code, level)


def _month(asked: str | None, otherwise: date, asking: Asking) -> str:
    month = asked or f"{otherwise:%Y-%m}"
    if month_start(month) > asking.today:
        raise invalid("month", "month_in_future")
    return month


def _answer(
    looked: Looked, scope: Mapping[str, int | None], month: str, asking: Asking, *, whole: bool
) -> dict[str, Any]:
    found = findings(looked, month, asking.key)
    _keep(found, {**scope, "month": month}, asking.now)
    now_found = {(one.kind, one.subject): one for one in found}
    items = []
    for row in _kept(scope, month):
        one = now_found.get((row.kind, row.subject))
        if one is not None:
            items.append(_told(row, one.devices, asking.language, current=True))
        elif whole and row.state != "open":  # what was decided stays to be read
            items.append(_told(row, [], asking.language, current=False))
    db.session.commit()
    return {
        "month": month,
        "measurements": len(looked.rows),
        "devices": len(looked.volunteers),
        "explained": message("signals_explained", asking.language),
        "items": sorted(items, key=lambda item: STATES.index(item["state"])),
    }


def _keep(found: Sequence[Finding], where: Mapping[str, Any], now: datetime) -> None:
    """Give each finding its row, once, whoever looks at the same time; figures follow."""
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


def _kept(scope: Mapping[str, int | None], month: str) -> Sequence[Signal]:
    column = Signal.unit_id if scope["campaign_id"] is None else Signal.campaign_id
    wanted = scope["unit_id"] if scope["campaign_id"] is None else scope["campaign_id"]
    query = select(Signal).where(column == wanted, Signal.month == month).order_by(Signal.id)
    return db.session.scalars(query.execution_options(populate_existing=True)).all()


def _told(
    row: Signal, devices: Sequence[Mapping[str, Any]], language: Language, *, current: bool | None
) -> dict[str, Any]:
    names = ("id", "kind", "month", "evidence", "found_at", "state", "note", "changed_at")
    told = {name: getattr(row, name) for name in names}
    kept = row.evidence
    figures = _Figures.of(kept | kept["facts"], language)
    return {
        **told,
        "title": message(f"signal_{row.kind}", language),
        "message": message(f"signal_{row.kind}_found", language).format_map(figures),
        "may_be": message(f"signal_{row.kind}_may_be", language),
        "devices": devices,
        "current": current,
    }
