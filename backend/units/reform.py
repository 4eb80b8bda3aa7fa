"""Successors and predecessors of units in the reform of July 2025."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from backend.database.extensions import db
from backend.units.catalogue import SYSTEMS
from backend.units.models import Unit
from geo.gazetteer import Crosswalk


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Communes of the other system that share ground with a unit, by their rows.

    For each: the communes of the unit's own system that it shares its ground with, its main
    successor first. Those that the crosswalk lacks may share with any of their province.
    """

    listed: Mapping[int, tuple[int, ...]]  # in the crosswalk
    unlisted: Mapping[int, tuple[int, ...]]  # ended before the crosswalk was made

    @property
    def all(self) -> Mapping[int, tuple[int, ...]]:
        return {**self.listed, **self.unlisted}


@cache
def crosswalk() -> Crosswalk:
    """Return the built-in crosswalk, read once."""
    return Crosswalk.load()


def successor_codes(level: str, code: str, below: Set[str]) -> dict[str, bool]:
    """Return the codes of the communes that took over ground of an old unit: whether likely.

    `below` are the codes of the communes of a district or province.
    """
    if level == "commune":
        return {one: at == 0 for at, one in enumerate(crosswalk().successors(code))}
    new = {one for old in below for one in crosswalk().successors(old)}
    before = {one: crosswalk().predecessors(one) for one in new}
    return {one: 2 * sum(old in below for old in olds) >= len(olds) for one, olds in before.items()}


def overlaps(unit_id: int, system: str) -> Overlaps:
    """Return the communes of the other system that share ground with a unit's communes."""
    below = _rows(system, or_(*(c == unit_id for c in (Unit.id, Unit.parent_id, Unit.province_id))))
    other = next(one for one in SYSTEMS if one != system)
    old, walk = system == "2024", crosswalk()
    forward: Callable[[str], tuple[str, ...]] = walk.successors if old else walk.predecessors
    backward: Callable[[str], tuple[str, ...]] = walk.predecessors if old else walk.successors
    related = _rows(other, Unit.code.in_({code for row in below for code in forward(row.code)}))
    partners = {row.id: backward(row.code) for row in related}
    own = _rows(system, Unit.code.in_({code for codes in partners.values() for code in codes}))
    ids = {row.code: row.id for row in own}
    listed = {one: tuple(ids[code] for code in codes) for one, codes in partners.items()}
    return Overlaps(listed, _unlisted(related, own) if system == "2025" else {})


def _unlisted(related: Sequence[Any], own: Sequence[Any]) -> dict[int, tuple[int, ...]]:
    """Return the communes of the same old provinces that the crosswalk lacks."""
    old = _rows("2024", Unit.province_id.in_({row.province_id for row in related}))
    ended = [row for row in old if not crosswalk().successors(row.code)]
    if not ended:
        return {}
    new = _rows("2025", Unit.province_id.in_({row.province_id for row in own}))
    return {row.id: tuple(one.id for one in new) for row in ended}


def _rows(system: str, condition: ColumnElement[bool]) -> Sequence[Any]:
    query = select(Unit.id, Unit.code, Unit.province_id)
    return db.session.execute(
        query.where(Unit.system == system, Unit.level == "commune", condition)
    ).all()
