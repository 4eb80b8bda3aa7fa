"""Export of all data stored about a device, as one streamed JSON document."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from backend.database.extensions import db
from backend.devices.models import Consent, Device
from backend.measurements.no_connection.models import NoConnectionNote, NoConnectionReceipt
from backend.measurements.recording.models import (
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
    db.session.rollback()


def _lists(device_id: UUID) -> dict[str, Select[Any]]:
    unit = (Unit.code.label("unit_code"), Unit.name.label("unit_name"))
    measurements = select(*Measurement.__table__.columns, *unit).outerjoin(
        Unit, Unit.id == Measurement.unit_id
    )
    exclusions = select(*Exclusion.__table__.columns).join(
        Measurement, Measurement.id == Exclusion.measurement_id
    )
    own = Measurement.device_id == device_id
    mine = DeviceLink.device_id == device_id
    volunteer = select(DeviceLink.volunteer_id).where(mine)
    return {
        "consents": _all(Consent).where(Consent.device_id == device_id).order_by(Consent.id),
        "measurements": measurements.where(own).order_by(Measurement.measured_at, Measurement.id),
        "exclusions": exclusions.where(own),
        # By the measurements, which have the same ids: receipts have no index of devices.
        "receipts": _all(Receipt).join(Measurement, Measurement.id == Receipt.id).where(own),
        "volunteers": _all(Volunteer).where(Volunteer.id.in_(volunteer)).order_by(Volunteer.id),
        "device_links": _all(DeviceLink).where(mine).order_by(DeviceLink.id),
        "memberships": _all(Membership)
        .where(Membership.volunteer_id.in_(volunteer))
        .order_by(Membership.id),
        "earnings": _all(Earning)
        .join(Measurement, Measurement.id == Earning.measurement_id)
        .where(own)
        .order_by(Earning.measurement_id, Earning.campaign_id),
        "corrections": _decisions(Correction).where(own).order_by(Correction.id),
        "campaign_exclusions": _decisions(CampaignExclusion)
        .where(own)
        .order_by(CampaignExclusion.measurement_id, CampaignExclusion.campaign_id),
        "tickets": _all(TicketRow)
        .where(TicketRow.device_id == device_id)
        .order_by(TicketRow.number),
        "no_connection_notes": _no_connection_notes(device_id),
        "no_connection_receipts": _all(NoConnectionReceipt)
        .where(NoConnectionReceipt.device_id == device_id)
        .order_by(NoConnectionReceipt.received_at, NoConnectionReceipt.id),
        "events": select(Event.at, Event.kind, Event.measurement_id, Event.data)
        .join(Measurement, Measurement.id == Event.measurement_id)
        .where(own)
        .order_by(Event.id),
        "refused": _all(RejectedBody)
        .where(RejectedBody.device_id == device_id)
        .order_by(RejectedBody.id),
    }


def _all(model: Any) -> Select[Any]:
    return select(*model.__table__.columns)


def _no_connection_notes(device_id: UUID) -> Select[Any]:
    unit = (Unit.code.label("unit_code"), Unit.name.label("unit_name"))
    notes = select(*NoConnectionNote.__table__.columns, *unit)
    notes = notes.join(Unit, Unit.id == NoConnectionNote.unit_id)
    return notes.where(NoConnectionNote.device_id == device_id).order_by(
        NoConnectionNote.noted_at, NoConnectionNote.id
    )


def _decisions(model: Any) -> Select[Any]:
    """Select organisers' decisions on measurements, without the deciding user and its signal."""
    hidden = ("user_id", "signal_id")
    columns = [column for column in model.__table__.columns if column.name not in hidden]
    return select(*columns).join(Measurement, Measurement.id == model.measurement_id)


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
