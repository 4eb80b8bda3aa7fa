"""Which units of today hold the ground of one that ended in the reform of July 2025."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from backend.extensions import db
from backend.units.crossing import crosswalk
from backend.units.models import Unit


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
    unit = db.session.get_one(Unit, unit_id)
    if unit.system != "2024":
        return []
    walk = crosswalk()
    if unit.level == "commune":
        codes = walk.successors(unit.code)
        return _communes({code: place == 0 for place, code in enumerate(codes)})
    column = Unit.parent_id if unit.level == "district" else Unit.province_id
    below = select(Unit.code).where(Unit.level == "commune", column == unit_id)
    old = set(db.session.scalars(below))
    new = {code for one in sorted(old) for code in walk.successors(one)}
    share = {code: _share(old, walk.predecessors(code)) for code in sorted(new)}
    if unit.level == "district":
        return _communes({code: part >= 0.5 for code, part in share.items()})
    return _provinces([code for code, part in share.items() if part >= 0.5])


def _share(old: set[str], predecessors: Sequence[str]) -> float:
    return sum(code in old for code in predecessors) / len(predecessors)


def _communes(likely: Mapping[str, bool]) -> list[Heir]:
    query = select(Unit.id, Unit.code, Unit.name).where(
        Unit.system == "2025", Unit.level == "commune", Unit.code.in_(likely)
    )
    rows = db.session.execute(query.order_by(Unit.sort_key.collate("C"), Unit.id))
    found = [Heir(*row, likely=likely[row[1]]) for row in rows]
    return sorted(found, key=lambda heir: not heir.likely)


def _provinces(codes: Sequence[str]) -> list[Heir]:
    above = select(Unit.province_id).where(
        Unit.system == "2025", Unit.level == "commune", Unit.code.in_(codes)
    )
    query = select(Unit.id, Unit.code, Unit.name).where(Unit.id.in_(above)).order_by(Unit.id)
    return [Heir(*row, likely=True) for row in db.session.execute(query)]
