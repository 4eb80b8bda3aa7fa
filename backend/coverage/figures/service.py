"""How far is each unit of a month from its target: the one source of every figure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backend.clock import local_day
from backend.coverage.figures.columns import Figures
from backend.coverage.figures.month import Month, months_of
from backend.coverage.figures.projection import METHOD
from backend.coverage.figures.publication import not_published
from backend.coverage.figures.query import Question, month_before
from backend.coverage.figures.rows import Page, page
from backend.coverage.figures.summary import summary, target_told
from backend.coverage.targets.targets import ASSESSMENT, TARGET
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.units.service import UnitRow, check_level

__all__ = ["Question", "coverage"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question finds: the months as a whole, and the rows that are shown."""

    told: dict[str, Any]
    page: Page


def coverage(asked: Question, now: datetime) -> dict[str, Any]:
    """Every unit of a list with its three numbers against the target, month by month."""
    answer = find(asked, now)
    return {**answer.told, "items": list(answer.page.items()), "next": answer.page.next_cursor}


def find(asked: Question, now: datetime) -> Answer:
    """The same without the items, which a long file takes one by one."""
    today = local_day(now)
    names = asked.months(today)
    read = months_of([month_before(names[0]), *names], asked.network, today, asked.reader)
    demo = set(db.session.scalars(select(DemoMonth.month).where(DemoMonth.month.in_(names))))
    told, tables = [], []
    for name in names:
        month = read[name]
        place, level = _place(month, asked)
        stand = month.standing(level, place)
        tables.append(Figures(month, read[month_before(name)], stand))
        told.append(_month(month, level, summary(month, stand, place), name in demo))
        if month.published is not None:
            told[-1]["unpublished"] = month.unpublished(level, place)
    if told[-1].get("unpublished") and (asked.unit or asked.parent) and not any(map(len, tables)):
        raise not_published()
    shown = page(tables, asked)
    about = {
        **told[-1],
        "level": level,
        "network": asked.network,
        "parent": asked.parent,
        "unit": asked.unit,
        "projection_method": METHOD,
        "found": shown.found,
        "months": told,
    }
    return Answer(about, shown)


def _place(month: Month, asked: Question) -> tuple[UnitRow | None, str]:
    """The place that is asked about, and the level of the units that are listed of it."""
    if asked.unit is not None:
        unit = month.listing.find(asked.unit, asked.level)
        return unit, unit.level
    level = asked.level or "commune"
    check_level(month.listing.day, level)
    return (month.listing.parent(asked.parent) if asked.parent else None), level


def _month(month: Month, level: str, summed: dict[str, Any], demo: bool) -> dict[str, Any]:
    """What is told of a whole month."""
    active = month.listing.active
    return {
        "month": month.month,
        "boundaries": active.described() if active else None,
        "demo": demo,
        "days": month.gone.days,
        "days_done": month.gone.done,
        "target": target_told(month.targets[level, TARGET].general),
        "assessment": target_told(month.targets[level, ASSESSMENT].general),
        "summary": summed,
    }
