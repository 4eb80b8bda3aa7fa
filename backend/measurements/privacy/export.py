"""Export of all data stored about a device, as one streamed JSON document."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, select

from backend.database.extensions import db
from backend.devices.models import Consent, Device, FormerPhone
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.recording.models import (
    ArchivedDeviceMonth,
    Earning,
    Exclusion,
    Measurement,
    Receipt,
    RejectedBody,
)
from backend.memberships.models import (
    CampaignExclusion,
    Correction,
    DeviceLink,
    Membership,
    Volunteer,
)
from backend.outbox.models import Event
from backend.units.models import Unit
from backend.witness.models import TicketRow

# Rows in memory at a time: raw bodies take about 1 kB each.
ROWS_AT_A_TIME = 500
# What a phone sends, with the time by which it is listed.
KINDS: dict[str, Any] = {
    "measurements": (Measurement, Measurement.measured_at),
    "no_connection_notes": (NoConnectionNote, NoConnectionNote.noted_at),
    "archived_months": (ArchivedDeviceMonth, ArchivedDeviceMonth.month),
}
OF_DEVICE: dict[str, Any] = {
    "consents": Consent,
    "receipts": Receipt,
    "device_links": DeviceLink,
    "former_phones": FormerPhone,
    "tickets": TicketRow,
    "refused": RejectedBody,
}
OF_MEASUREMENTS: dict[str, Any] = {
    "exclusions": Exclusion,
    "earnings": Earning,
    "corrections": Correction,
    "campaign_exclusions": CampaignExclusion,
    "events": Event,
}
# Of organisers' decisions: the deciding user and its signal. Hashes of secrets.
HIDDEN = ("user_id", "signal_id", "token_hash", "withdrawal_hash")


def export(device_id: UUID, now: datetime) -> Iterator[str]:
    """Yield all data stored about a device, without the hashes of its secrets."""
    yield f'{{"exported_at": {_json(now)}, "device": '
    columns = [column for column in Device.__table__.columns if not column.name.endswith("_hash")]
    device = db.session.execute(select(*columns).where(Device.id == device_id)).mappings().first()
    yield _json(dict(device) if device else None)
    for name, statement in _lists(device_id).items():
        yield f', "{name}": ['
        yield from _rows(statement)
        yield "]"
    yield "}\n"


def _lists(device_id: UUID) -> dict[str, Select[Any]]:
    """Return the statement of each list of the document."""
    unit = Unit.code.label("unit_code"), Unit.name.label("unit_name")
    statements: dict[str, Select[Any]] = {}
    for name, (model, at) in KINDS.items():
        placed = select(*model.__table__.columns, *unit).outerjoin(Unit, Unit.id == model.unit_id)
        statements[name] = placed.where(model.device_id == device_id).order_by(
            at, *model.__table__.primary_key
        )
    for name, model in OF_DEVICE.items():
        statements[name] = _all(model).where(model.device_id == device_id)
    for name, model in OF_MEASUREMENTS.items():
        measured = _all(model).join(Measurement, Measurement.id == model.measurement_id)
        statements[name] = measured.where(Measurement.device_id == device_id)
    mine = select(DeviceLink.volunteer_id).where(DeviceLink.device_id == device_id)
    statements["volunteers"] = _all(Volunteer).where(Volunteer.id.in_(mine))
    statements["memberships"] = _all(Membership).where(Membership.volunteer_id.in_(mine))
    joined = select(Membership.campaign_id).where(Membership.volunteer_id.in_(mine))
    # Of archived months: one of each commune that the person helped.
    statements["helped_communes"] = _all(Earning).where(
        Earning.needed,
        Earning.campaign_id.in_(joined),
        Earning.volunteer_id.in_(mine),
        ~exists().where(Measurement.id == Earning.measurement_id),
    )
    return statements


def _all(model: Any) -> Select[Any]:
    table = model.__table__
    columns = [column for column in table.columns if column.name not in HIDDEN]
    return select(*columns).order_by(*table.primary_key)


def _rows(statement: Select[Any]) -> Iterator[str]:
    options = {"yield_per": ROWS_AT_A_TIME}
    before = ""
    for row in db.session.execute(statement, execution_options=options).mappings():
        yield before + _json(dict(row))
        before = ","


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
