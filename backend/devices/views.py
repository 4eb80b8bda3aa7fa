"""Endpoints of devices: consent, registration, notices."""

from typing import TypedDict

from flask import current_app, request

from backend.database.extensions import BEARER
from backend.devices import consent, notices, schemas, service
from backend.devices.authentication import current_device
from backend.devices.consent import Consent
from backend.devices.notices import Notices
from backend.devices.service import Agreement, ConsentState, DeviceDetails, Registered, Registration
from backend.http.requests import Blueprint, clock_now, language

blp = Blueprint("devices", __name__, description="Phones: consent, registration, notices")
blueprints = (blp,)


class DeviceWithNotices(DeviceDetails, Notices):
    """A device as shown to itself, with what it has yet to read."""


class ConsentingData(TypedDict):
    """A body that requires an explicit consent."""

    consent: Agreement


@blp.get("/consent")
@blp.response(200, schemas.ConsentSchema)
def read_consent() -> tuple[Consent, int, dict[str, str]]:
    """Return the consent text in Vietnamese or English."""
    text = consent.statement(language())
    return text, 200, {"Content-Language": text["language"], "Vary": "Accept-Language"}


@blp.post("/devices")
@blp.arguments(schemas.RegistrationSchema)
@blp.response(201, schemas.RegisteredSchema, description="Registered")
@blp.alt_response(
    200, schema=schemas.RegisteredSchema, description="Registered before; the answer again"
)
def register(registration: Registration) -> tuple[Registered, int]:
    """Register an installation of the app with a person's consent."""
    answer, created = service.register(
        registration,
        secret=current_app.config["SECRET_KEY"],
        now=clock_now(),
        address=request.remote_addr or "",
    )
    return answer, 201 if created else 200


@blp.get("/devices/me")
@blp.doc(security=BEARER)
@blp.response(200, schemas.DeviceSchema)
def read_me() -> DeviceWithNotices:
    """Return what is stored about the device."""
    device = current_device()
    return {**service.describe(device), **notices.deliver(device, clock_now())}


@blp.post("/devices/me/notices/<int:notice_id>/read")
@blp.doc(security=BEARER)
@blp.response(204)
def read_notice(notice_id: int) -> None:
    """Record that the person has read a notice: it comes with no further answer."""
    notices.mark_read(current_device().id, notice_id, clock_now())


@blp.post("/devices/me/consents")
@blp.doc(security=BEARER)
@blp.arguments(schemas.ConsentingSchema)
@blp.response(201, schemas.ConsentStateSchema)
def agree_again(data: ConsentingData) -> ConsentState:
    """Agree to a newer version of the consent text."""
    return service.renew_consent(current_device(), data["consent"], clock_now())
