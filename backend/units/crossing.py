"""The way of a commune across the reform of July 2025."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from backend.errors import Problem
from backend.extensions import db
from backend.units.models import Unit

if TYPE_CHECKING:
    from geo.crosswalk import Crosswalk


@cache
def _crosswalk() -> "Crosswalk":
    from geo.crosswalk import Crosswalk

    return Crosswalk.load()


def successors(code: str) -> dict[str, Any]:
    """The communes of July 2025 that took over a commune of before, the main one first."""
    return _relatives("2024", code, "2025", dict.fromkeys(_crosswalk().successors(code), code))


def predecessors(code: str) -> dict[str, Any]:
    """The communes of before that a commune of July 2025 was made of."""
    return _relatives("2025", code, "2024", {old: old for old in _crosswalk().predecessors(code)})


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
    return "full" if len(_crosswalk().successors(old)) == 1 else "partial"


def _communes(system: str, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
    province = aliased(Unit)
    query = (
        select(Unit.code, Unit.name, province.name)
        .join(province, province.id == Unit.province_id)
        .where(Unit.system == system, Unit.level == "commune", Unit.code.in_(codes))
    )
    rows = db.session.execute(query)
    return {row[0]: {"code": row[0], "name": row[1], "province": row[2]} for row in rows}
