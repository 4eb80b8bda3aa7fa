"""How far is each unit of a month from its target: the one source of every figure."""

from datetime import datetime
from typing import Any

from backend.clock import local_day
from backend.coverage.columns import figures
from backend.coverage.monthly import Month, month_of
from backend.coverage.projection import METHOD
from backend.coverage.questions import Question, month_before
from backend.coverage.rows import page
from backend.coverage.summary import summary, target_told
from backend.coverage.targets import ASSESSMENT, TARGET
from backend.extensions import db
from backend.measurements.models import DemoMonth
from backend.units.service import UnitRow, check_level

__all__ = ["Question", "coverage"]


def coverage(asked: Question, now: datetime) -> dict[str, Any]:
    """Every unit of a list with its three numbers against the target, month by month."""
    today = local_day(now)
    names = asked.months(today)
    read = {name: month_of(name, asked.network, today) for name in [month_before(names[0]), *names]}
    told, tables = [], []
    for name in names:
        month, before = read[name], read[month_before(name)]
        place, level = _place(month, asked)
        stand = month.standing(level, place)
        tables.append(figures(month, before, stand))
        told.append(_month(month, level, summary(month, stand, place)))
    shown = page(tables, asked)
    return {
        **told[-1],
        "level": level,
        "network": asked.network,
        "parent": asked.parent,
        "unit": asked.unit,
        "projection_method": METHOD,
        "found": shown.found,
        "items": [row.told() for row in shown.rows],
        "next": shown.following,
        "months": told,
    }


def _place(month: Month, asked: Question) -> tuple[UnitRow | None, str]:
    """The place that is asked about, and the level of the units that are listed of it."""
    if asked.unit is not None:
        unit = month.listing.find(asked.unit, asked.level)
        return unit, unit.level
    level = asked.level or "commune"
    check_level(month.listing.day, level)
    return (month.listing.parent(asked.parent) if asked.parent else None), level


def _month(month: Month, level: str, summed: dict[str, Any]) -> dict[str, Any]:
    """What is told of a whole month."""
    active = month.listing.active
    return {
        "month": month.month,
        "boundaries": active.described() if active else None,
        "demo": db.session.get(DemoMonth, month.month) is not None,
        "days": month.gone.days,
        "days_done": month.gone.done,
        "target": target_told(month.targets[level, TARGET].general),
        "assessment": target_told(month.targets[level, ASSESSMENT].general),
        "summary": summed,
    }
