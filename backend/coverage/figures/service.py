"""Coverage: counts of units against their targets, by month; the one source of every figure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import select

from backend.accounts.access import Actor
from backend.clock import local_day, month_before, month_start
from backend.coverage.figures.columns import SHOWN_PARTS, Figures, by_assurance, reasons
from backend.coverage.figures.counts_cache import CATEGORIES, NOWHERE, SUMS
from backend.coverage.figures.forecast import (
    PROJECTION_METHOD,
    STEP_NAMES,
    Numbers,
    best_reachable,
    progress_step,
)
from backend.coverage.figures.month import LevelCounts, Month, load_months
from backend.coverage.figures.query import CoverageQuery, Page, select_page
from backend.coverage.figures.unit_access import not_published
from backend.coverage.targets.models import Target
from backend.coverage.targets.service import ASSESSMENT, TARGET
from backend.database.extensions import db
from backend.errors import invalid
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.reasons import BASES, UNLOCATED
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
    check_level(month.last_day, level)
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


def summarize(month: Month, counts: LevelCounts, place: UnitRow | None) -> dict[str, Any]:
    """Sum the counts of the units of a place, and the samples outside every unit."""
    by_category = counts.by_category.sum(axis=0)
    # Samples outside every commune of the country; no item includes them.
    outside = reasons(month.commune_counts.of(NOWHERE))
    numbers = dict(zip(BASES, (by_category @ SUMS).tolist(), strict=True))
    return {
        **_reached(counts),
        **numbers,
        **{part: int(by_category[CATEGORIES.index(part)]) for part in SHOWN_PARTS},
        "by_assurance": by_assurance(by_category[np.newaxis])[0],
        "reasons": reasons(by_category),
        "unlocated": {reason: outside.get(reason, 0) for reason in UNLOCATED},
        "elsewhere": _elsewhere(month),
        "levels": [  # the lines of the ministry's letter
            {"level": level, **_reached(month.level_counts(level, place))} for level in month.levels
        ],
        "exempt": [
            {"code": unit.code, "name": unit.name}
            for unit in month.level_counts("commune", place).exempt
        ],
        "distribution": _distribution(counts),
        "bases": {basis: _by_basis(counts, column) for column, basis in enumerate(BASES)},
    }


def serialize_target(target: Target | None) -> dict[str, Any] | None:
    """Return a target and its source."""
    if target is None:
        return None
    return {"threshold": target.threshold, "basis": target.basis, "source": target.source}


def _reached(counts: LevelCounts) -> dict[str, Any]:
    """Return the number of units that reached their target, of those that have one."""
    units = counts.expected_units
    if not counts.has_targets:
        return {"units": units, "reached": None, "share": None}
    reached = int(counts.reached.sum())
    return {"units": units, "reached": reached, "share": reached / units}


def _by_basis(counts: LevelCounts, column: int) -> dict[str, Any] | None:
    """Return the units reached with another basis; the letter does not define "sample"."""
    if not counts.has_targets:
        return None
    reached = int((counts.numbers[:, column] >= counts.need).sum())
    return {"reached": reached, "share": reached / counts.expected_units}


def _distribution(counts: LevelCounts) -> dict[str, Any] | None:
    """Return the share reached, and the best share that as many samples could reach."""
    if not counts.has_targets:
        return None
    needs = counts.need[~np.isnan(counts.need)]
    best = best_reachable(needs, float(counts.measured.sum()))
    return {
        "share": int(counts.reached.sum()) / counts.expected_units,
        "best_reached": best,
        "best_share": best / counts.expected_units,
    }


def _elsewhere(month: Month) -> int:
    """Return the samples in communes missing in the month's list; `reassign` corrects them."""
    units = month.commune_counts.units
    unlisted = (month.listing.containing("commune", units) < 0) & (units != NOWHERE)
    return int(month.commune_counts.by_category[unlisted].sum())


# By code of the unit: index in STEP_NAMES, samples that count towards the need, the need.
LevelSteps = dict[str, list[int]]


def map_figures(
    month: str, network: str, now: datetime, reader: Actor | None = None
) -> dict[str, Any]:
    """Return the step, samples and need of each unit that has samples.

    The progress of a province or district is that of its communes: samples beyond a commune's
    target do not fill the gap of another.
    """
    today = local_day(now)
    if month_start(month) > today:
        raise invalid("month", "month_in_future")
    counts = load_months([month], network, today, reader)[month]
    return {
        "month": month,
        "network": network,
        "set": counts.listing.active.digest if counts.listing.active else None,
        "steps": list(STEP_NAMES),
        "levels": {level: _level_steps(counts, level) for level in counts.levels},
    }


def _level_steps(month: Month, level: str) -> LevelSteps:
    samples, need = _progress(month, level)
    numbers = samples.astype(int).tolist(), need.astype(int).tolist()
    rows = zip(month.listing.levels[level], *numbers, strict=True)
    return {
        unit.code: [STEP_NAMES.index(progress_step(has, wants or None)), has, wants]
        for unit, has, wants in rows
        if has
    }


def _progress(month: Month, level: str) -> tuple[Numbers, Numbers]:
    """Return the samples that fill the communes' need, and the need, by unit.

    In communes without a need all samples count.
    """
    communes = month.level_counts("commune")
    need = np.nan_to_num(communes.need)
    has = np.where(need > 0, np.minimum(communes.measured, need), communes.measured)
    ids = np.array([unit.id for unit in communes.units], np.intp)
    above = month.listing.containing(level, ids)
    inside, size = above >= 0, len(month.listing.levels[level])
    return (
        np.bincount(above[inside], has[inside], size).astype(float),
        np.bincount(above[inside], need[inside], size).astype(float),
    )


def progress_of(figures: dict[str, Any], level: str, code: str) -> list[int]:
    """Return the step, samples and need of one unit; zeros without samples."""
    steps: LevelSteps = figures["levels"].get(level, {})
    return steps.get(code, [0, 0, 0])
