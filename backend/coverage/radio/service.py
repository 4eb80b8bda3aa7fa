"""Cells with radio samples of a unit: the released ones, or all of them for its officials."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backend.accounts.access import Actor, can
from backend.coverage.figures.unit_access import communes_of, serialize_unit, unit_month
from backend.coverage.statistics.cells import hexagon
from backend.coverage.statistics.radio import (
    MonthCells,
    RadioRow,
    find_cells,
    live_rows,
    read_cells,
)
from backend.coverage.statistics.release import people_of_devices, units_of_cells
from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS, due_day
from backend.database.extensions import db
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.measurements.recording.models import DemoMonth
from backend.organisations.scopes import unit_scope

NETWORK = "mobile"
# Least median RSRP in dBm of each step. Calls and pages work down to some -110, inside buildings to
# some -100: walls take 10 to 20 dB.
STRENGTHS = {"strong": -85, "good": -95, "fair": -105, "weak": -156}
NONE = "none"


def strength(median_dbm: int | None) -> str:
    """Return the step of a cell's median; `none` where there was no service."""
    if median_dbm is None:
        return NONE
    return next(name for name, least in STRENGTHS.items() if median_dbm >= least)


def show_cells(
    code: str, query: Mapping[str, Any], language: Language, now: datetime, actor: Actor
) -> dict[str, Any]:
    """Return the cells of a unit's month.

    Raises 422 for live ones of more samples than one answer may have.
    """
    month = unit_month(code, query["level"], query["month"], NETWORK, now, actor)
    assert month.unit is not None
    if can(actor, "unit.cells", unit_scope(month.unit.id)):
        release, items = None, live_rows(month)
        least, rule = 0, message("radio_all", language)
    else:
        made_at, items = read_cells(month)
        release = {
            "due": due_day(month.month).isoformat(),
            "made_at": made_at.isoformat() if made_at else None,
        }
        least = CELL_VOLUNTEERS
        rule = message("radio_rule", language).format(least=CELL_VOLUNTEERS)
    return {
        "month": month.month,
        "unit": serialize_unit(month.unit),
        "boundaries": month.boundaries.serialize() if month.boundaries else None,
        "demo": db.session.get(DemoMonth, month.month) is not None,
        "release": release,
        "least_devices": least,
        "title": message("radio_title", language),
        "rule": rule,
        "items": [_serialize(item) for item in _chosen(items, query)],
    }


def present_cells(month: str, unit_id: int) -> MonthCells:
    """Return the present cells of a unit by the rules of the release, for its report."""
    return find_cells(
        month,
        lambda devices: people_of_devices(month, devices),
        units_of_cells,
        communes_of(unit_id),
    )


def _chosen(items: Sequence[RadioRow], query: Mapping[str, Any]) -> list[RadioRow]:
    operator, technology = query["operator"], query["technology"]
    return [
        item
        for item in items
        if operator in (None, item["operator"]) and technology in (None, item["technology"])
    ]


def _serialize(item: RadioRow) -> dict[str, Any]:
    return {**item, "strength": strength(item["median_dbm"])}


def as_geojson(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of `show_cells` as polygons in EPSG:4326."""
    hidden = ("cell", "latitude", "longitude")
    features = [
        {
            "type": "Feature",
            "properties": {name: value for name, value in item.items() if name not in hidden},
            "geometry": hexagon(item["cell"]).__geo_interface__,
        }
        for item in answer["items"]
    ]
    members = {name: answer[name] for name in ("month", "unit", "demo", "release", "title", "rule")}
    return {"type": "FeatureCollection", **members, "features": features}
