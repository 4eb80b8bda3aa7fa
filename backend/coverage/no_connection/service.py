"""Released coverage gaps; single notes of an area and decisions on them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text, update

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act, record_read
from backend.clock import local_day, month_end, month_start, this_month
from backend.coverage.figures.unit_access import (
    UnitMonth,
    authorized_unit,
    communes_of,
    province_scope,
    published,
    serialize_unit,
    unit_month,
    units_below,
)
from backend.coverage.signals.findings import POSITION_DECIMALS, device_number, shown_position
from backend.coverage.statistics.cells import hexagon
from backend.coverage.statistics.no_connection import (
    MonthPlaces,
    PlaceRow,
    country_places,
    find_places,
    read_places,
)
from backend.coverage.statistics.release import people_of_devices, units_of_cells
from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS, due_day
from backend.database.extensions import change_rows, db, setting
from backend.errors import invalid
from backend.fields import aware_time
from backend.http.paging import decode_cursor, take_page
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.recording.models import DemoMonth

NETWORK = "mobile"

PAGE = text("""
    select n.id, n.device_id, n.noted_at, n.received_at, n.latitude, n.longitude, n.accuracy_m,
        n.attempts, n.operator, n.shared_network, n.excluded_at is not null as excluded,
        u.code, u.name
    from no_connection_notes n join units u on u.id = n.unit_id
    where n.unit_id = any(:units) and n.day between :first and :last and not n.server_down
      and (cast(:at as timestamptz) is null or (n.noted_at, n.id) < (:at, :id))
    order by n.noted_at desc, n.id desc limit :most
""")
FIELDS = ("noted_at", "received_at", "accuracy_m", "attempts", "operator", "shared_network",
          "excluded")  # fmt: skip


# Released places


def show_places(
    code: str | None,
    query: Mapping[str, Any],
    language: Language,
    now: datetime,
    reader: Actor | None,
) -> dict[str, Any]:
    """Return the released places of a unit, or of the country."""
    if month_start(query["month"]) > local_day(now):
        raise invalid("month", "month_in_future")
    if code is None:
        # Of the provinces whose figures the reader may see: a map needs no complete country.
        month = unit_month(None, None, query["month"], NETWORK, now)
        visible = published(reader, query["month"])
        made_at, _ = read_places(month)
        items = country_places(query["month"], visible)
    else:
        month = unit_month(code, query["level"], query["month"], NETWORK, now, reader)
        made_at, items = read_places(month)
    return _serialize_places(month, made_at, items, language)


def _serialize_places(
    month: UnitMonth, made_at: datetime | None, items: Sequence[PlaceRow], language: Language
) -> dict[str, Any]:
    return {
        "month": month.month,
        "unit": serialize_unit(month.unit) if month.unit else None,
        "boundaries": month.boundaries.serialize() if month.boundaries else None,
        "demo": db.session.get(DemoMonth, month.month) is not None,
        "release": {
            "due": due_day(month.month).isoformat(),
            "made_at": made_at.isoformat() if made_at else None,
        },
        "least_devices": CELL_VOLUNTEERS,
        "title": message("no_connection_title", language),
        "rule": message("no_connection_rule", language).format(least=CELL_VOLUNTEERS),
        "items": list(items),
    }


def places_as_geojson(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer of `show_places` as polygons in EPSG:4326."""
    names = ("resolution", "notes", "devices", "operators", "zone")
    features = [
        {
            "type": "Feature",
            "id": item["cell"],
            "properties": {name: item[name] for name in names},
            "geometry": hexagon(item["cell"]).__geo_interface__,
        }
        for item in answer["items"]
    ]
    members = {name: answer[name] for name in ("month", "unit", "demo", "release", "title", "rule")}
    return {"type": "FeatureCollection", **members, "features": features}


def present_places(month: str, unit_id: int) -> MonthPlaces:
    """Return the present places of a unit by the rules of the release, for its report."""
    return find_places(
        month,
        lambda devices: people_of_devices(month, devices),
        units_of_cells,
        communes_of(unit_id),
    )


# Single notes


def list_notes(actor: Actor, code: str, query: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return a page of the notes of a unit's month, the latest first, for officials."""
    month = query["month"] or this_month(now)
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    unit = authorized_unit(actor, "unit.samples", code, query["level"], month)
    record_read(actor, "notes", f"unit:{unit.id}")
    at, note_id = decode_cursor(query["cursor"], aware_time, UUID) or (None, None)
    values = {"units": units_below(unit.id), "at": at, "id": note_id, "most": query["limit"] + 1}
    span = {"first": month_start(month), "last": month_end(month)}
    rows = db.session.execute(PAGE, values | span).mappings().all()
    page, following = take_page(rows, query["limit"], lambda row: (row["noted_at"], row["id"]))
    return {
        "month": month,
        "unit": serialize_unit(unit),
        "decimals": POSITION_DECIMALS,
        "items": [_serialize_note(row, month) for row in page],
        "next": following,
    }


def _serialize_note(row: RowMapping, month: str) -> dict[str, Any]:
    return {name: row[name] for name in FIELDS} | {
        "id": str(row["id"]),
        "unit": {"code": row["code"], "name": row["name"]},
        "device": device_number(row["device_id"], month, setting("SECRET_KEY")),
        "position": shown_position(row),
    }


def decide_on_notes(
    actor: Actor, code: str, data: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Exclude notes of a unit's month from the next release, or include them again; audited."""
    unit = authorized_unit(actor, "unit.samples", code, data["level"], data["month"])
    require(actor, "unit.exclude", province_scope(unit.id))
    first, last = month_start(data["month"]), month_end(data["month"])
    ids = set(data["ids"])
    of_unit = (
        NoConnectionNote.id.in_(ids),
        NoConnectionNote.unit_id.in_(units_below(unit.id)),
        NoConnectionNote.day.between(first, last),
        NoConnectionNote.server_down.is_(False),
    )
    found = set(db.session.scalars(select(NoConnectionNote.id).where(*of_unit).with_for_update()))
    if ids - found:
        raise invalid("notes", "note_not_in_unit")
    excluded = NoConnectionNote.excluded_at
    open_notes = excluded.is_(None) if data["excluded"] else excluded.is_not(None)
    changing = update(NoConnectionNote).where(*of_unit, open_notes)
    changed = change_rows(changing.values(excluded_at=now if data["excluded"] else None))
    act = "no_connection.exclude" if data["excluded"] else "no_connection.include"
    details = {"month": data["month"], "notes": changed, "reason": data["reason"].strip()}
    record_act(actor, act, f"unit:{unit.id}", **details)
    db.session.commit()
    return {
        "month": data["month"],
        "unit": serialize_unit(unit),
        "excluded": data["excluded"],
        "changed": changed,
    }
