"""API of notices: an admin writes a text that phones show until it is read."""

from typing import Any

from backend.accounts.authentication import PersonBlueprint, actor
from backend.http.requests import clock_now
from backend.notices import schemas, service

blp = PersonBlueprint("notices", __name__, description="Notices of the operator to phones")
blueprints = (blp,)


@blp.get("/notices")
@blp.response(200, schemas.NoticesSchema)
def get_notices() -> dict[str, Any]:
    """List the notices with the numbers of phones that have and have read them."""
    return service.list_notices(actor())


@blp.post("/notices")
@blp.arguments(schemas.NoticeRequestSchema)
@blp.response(201, schemas.SentNoticeSchema, description="Sent")
@blp.alt_response(200, schema=schemas.SentNoticeSchema, description="A preview")
def post_notice(data: dict[str, Any]) -> Any:
    """Send a notice to phones; with `preview` only count them."""
    return service.send(actor(), data, clock_now()), 200 if data["preview"] else 201


@blp.delete("/notices/<int:notice_id>")
@blp.response(204)
def end_notice(notice_id: int) -> None:
    """End a notice: phones that have not read it do not get it any more."""
    service.end(actor(), notice_id, clock_now())
