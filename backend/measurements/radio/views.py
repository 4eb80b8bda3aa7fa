"""API of radio samples: phones send them in batches."""

from collections import Counter
from typing import Any

import orjson
from flask import Response, request

from backend.database.extensions import BEARER
from backend.devices import service as devices
from backend.http.problems import serialize_errors
from backend.http.requests import (
    Blueprint,
    bearer_token,
    clock_now,
    language,
    read_object,
    sent_at,
    sent_items,
)
from backend.i18n.catalogues import Language
from backend.measurements.radio import schemas, service
from backend.measurements.radio.incoming import RadioItem
from backend.measurements.radio.service import RadioContext

blp = Blueprint("radio_samples", __name__, description="Radio samples", security=BEARER)
blueprints = (blp,)


@blp.post("/radio-samples")
@blp.doc(
    requestBody={
        "required": True,
        "content": {"application/json": {"schema": schemas.RadioBatchSchema}},
    }
)
@blp.response(200, schemas.RadioBatchResultSchema)
def post_samples() -> Any:
    """Send a batch of up to 5,000 radio samples: signal strength, or no service, along a way."""
    device = devices.authenticate(bearer_token(), clock_now())
    body = read_object()
    sent = sent_items({"samples": None} | body, "samples", schemas.BATCH_MOST)
    context = RadioContext(clock_now(), sent_at(body), address=request.remote_addr or "")
    items = service.record(device, sent, context)
    outcomes: Counter[str] = Counter(item.outcome for item in items)
    answer = {
        "results": [_serialize(item, language()) for item in items],
        **{outcome: outcomes[outcome] for outcome in schemas.OUTCOMES},
    }
    # Without the schema: dumping thousands of results by it would take longer than storing them.
    return Response(orjson.dumps(answer), content_type="application/json")


def _serialize(item: RadioItem, reader_language: Language) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": item.echo, "outcome": item.outcome}
    if item.errors:
        answer["errors"] = serialize_errors(item.errors, reader_language)
    return answer
