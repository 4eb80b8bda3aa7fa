"""What was taken out of a unit's counts, by whom and why, for its officials."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import this_month
from backend.coverage.figures.authorized_unit import authorized_unit, serialize_unit
from backend.coverage.signals.queries import units_below
from backend.database.extensions import db
from backend.fields import ID_MOST
from backend.units.models import Unit

# Acts over the unit and all below it, and those over what is above it that touched it.
ACTS = text("""
    select a.id, a.at, a.lifts, a.device, a.signal_id, a.measurements, a.reason, a.user_id,
        lifting.id as lifted_by, u.system, u.level, u.code, u.name
    from exclusion_acts a
    join units u on u.id = a.unit_id
    left join exclusion_acts lifting on lifting.lifts = a.id
    where a.month = :month and a.id < :before and (
        a.unit_id = any(:units) or a.unit_id = any(:above) and exists (
            select from exclusions e join measurements m on m.id = e.measurement_id
            where e.act_id = a.id and m.unit_id = any(:units))
    )
    order by a.id desc limit :most
""")
PLAIN = ("id", "at", "lifts", "device", "signal_id", "measurements", "reason", "user_id")
UNIT = ("system", "level", "code", "name")


def list_exclusions(
    actor: Actor, code: str, query: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """A page of the acts that concern a unit's month, the latest first."""
    month = query["month"] or this_month(now)
    unit = authorized_unit(actor, "unit.signals", code, query["level"], month)
    row, limit = db.session.get_one(Unit, unit.id), query["limit"]
    values = {
        "month": month,
        "before": query["cursor"] or ID_MOST,
        "units": units_below(unit.id),
        "above": [one for one in (row.parent_id, row.province_id) if one is not None],
        "most": limit + 1,
    }
    found = db.session.execute(ACTS, values).mappings().all()
    items = [_told(one) for one in found[:limit]]
    following = items[-1]["id"] if len(found) > limit else None
    return {"month": month, "unit": serialize_unit(unit), "items": items, "next": following}


def _told(row: Mapping[Any, Any]) -> dict[str, Any]:
    told = {name: row[name] for name in PLAIN}
    unit = {name: row[name] for name in UNIT}
    return told | {"lifted_by": row["lifted_by"], "unit": unit}
