"""API of a person's rights: export and withdrawal."""

from flask import Response, current_app, request, stream_with_context

from backend.database.extensions import BEARER
from backend.devices.authentication import current_device
from backend.http.requests import Blueprint, clock_now, language
from backend.i18n.messages import message
from backend.measurements.privacy.effects import Effects, effects_of
from backend.measurements.privacy.export import export
from backend.measurements.privacy.schemas import (
    EffectsSchema,
    ExportSchema,
    WithdrawalSchema,
    WithdrawnSchema,
)
from backend.measurements.privacy.tombstones import Tombstones, tombstones_of
from backend.measurements.privacy.withdrawal import (
    Withdrawn,
    effects_by_code,
    withdraw,
    withdraw_by_code,
    withdraw_positions,
)

blp = Blueprint("privacy", __name__, description="Export and withdrawal of a device's data")
blueprints = (blp,)


@blp.get("/devices/me/export")
@blp.doc(security=BEARER)
@blp.response(200, ExportSchema)
def export_me() -> Response:
    """Export all data stored about a device."""
    document = export(current_device().id, clock_now())
    answer = Response(stream_with_context(document), content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blp.get("/devices/me/withdrawal")
@blp.doc(security=BEARER)
@blp.response(200, EffectsSchema)
def read_effects() -> Effects:
    """Show what leaving, removing positions or withdrawing would change, before the decision."""
    return effects_of(current_device().id, clock_now())


@blp.delete("/devices/me/positions")
@blp.doc(security=BEARER)
@blp.response(200, EffectsSchema)
def remove_positions() -> Effects:
    """Remove the device's positions, each 7 days after its receipt; counts stay."""
    return withdraw_positions(current_device().id, _tombstones(), clock_now())


@blp.delete("/devices/me")
@blp.doc(security=BEARER)
@blp.response(200, WithdrawnSchema)
def withdraw_me() -> Withdrawn:
    """Withdraw: end this device and make its measurements anonymous."""
    done = withdraw(current_device().id, _tombstones(), clock_now())
    return {**done, "explanation": message("withdrawn", language())}


@blp.post("/withdrawals")
@blp.arguments(WithdrawalSchema)
@blp.response(200, WithdrawnSchema)
def withdraw_with_code(data: dict[str, str]) -> Withdrawn:
    """Withdraw with the code that was issued at registration."""
    address = request.remote_addr or ""
    done = withdraw_by_code(
        data["withdrawal_code"], _tombstones(), now=clock_now(), address=address
    )
    return {**done, "explanation": message("withdrawn", language())}


@blp.post("/withdrawals/effects")
@blp.arguments(WithdrawalSchema)
@blp.response(200, EffectsSchema)
def read_effects_of_code(data: dict[str, str]) -> Effects:
    """Show what a withdrawal with this code would change, before the decision."""
    key, address = current_app.config["SECRET_KEY"], request.remote_addr or ""
    return effects_by_code(data["withdrawal_code"], key, now=clock_now(), address=address)


def _tombstones() -> Tombstones:
    return tombstones_of(current_app.config)
