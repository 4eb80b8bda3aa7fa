"""List, add, change, confirm and remove documents that letters answer.

Officials keep those of their unit, admins those of the installation. A letter can cite documents of
its unit, of the units above it and of the installation: never those of another province.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, TypedDict

from sqlalchemy import or_, select

from backend.accounts.access import Actor, require, require_person
from backend.accounts.audit import record_act
from backend.clock import local_day
from backend.coverage.figures.unit_access import authorized_unit_on
from backend.database.extensions import db, unless_violated
from backend.errors import Problem, invalid, or_404
from backend.http import etags
from backend.organisations.scopes import unit_scope
from backend.reports.content.figures import ReferenceDocument
from backend.reports.content.references import cite_document
from backend.reports.references.models import Reference
from backend.units.models import Unit
from backend.units.service import UnitRow, find


class LetterDocument(TypedDict):
    """A document that letters answer; `unit` is null for the whole installation."""

    id: int
    unit: str | None  # name
    type: str
    number: str
    symbol: str
    issued_on: date
    issuer: str
    about: str | None
    citation: str  # as letters write it
    confirmed_at: datetime | None
    version: int


class LetterDocuments(TypedDict):
    """The documents of a unit, of the units above it, and of the installation, in this order."""

    items: list[LetterDocument]


FIELDS = ("type", "number", "symbol", "issued_on", "issuer", "about")


def list_references(
    actor: Actor, code: str | None, level: str | None, now: datetime
) -> LetterDocuments:
    """Return the documents that letters of a unit can cite; without a unit the installation's."""
    if code is None:
        require(actor, "target.edit")
        return {"items": serialize_references(_rows(None))}
    unit = authorized_unit_on(actor, "report.read", code, level, local_day(now))
    return {"items": serialize_references(references_for(unit))}


def references_for(unit: UnitRow) -> list[Reference]:
    """Return the documents that letters of a unit can cite: its own, those above, the others."""
    row = db.session.get_one(Unit, unit.id)
    ids = [one for one in (row.id, row.parent_id, row.province_id) if one is not None]
    ids = list(dict.fromkeys([*ids, *_same_units(ids)]))
    order = {unit_id: place for place, unit_id in enumerate([*ids, None])}
    return sorted(_rows(ids), key=lambda one: order[one.unit_id])


def _same_units(ids: Sequence[int]) -> list[int]:
    """Return provinces of the same code before or after the reform, which keep their documents."""
    codes = select(Unit.code, Unit.name).where(Unit.id.in_(ids), Unit.level == "province")
    found = list[int]()
    for code, name in db.session.execute(codes):
        same = Unit.code == code, Unit.name == name, Unit.level == "province"
        found += db.session.scalars(select(Unit.id).where(*same)).all()
    return found


def _rows(ids: Collection[int] | None) -> list[Reference]:
    of_units = Reference.unit_id.in_(ids or ())
    query = select(Reference).where(or_(Reference.unit_id.is_(None), of_units))
    return list(db.session.scalars(query.order_by(Reference.issued_on, Reference.id)))


def default_references(rows: Sequence[Reference]) -> list[Reference]:
    """Return the confirmed documents of the nearest unit that has any, else the installation's."""
    confirmed = [row for row in rows if row.confirmed_at]
    nearest = confirmed[0].unit_id if confirmed else None
    return [row for row in confirmed if row.unit_id == nearest]


def chosen_references(unit: UnitRow, ids: Sequence[int] | None) -> list[ReferenceDocument]:
    """Return the documents that a letter cites: the chosen confirmed ones, else the default."""
    rows = references_for(unit)
    cited = (
        default_references(rows)
        if ids is None
        else [row for row in rows if row.confirmed_at and row.id in ids]
    )
    return [_document(row) for row in cited]


def _document(row: Reference) -> ReferenceDocument:
    return {
        "type": row.type,
        "number": row.number,
        "symbol": row.symbol,
        "issued_on": row.issued_on.isoformat(),
        "issuer": row.issuer,
        "about": row.about or "",
    }


def add_reference(
    actor: Actor, code: str | None, level: str | None, data: Mapping[str, Any], now: datetime
) -> LetterDocument:
    """Add a document of a unit, or of the installation."""
    unit = find(local_day(now), code, level) if code is not None else None
    _require_editor(actor, unit.id if unit else None)
    row = Reference(unit_id=unit.id if unit else None)
    _assign(row, data, now)
    db.session.add(row)
    _flush()
    record_act(actor, "reference.add", f"reference:{row.id}", **_facts(row))
    return _commit(row)


def change_reference(
    actor: Actor,
    reference_id: int,
    expected: etags.Expected,
    data: Mapping[str, Any],
    now: datetime,
) -> LetterDocument:
    """Change a document and confirm it, or take the confirmation back."""
    row = _locked(actor, reference_id, expected)
    before = _facts(row)
    _assign(row, data, now)
    row.version += 1
    _flush()
    record_act(actor, "reference.change", f"reference:{row.id}", before=before, after=_facts(row))
    return _commit(row)


def remove_reference(actor: Actor, reference_id: int, expected: etags.Expected) -> None:
    """Remove a document; frozen reports keep what they cite."""
    row = _locked(actor, reference_id, expected)
    record_act(actor, "reference.remove", f"reference:{row.id}", **_facts(row))
    db.session.delete(row)
    db.session.commit()


def _locked(actor: Actor, reference_id: int, expected: etags.Expected) -> Reference:
    require_person(actor)
    row = or_404(
        db.session.get(Reference, reference_id, populate_existing=True, with_for_update=True)
    )
    _require_editor(actor, row.unit_id, hidden=True)
    etags.must_match(expected, row.version)
    return row


def _require_editor(actor: Actor, unit_id: int | None, *, hidden: bool = False) -> None:
    if unit_id is None:
        require(actor, "target.edit", hidden=hidden)
    else:
        require(actor, "report.edit", unit_scope(unit_id), hidden=hidden)


def _assign(row: Reference, data: Mapping[str, Any], now: datetime) -> None:
    if data["issued_on"] > local_day(now):
        raise invalid("issued_on", "day_in_future")
    for name in FIELDS:
        setattr(row, name, data[name])
    row.confirmed_at = (row.confirmed_at or now) if data["confirmed"] else None


def _flush() -> None:
    """Write the change; 409 for the same document twice, such as by a double tap."""
    with unless_violated("uq_reference_documents_document", Problem(409, "reference_exists")):
        db.session.flush()


def _facts(row: Reference) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in FIELDS}
    facts |= {"issued_on": row.issued_on.isoformat(), "confirmed": row.confirmed_at is not None}
    return facts | {"unit_id": row.unit_id}


def _commit(row: Reference) -> LetterDocument:
    db.session.flush()
    answer = serialize_references([row])[0]
    db.session.commit()
    return answer


def serialize_references(rows: Sequence[Reference]) -> list[LetterDocument]:
    """Return documents for an answer."""
    ids = {row.unit_id for row in rows if row.unit_id is not None}
    found = db.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(ids)))
    names: dict[int | None, str] = {row.id: row.name for row in found}
    return [
        {
            "id": row.id,
            "unit": names.get(row.unit_id),
            "type": row.type,
            "number": row.number,
            "symbol": row.symbol,
            "issued_on": row.issued_on,
            "issuer": row.issuer,
            "about": row.about,
            "citation": cite_document(_document(row)),
            "confirmed_at": row.confirmed_at,
            "version": row.version,
        }
        for row in rows
    ]
