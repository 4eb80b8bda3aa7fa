"""Which units of today hold the ground of one that ended in the reform of July 2025."""

from collections import defaultdict
from collections.abc import Collection, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from backend.database.extensions import db
from backend.units.models import Unit
from backend.units.reform import crosswalk


@dataclass(frozen=True, slots=True)
class Heir:
    """A unit of today that holds ground of one that ended; `likely`: the most of it, or its own."""

    id: int
    code: str
    name: str
    likely: bool


def heirs(unit_id: int) -> list[Heir]:
    """The successors of an old unit, the likely ones first: a person confirms which.

    A province's is the one that its communes went to; a district's are the communes that are made
    of its own for one half or more; a commune's is the main one.
    """
    return heirs_of([unit_id])[unit_id]


def heirs_of(unit_ids: Collection[int]) -> dict[int, list[Heir]]:
    """The successors of each unit, as `heirs` tells them, read for all of them at once."""
    units = db.session.scalars(select(Unit).where(Unit.id.in_(unit_ids))).all()
    below = _below([unit.id for unit in units if unit.level != "commune"])
    likely = {unit.id: _likely(unit, below[unit.id]) for unit in units if unit.system == "2024"}
    rows = _communes({code for codes in likely.values() for code in codes})
    provinces = _provinces({row.province_id for row in rows}) if below else []
    found: dict[int, list[Heir]] = {}
    for unit in units:
        codes = likely.get(unit.id, {})
        own = [row for row in rows if row.code in codes]
        if unit.level == "province":
            ids = {row.province_id for row in own if codes[row.code]}
            found[unit.id] = [heir for heir in provinces if heir.id in ids]
        else:
            told = [Heir(row.id, row.code, row.name, codes[row.code]) for row in own]
            found[unit.id] = sorted(told, key=lambda heir: not heir.likely)
    return found


def _likely(unit: Unit, below: Set[str]) -> dict[str, bool]:
    """The communes that took over ground of an old unit, by their codes: whether likely."""
    walk = crosswalk()
    if unit.level == "commune":
        return {code: place == 0 for place, code in enumerate(walk.successors(unit.code))}
    new = {code for one in below for code in walk.successors(one)}
    return {code: _share(below, walk.predecessors(code)) >= 0.5 for code in new}


def _share(old: Set[str], predecessors: Sequence[str]) -> float:
    return sum(code in old for code in predecessors) / len(predecessors)


def _below(unit_ids: Collection[int]) -> dict[int | None, set[str]]:
    """The codes of the communes in each district or province."""
    above = Unit.parent_id, Unit.province_id
    query = select(Unit.code, *above).where(Unit.level == "commune")
    found: dict[int | None, set[str]] = defaultdict(set)
    if unit_ids:
        for code, *ids in db.session.execute(query.where(or_(*(c.in_(unit_ids) for c in above)))):
            for one in ids:
                found[one].add(code)
    return found


def _communes(codes: Collection[str]) -> Sequence[Any]:
    """Rows of communes of today, in Vietnamese order."""
    query = select(Unit.id, Unit.code, Unit.name, Unit.province_id).where(
        Unit.system == "2025", Unit.level == "commune", Unit.code.in_(codes)
    )
    return db.session.execute(query.order_by(Unit.sort_key.collate("C"), Unit.id)).all()


def _provinces(ids: Collection[int]) -> list[Heir]:
    query = select(Unit.id, Unit.code, Unit.name).where(Unit.id.in_(ids)).order_by(Unit.id)
    return [Heir(*row, likely=True) for row in db.session.execute(query)]
