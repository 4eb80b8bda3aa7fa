"""Import VNNIC's own counts: show what a file would do, then do it; again is no change."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, Kind, Scope, can, require
from backend.accounts.audit import record_act
from backend.clock import local_day, month_end, month_start
from backend.coverage.vnnic.figures import FIGURES
from backend.coverage.vnnic.matching import Row, matched
from backend.coverage.vnnic.models import VnnicColumns, VnnicCount
from backend.coverage.vnnic.reader import COLUMNS, Learned, Read, read
from backend.database.extensions import db
from backend.errors import invalid
from backend.organisations.clusters import units_of
from backend.team_import.places import Place, Places
from backend.team_import.service import places_on
from backend.units.service import check_level

ACT = "vnnic.import"
KINDS: tuple[Kind, ...] = ("unit", "cluster")  # of areas
# Codes of the General Statistics Office; a spreadsheet drops their leading zeros.
DIGITS = {"province": 2, "district": 3, "commune": 5}
# Sets of titles that are tried on a file whose own titles say nothing.
LEARNED_MOST = 50
VALUES = ("samples", *FIGURES, "source")


@dataclass(frozen=True, slots=True)
class About:
    """What a file does not say of itself."""

    month: str
    network: str
    level: str | None = None
    columns: Mapping[str, str] | None = None  # which column is which, by title


@dataclass(frozen=True, slots=True)
class Import:
    """What a file did or would do."""

    about: About
    read: Read
    rows: Sequence[Row]
    dry_run: bool

    @property
    def totals(self) -> dict[str, int]:
        counted = Counter(row.outcome for row in self.rows)
        names = ("create", "update", "unchanged", "error")
        return {"rows": len(self.rows), **{name: counted[name] for name in names}}


def import_vnnic(
    actor: Actor | None,
    fetch: Callable[[], bytes],
    about: About,
    *,
    dry_run: bool,
    now: datetime,
) -> Import:
    """Say what each row of a file does; without a dry run, keep what has a unit.

    An official's file reaches the units of their area; `actor` is None at the operator's shell.
    """
    if actor is not None:
        units, clusters = (actor.ids("official", kind) for kind in KINDS)
        require(actor, ACT, Scope(units=units, clusters=clusters))
    _check(about, now)
    raw = fetch()
    found = read(raw, about.level, about.columns or {}, _learned())
    day = month_end(about.month)
    check_level(day, found.level)
    places = Places(places_on(day, found.level), digits=DIGITS[found.level])
    rows = matched(found.rows, found.source, places, _within_area(actor))
    before = _standing(about, rows)
    for row in rows:
        row.before = before.get(row.place.id) if row.place else None
    result = Import(about, found, rows, dry_run)
    if not dry_run:
        _write(result, now)
        _note(actor, raw, result)
        db.session.commit()
    return result


def _check(about: About, now: datetime) -> None:
    if month_start(about.month) > local_day(now):
        raise invalid("month", "month_in_future")
    if set(about.columns or {}) - set(COLUMNS):
        raise invalid("columns", "not_one_of")


def _within_area(actor: Actor | None) -> Callable[[Place], bool]:
    """Whether a place is the actor's: under a unit of the area, or in a cluster of communes."""
    clusters = actor.ids("official", "cluster") if actor else ()
    communes = {cluster: units_of(cluster) for cluster in clusters}

    def may(place: Place) -> bool:
        around = frozenset(one for one, units in communes.items() if units & place.lies_in)
        return actor is None or can(actor, ACT, Scope(units=place.lies_in, clusters=around))

    return may


def _learned() -> Learned:
    """What people said of columns, the latest first."""
    latest = select(VnnicColumns).order_by(VnnicColumns.learned_at.desc()).limit(LEARNED_MOST)
    return {row.titles: row.columns for row in db.session.scalars(latest)}


def _standing(about: About, rows: Sequence[Row]) -> dict[int, dict[str, Any]]:
    units = {row.place.id for row in rows if row.place}
    query = select(VnnicCount).where(
        VnnicCount.month == about.month,
        VnnicCount.network == about.network,
        VnnicCount.unit_id.in_(units),
    )
    return {
        row.unit_id: {name: getattr(row, name) for name in VALUES}
        for row in db.session.scalars(query)
    }


def _write(result: Import, now: datetime) -> None:
    key = {"month": result.about.month, "network": result.about.network}
    changed = [
        {**key, "unit_id": row.place.id, **row.values, "imported_at": now}
        for row in result.rows
        if row.place and row.outcome in ("create", "update")
    ]
    if changed:
        add = insert(VnnicCount)
        fresh = {name: getattr(add.excluded, name) for name in (*VALUES, "imported_at")}
        db.session.execute(
            add.on_conflict_do_update(index_elements=["month", "network", "unit_id"], set_=fresh),
            changed,
        )
    if result.about.columns and result.read.titles:
        learn = insert(VnnicColumns).values(
            titles=result.read.titles, columns=dict(result.about.columns), learned_at=now
        )
        kept = {"columns": learn.excluded.columns, "learned_at": now}
        db.session.execute(learn.on_conflict_do_update(index_elements=["titles"], set_=kept))


def _note(actor: Actor | None, raw: bytes, result: Import) -> None:
    subject = f"vnnic:{result.about.month}:{result.about.network}"
    facts: dict[str, Any] = {
        "file": hashlib.sha256(raw).hexdigest(),
        "level": result.read.level,
        "source": result.read.source,
        "totals": result.totals,
    }
    record_act(actor, ACT, subject, **facts)
