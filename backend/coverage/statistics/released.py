"""Read monthly releases: the public figures of a month apart from its counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, text

from backend.accounts.access import PUBLIC
from backend.coverage.figures.unit_access import UnitMonth, published
from backend.coverage.statistics import release_rules as rules
from backend.coverage.statistics.answers import ReleasedUnit, ReleaseState
from backend.coverage.statistics.models import Release
from backend.coverage.statistics.refresh import COUNTRY
from backend.coverage.statistics.stored import ReleasedRow
from backend.database.extensions import db
from backend.errors import Problem

Column = Literal["cells", "hours", "statistics", "week"]
# Only the wanted column is read: cells of a city are a megabyte.
RELEASED_COLUMN = text("""
    select r.made_at, case cast(:column as text)
        when 'cells' then f.cells
        when 'hours' then f.hours
        when 'statistics' then f.statistics
        when 'week' then f.week
    end as figures
    from releases r left join released_figures f
        on f.unit_id = :unit and f.network = :network and f.month = r.month
    where r.month = :month
""")
LATEST_CELLS = text("""
    select month, cells from released_figures where unit_id = :unit and network = :network
    order by month desc limit 1
""")
OF_MONTH = text("""
    select unit_id, statistics, hours, cells from released_figures
    where month = :month and network = :network
""")
OF_UNITS = text("""
    select unit_id, statistics from released_figures
    where month = :month and network = :network and unit_id = any(:units)
""")


@dataclass(frozen=True, slots=True)
class Released:
    """Figures of a unit's month in its release; None if it has none, or before the release."""

    month: str
    made_at: datetime | None
    figures: Any  # as the column of `ReleasedFigures`

    def serialize(self) -> ReleaseState:
        """Return the state of the release for answers."""
        return {
            "due": rules.due_day(self.month).isoformat(),
            "made_at": self.made_at.isoformat() if self.made_at else None,
        }


def read(month: UnitMonth, column: Column) -> Released:
    """Return a column of a unit's release."""
    unit_id = month.unit.id if month.unit else COUNTRY
    values = {
        "unit": unit_id, "network": month.network, "month": month.month, "column": column,
    }  # fmt: skip
    row = db.session.execute(RELEASED_COLUMN, values).first()
    return Released(month.month, *(row or (None, None)))


def latest_cells(unit_id: int, network: str) -> frozenset[str]:
    """Return the cells of a unit in its latest release, if the public may see that month."""
    row = db.session.execute(LATEST_CELLS, {"unit": unit_id, "network": network}).first()
    visible = published(PUBLIC, row.month) if row else None
    if row is None or (visible is not None and unit_id not in visible):
        return frozenset()
    return frozenset(item["cell"] for item in row.cells)


def release_of_month(month: str) -> datetime:
    """Return the time of a month's release; 409 before it."""
    made_at = db.session.scalar(select(Release.made_at).where(Release.month == month))
    if made_at is None:
        raise Problem(409, "not_released")
    return made_at


def released_units(month: str, network: str) -> dict[int, ReleasedUnit]:
    """Return the released figures of every unit, by id."""
    rows = db.session.execute(OF_MONTH, {"month": month, "network": network})
    return {
        row.unit_id: {
            "unit_id": row.unit_id,
            "statistics": row.statistics,
            "hours": row.hours,
            "cells": row.cells,
        }
        for row in rows
    }


def released_of_units(
    units: Iterable[int], month: str, network: str
) -> dict[int, list[ReleasedRow] | None]:
    """Return the released statistics of units that the public may see, by id."""
    visible = published(PUBLIC, month)
    ids = [unit for unit in units if visible is None or unit in visible]
    rows = db.session.execute(OF_UNITS, {"month": month, "network": network, "units": ids})
    return {row.unit_id: row.statistics for row in rows}


def latest_release(months: Sequence[str]) -> Release | None:
    """Return the newest release among months."""
    query = select(Release).where(Release.month.in_(months)).order_by(Release.month.desc())
    return db.session.scalar(query.limit(1))
