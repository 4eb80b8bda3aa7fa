"""API of no-connection notes: phones send them and read their own."""

import orjson
from flask import Response, request

from backend.database.extensions import BEARER
from backend.devices.authentication import current_device
from backend.http.paging import PageQuery, PageSchema
from backend.http.requests import (
    Blueprint,
    clock_now,
    language,
    read_object,
    sent_at,
    sent_items,
)
from backend.measurements.no_connection import answers, service
from backend.measurements.no_connection.answers import NoteBatchResult, NoteResult, OwnNotes
from backend.measurements.no_connection.schemas import (
    MAX_BATCH,
    NoteBatchResultSchema,
    NoteBatchSchema,
    NoteResultSchema,
    NoteSchema,
    OwnNotesSchema,
)
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import outcome_counts, single
from backend.measurements.recording.service import recording_context

blp = Blueprint("no_connection_notes", __name__, description="Coverage gaps", security=BEARER)
blueprints = (blp,)

ONE_OR_MANY = {"oneOf": [NoteSchema, NoteBatchSchema]}
BATCH_OR_DUPLICATE = {"anyOf": [NoteBatchResultSchema, NoteResultSchema]}


@blp.post("/no-connection-notes")
@blp.doc(requestBody={"required": True, "content": {"application/json": {"schema": ONE_OR_MANY}}})
@blp.response(201, NoteResultSchema, description="One note was stored")
@blp.alt_response(200, schema=BATCH_OR_DUPLICATE, description="A batch, or a duplicate")
def post_notes() -> Response:
    """Send one no-connection note, or a batch of up to 100."""
    device = current_device()
    body = read_object()
    sent = sent_items(body, "notes", MAX_BATCH)
    receipt, context = ReceiptContext(clock_now(), sent_at(body)), recording_context(tickets=False)
    items = service.record_notes(device, sent, receipt, context, request.remote_addr or "")
    results = answers.serialize_results(items, language())
    answer: NoteResult | NoteBatchResult
    if "notes" in body:
        answer, status = {"results": results, **outcome_counts(items)}, 200
    else:
        answer, status = single(items[0], results[0])
    # Without the schema, which differs for one note and for a batch.
    return Response(orjson.dumps(answer), status, content_type="application/json")


@blp.get("/no-connection-notes")
@blp.arguments(PageSchema, location="query")
@blp.response(200, OwnNotesSchema)
def list_notes(query: PageQuery) -> OwnNotes:
    """List the device's own no-connection notes, newest first."""
    return answers.own_notes(current_device().id, query["cursor"], query["limit"])
