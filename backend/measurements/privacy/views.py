"""API of a person's rights: export of all stored data, and withdrawal."""

from typing import Any

from flask import Response, current_app, request, stream_with_context
from marshmallow import Schema, fields

from backend.accounts.rate_limits import WITHDRAWALS_PER_HOUR, Caller
from backend.database.extensions import BEARER
from backend.devices import service as devices
from backend.devices.registration import KnownDevice
from backend.fields import Strict, Text
from backend.http.blueprint import Blueprint
from backend.http.requests import bearer_token, clock_now, language
from backend.i18n.messages import message
from backend.measurements.privacy.export import export
from backend.measurements.privacy.request_views import blp as requests
from backend.measurements.privacy.tombstones import FILE, Tombstones
from backend.measurements.privacy.withdrawal import Withdrawn, withdraw, withdraw_by_code

blp = Blueprint("privacy", __name__)
blueprints = (blp, requests)


class WithdrawalSchema(Strict):
    """A withdrawal by code."""

    withdrawal_code = Text(60, required=True)


class RemovedSchema(Schema):
    """Number of removed records by kind."""

    devices = fields.Integer(required=True)
    consents = fields.Integer(required=True)
    receipts = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    positions = fields.Integer(required=True)


class KeptSchema(Schema):
    """Number of records that stay without a person."""

    anonymous_measurements = fields.Integer(required=True)


class WithdrawnSchema(Schema):
    """Result of a withdrawal."""

    removed = fields.Nested(RemovedSchema, required=True)
    kept = fields.Nested(KeptSchema, required=True)
    explanation = fields.String(required=True)


class ExportSchema(Schema):
    """All data stored about a device."""

    exported_at = fields.AwareDateTime(required=True)
    device = fields.Dict(required=True, allow_none=True)
    consents = fields.List(fields.Dict(), required=True)
    measurements = fields.List(fields.Dict(), required=True)
    exclusions = fields.List(fields.Dict(), required=True)
    receipts = fields.List(fields.Dict(), required=True)
    volunteers = fields.List(fields.Dict(), required=True)
    device_links = fields.List(fields.Dict(), required=True)
    memberships = fields.List(fields.Dict(), required=True)
    earnings = fields.List(fields.Dict(), required=True)
    corrections = fields.List(fields.Dict(), required=True)
    campaign_exclusions = fields.List(fields.Dict(), required=True)
    refused = fields.List(fields.Dict(), required=True)


@blp.get("/devices/me/export")
@blp.doc(security=BEARER)
@blp.response(200, ExportSchema)
def export_me() -> Response:
    """Export all data stored about a device."""
    document = export(_device().id, clock_now())
    answer = Response(stream_with_context(document), content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.delete("/devices/me")
@blp.doc(security=BEARER)
@blp.response(200, WithdrawnSchema)
def withdraw_me() -> dict[str, Any]:
    """Withdraw: end this device and make its measurements anonymous."""
    return _serialize(withdraw(_device().id, _tombstones(), clock_now()))


@blp.post("/withdrawals")
@blp.arguments(WithdrawalSchema)
@blp.response(200, WithdrawnSchema)
def withdraw_with_code(data: dict[str, str]) -> dict[str, Any]:
    """Withdraw with the code that was issued at registration."""
    withdrawn = withdraw_by_code(
        data["withdrawal_code"],
        _tombstones(),
        now=clock_now(),
        caller=Caller(request.remote_addr or "", WITHDRAWALS_PER_HOUR),
    )
    return _serialize(withdrawn)


def _serialize(withdrawn: Withdrawn) -> dict[str, Any]:
    return {
        "removed": withdrawn.removed,
        "kept": withdrawn.kept,
        "explanation": message("withdrawn", language()),
    }


def _device() -> KnownDevice:
    return devices.authenticate(bearer_token(), clock_now())


def _tombstones() -> Tombstones:
    config = current_app.config
    return Tombstones(config["VAR_DIR"] / FILE, config["SECRET_KEY"])
