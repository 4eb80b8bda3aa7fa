"""A unit's month on one network: the subject of queries about its samples."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, month_start
from backend.coverage.figures.authorized_unit import serialize_unit
from backend.coverage.figures.publication import require_published
from backend.database.extensions import db, setting
from backend.errors import invalid
from backend.measurements.recording.models import DemoMonth
from backend.units.catalogue import ActiveSet
from backend.units.service import UnitRow, find, set_on

COMMUNES = text("""
    select id from units
    where level = 'commune' and (id = :id or parent_id = :id or province_id = :id)
""")


@dataclass(frozen=True, slots=True)
class UnitMonth:
    """A unit on a month's last day, or the country, with the boundaries of that day."""

    month: str
    network: str
    unit: UnitRow | None
    boundaries: ActiveSet | None

    def parameters(self, **more: Any) -> dict[str, Any]:
        """Return the parameters of a statement about the unit's samples."""
        span = {"first": month_start(self.month), "last": month_end(self.month)}
        units = communes_of(self.unit.id) if self.unit else []
        return {"units": units, "network": self.network, **span, **more}

    def serialize(self) -> dict[str, Any]:
        """Return the fields that every answer begins with."""
        return {
            "month": self.month,
            "network": self.network,
            "unit": serialize_unit(self.unit) if self.unit else None,
            "boundaries": self.boundaries.serialize() if self.boundaries else None,
            "demo": db.session.get(DemoMonth, self.month) is not None,
            "minimum_n": setting("MINIMUM_N"),
        }


def unit_month(
    code: str | None,
    level: str | None,
    month: str,
    network: str,
    now: datetime,
    reader: Actor | None = None,
) -> UnitMonth:
    """Find a unit's month; 422 for a month in the future, 404 for an unknown unit."""
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    last = month_end(month)
    unit = find(last, code, level) if code is not None else None
    require_published(reader, month, unit)
    return UnitMonth(month, network, unit, set_on(last))


def communes_of(unit_id: int) -> list[int]:
    """Return the communes of a unit; of a commune itself."""
    return list(db.session.execute(COMMUNES, {"id": unit_id}).scalars())
