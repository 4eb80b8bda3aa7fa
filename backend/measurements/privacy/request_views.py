"""API of withdrawal requests with their legal deadlines; for admins."""

from typing import Any

from marshmallow import Schema, fields

from backend.accounts.authentication import SignedInParser, actor
from backend.database.extensions import PERSON
from backend.fields import AwareTime, Strict, Text
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.measurements.privacy.requests import list_requests, open_request, record_step

blp = Blueprint(
    "withdrawals", __name__, url_prefix="/api/v1/withdrawal-requests", parser=SignedInParser()
)

CHANNELS = ("email", "telephone", "letter", "in_person")


class WithdrawalRequestCreateSchema(Strict):
    """Channel and time of a request; never the person."""

    channel = Text(choices=CHANNELS, required=True)
    received_at = AwareTime(required=True)


class StepSchema(Strict):
    """A step of handling a request."""

    step = Text(choices=("acknowledged", "done"), required=True)


class WithdrawalRequestSchema(Schema):
    """A withdrawal with its legal deadlines."""

    id = fields.Integer(required=True)
    channel = fields.String(required=True)
    received_at = fields.AwareDateTime(required=True)
    acknowledge_by = fields.Date(required=True)
    acknowledged_at = fields.AwareDateTime(required=True, allow_none=True)
    do_by = fields.Date(required=True)
    done_at = fields.AwareDateTime(required=True, allow_none=True)
    overdue = fields.Boolean(required=True)


class WithdrawalRequestsSchema(Schema):
    """Withdrawals, open ones first."""

    items = fields.List(fields.Nested(WithdrawalRequestSchema), required=True)


@blp.get("")
@blp.doc(security=PERSON)
@blp.response(200, WithdrawalRequestsSchema)
def list_withdrawals() -> Any:
    """List withdrawals with their deadlines."""
    return list_requests(actor(), clock_now())


@blp.post("")
@blp.doc(security=PERSON)
@blp.arguments(WithdrawalRequestCreateSchema)
@blp.response(201, WithdrawalRequestSchema)
def note_withdrawal(data: dict[str, Any]) -> Any:
    """Record a withdrawal requested by another channel than the app."""
    return open_request(actor(), data, clock_now())


@blp.post("/<int:identity>/steps")
@blp.doc(security=PERSON)
@blp.arguments(StepSchema)
@blp.response(200, WithdrawalRequestSchema)
def settle_withdrawal(data: dict[str, Any], identity: int) -> Any:
    """Record that a withdrawal was acknowledged or done."""
    return record_step(actor(), identity, data["step"], clock_now())
