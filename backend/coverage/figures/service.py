"""Coverage: counts of units against their targets, by month; the one source of every figure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backend.clock import local_day
from backend.coverage.figures.columns import Figures
from backend.coverage.figures.forecast import PROJECTION_METHOD
from backend.coverage.figures.month import Month, load_months
from backend.coverage.figures.publication import not_published
from backend.coverage.figures.query import CoverageQuery, month_before
from backend.coverage.figures.rows import Page, select_page
from backend.coverage.figures.summary import serialize_target, summarize
from backend.coverage.targets.in_force import ASSESSMENT, TARGET
from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from backend.units.service import UnitRow, check_level

__all__ = ["CoverageQuery", "CoverageResult", "compute_coverage", "coverage"]


@dataclass(frozen=True, slots=True)
class CoverageResult:
    """The result of a query: the body of the answer without its items, and the page of rows."""

    body: dict[str, Any]
    page: Page


def coverage(query: CoverageQuery, now: datetime) -> dict[str, Any]:
    """Return the whole answer to a query: summaries of the months and an item for each row."""
    result = compute_coverage(query, now)
    return {**result.body, "items": list(result.page.items()), "next": result.page.next_cursor}


def compute_coverage(query: CoverageQuery, now: datetime) -> CoverageResult:
    """Compute the answer to a query without its items, which large files iterate over."""
    today = local_day(now)
    names = query.months(today)
    months = load_months([month_before(names[0]), *names], query.network, today, query.reader)
    demo = set(db.session.scalars(select(DemoMonth.month).where(DemoMonth.month.in_(names))))
    bodies, tables = [], []
    for name in names:
        month = months[name]
        place, level = _scope(month, query)
        counts = month.level_counts(level, place)
        tables.append(Figures(month, months[month_before(name)], counts))
        summary = summarize(month, counts, place)
        bodies.append(_serialize_month(month, level, summary, name in demo))
        if month.published is not None:
            bodies[-1]["unpublished"] = month.unpublished(level, place)
    if bodies[-1].get("unpublished") and (query.unit or query.parent) and not any(map(len, tables)):
        raise not_published()
    page = select_page(tables, query)
    body = {
        **bodies[-1],
        "level": level,
        "network": query.network,
        "parent": query.parent,
        "unit": query.unit,
        "projection_method": PROJECTION_METHOD,
        "found": page.found,
        "months": bodies,
    }
    return CoverageResult(body, page)


def _scope(month: Month, query: CoverageQuery) -> tuple[UnitRow | None, str]:
    """Return the place of a query and the level of the listed units."""
    if query.unit is not None:
        unit = month.listing.find(query.unit, query.level)
        return unit, unit.level
    level = query.level or "commune"
    check_level(month.listing.day, level)
    return (month.listing.parent(query.parent) if query.parent else None), level


def _serialize_month(
    month: Month, level: str, summary: dict[str, Any], demo: bool
) -> dict[str, Any]:
    active = month.listing.active
    return {
        "month": month.month,
        "boundaries": active.serialize() if active else None,
        "demo": demo,
        "days": month.progress.days,
        "days_done": month.progress.done,
        "target": serialize_target(month.targets[level, TARGET].general),
        "assessment": serialize_target(month.targets[level, ASSESSMENT].general),
        "summary": summary,
    }
