"""Units in requests and answers: named by system, level and code."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select, tuple_

from backend.database.extensions import db
from backend.errors import FieldError, Problem
from backend.units.models import Unit

KEY = (Unit.system, Unit.level, Unit.code)


def unit_id(named: Mapping[str, str] | None, field: str) -> int | None:
    """Return the id of a named unit; 422 where there is none."""
    if named is None:
        return None
    found = _found([named]).get(_key(named))
    if found is None:
        raise Problem(422, "invalid", [FieldError(field, "no_such_unit")])
    return found


def unit_ids(named: Sequence[Mapping[str, str]], field: str) -> frozenset[int]:
    """Return the ids of the named units; 422 with an error for each unknown one."""
    found = _found(named)
    missing = [
        FieldError(f"{field}.{at}", "no_such_unit")
        for at, one in enumerate(named)
        if _key(one) not in found
    ]
    if missing:
        raise Problem(422, "invalid", missing)
    return frozenset(found[_key(one)] for one in named)


def serialize_units(ids: Collection[int | None]) -> dict[int | None, dict[str, Any]]:
    """Return units as answers, by id and in Vietnamese order; null ids are left out."""
    known = {one for one in ids if one is not None}
    if not known:
        return {}
    rows = db.session.execute(
        select(Unit.id, *KEY, Unit.name)
        .where(Unit.id.in_(known))
        .order_by(Unit.system, Unit.sort_key.collate("C"), Unit.id)
    ).mappings()
    return {row["id"]: dict(row) for row in rows}


def _found(named: Sequence[Mapping[str, str]]) -> dict[tuple[str, ...], int]:
    keys = {_key(one) for one in named}
    rows = db.session.execute(select(Unit.id, *KEY).where(tuple_(*KEY).in_(keys)))
    return {(row[1], row[2], row[3]): row[0] for row in rows}


def _key(named: Mapping[str, str]) -> tuple[str, ...]:
    return named["system"], named["level"], named["code"]
