"""The way of a commune across the reform of July 2025."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from backend.database.extensions import db
from backend.errors import Problem
from backend.units.catalogue import SYSTEMS
from backend.units.models import Unit

if TYPE_CHECKING:
    from geo.crosswalk import Crosswalk


@cache
def crosswalk() -> "Crosswalk":
    """The built-in conversion, read once."""
    from geo.crosswalk import Crosswalk

    return Crosswalk.load()


def successors(code: str) -> dict[str, Any]:
    """The communes of July 2025 that took over an old commune, the main one first."""
    return _relatives("2024", code, "2025", dict.fromkeys(crosswalk().successors(code), code))


def predecessors(code: str) -> dict[str, Any]:
    """The old communes that a commune of July 2025 was made of."""
    return _relatives("2025", code, "2024", {old: old for old in crosswalk().predecessors(code)})


def _relatives(system: str, code: str, other: str, links: Mapping[str, str]) -> dict[str, Any]:
    """A commune and its relatives; links holds, for each of them, the old commune of the pair."""
    own = _communes(system, [code]) if code.isalnum() else {}
    if not own:
        raise Problem(404, "unit_unknown")
    related = _communes(other, links)
    items = [related[key] | {"relation": _relation(old)} for key, old in links.items()]
    return own[code] | {"system": system, "items": items}


def _relation(old: str) -> str:
    """Whether all of an old commune went into one new commune."""
    return "full" if len(crosswalk().successors(old)) == 1 else "partial"


def _communes(system: str, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    province = aliased(Unit)
    query = (
        select(Unit.code, Unit.name, province.name)
        .join(province, province.id == Unit.province_id)
        .where(Unit.system == system, Unit.level == "commune", Unit.code.in_(codes))
    )
    rows = db.session.execute(query)
    return {row[0]: {"code": row[0], "name": row[1], "province": row[2]} for row in rows}


@dataclass(frozen=True, slots=True)
class Crossings:
    """Communes of the other system that share ground with a unit, by their rows.

    For each: the communes of the unit's own system that it shares its ground with, its main heir
    first. What ended before the conversion's list was made may share with any of its province.
    """

    named: Mapping[int, tuple[int, ...]]  # by the conversion
    ended: Mapping[int, tuple[int, ...]]  # before it


def crossings(unit_id: int, system: str) -> Crossings:
    """The ways of a unit's communes across the reform."""
    below = _rows(system, or_(*(c == unit_id for c in (Unit.id, Unit.parent_id, Unit.province_id))))
    other = next(one for one in SYSTEMS if one != system)
    ways: list[Callable[[str], tuple[str, ...]]] = [
        crosswalk().successors,
        crosswalk().predecessors,
    ]
    there, back = ways if system == "2024" else reversed(ways)
    related = _rows(other, Unit.code.in_({code for row in below for code in there(row.code)}))
    partners = {row.id: back(row.code) for row in related}
    own = _rows(system, Unit.code.in_({code for codes in partners.values() for code in codes}))
    ids = {row.code: row.id for row in own}
    named = {one: tuple(ids[code] for code in codes) for one, codes in partners.items()}
    return Crossings(named, _ended_before(related, own) if system == "2025" else {})


def _ended_before(related: Sequence[Any], own: Sequence[Any]) -> dict[int, tuple[int, ...]]:
    """Communes of the same old provinces that the conversion does not know."""
    old = _rows("2024", Unit.province_id.in_({row.province_id for row in related}))
    ended = [row for row in old if not crosswalk().successors(row.code)]
    if not ended:
        return {}
    new = _rows("2025", Unit.province_id.in_({row.province_id for row in own}))
    return {row.id: tuple(one.id for one in new) for row in ended}


def _rows(system: str, which: ColumnElement[bool]) -> Sequence[Any]:
    query = select(Unit.id, Unit.code, Unit.province_id)
    return db.session.execute(
        query.where(Unit.system == system, Unit.level == "commune", which)
    ).all()
