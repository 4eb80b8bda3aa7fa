"""API of measurements: phones send measurements and read their own with verdicts."""

import orjson
from flask import Response, current_app, request

from backend.database.extensions import BEARER
from backend.devices import service as devices
from backend.devices.authentication import current_device
from backend.devices.notices import deliver
from backend.errors import Problem, invalid
from backend.fields import encodable
from backend.http.paging import PageQuery
from backend.http.requests import (
    Blueprint,
    bearer_token,
    clock_now,
    language,
    read_object,
    sent_at,
    sent_items,
)
from backend.measurements.recording import answers, requirements
from backend.measurements.recording.answers import (
    BatchResult,
    CheckResult,
    OwnMeasurement,
    OwnPage,
    Result,
)
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import single
from backend.measurements.recording.reasons import category
from backend.measurements.recording.rows import SampleItem
from backend.measurements.recording.schemas import (
    BatchResultSchema,
    BatchSchema,
    CheckResultSchema,
    CheckSchema,
    MeasurementSchema,
    OwnMeasurementSchema,
    OwnPageSchema,
    PageQuerySchema,
    ResultSchema,
    RulesSchema,
)
from backend.measurements.recording.service import record_post, recording_context
from backend.metrics import count_samples
from backend.witness.service import serialize
from backend.witness.statements import PROFILES

blp = Blueprint("measurements", __name__, description="Speed tests", security=BEARER)
blueprints = (blp,)

# A phone after two weeks offline sends some hundred; larger batches make retries costlier.
MAX_BATCH = 500
# A body of this length is read only after its token was checked; reading a shorter one, such as a
# single sample, costs less than a second query.
CHECK_TOKEN_FIRST = 8_000

NEXT_TEST = {
    "name": "next_test",
    "in": "query",
    "description": "Answer with a ticket of this profile for the next test.",
    "schema": {"type": "string", "enum": list(PROFILES)},
}
ONE_OR_MANY = {"oneOf": [MeasurementSchema, BatchSchema]}
BATCH_OR_DUPLICATE = {"anyOf": [BatchResultSchema, ResultSchema]}


@blp.post("/measurements")
@blp.doc(requestBody={"required": True, "content": {"application/json": {"schema": ONE_OR_MANY}}})
@blp.doc(parameters=[NEXT_TEST])
@blp.response(201, ResultSchema, description="One sample was stored")
@blp.alt_response(200, schema=BATCH_OR_DUPLICATE, description="A batch, or a duplicate")
def post_measurements() -> Response:
    """Send one measurement, or a batch of up to 500; get the ticket of the next test."""
    token = bearer_token()
    if (request.content_length or CHECK_TOKEN_FIRST) >= CHECK_TOKEN_FIRST:
        current_device()
    try:
        profile = request.args.get("next_test")
        if profile is not None and profile not in PROFILES:
            raise invalid("next_test", "not_one_of")
        body = read_object()
        sent = sent_items(body, "measurements", MAX_BATCH)
        manual = current_app.config["COUNT_MANUAL"]
        receipt = ReceiptContext(clock_now(), sent_at(body), count_manual=manual)
    except Problem:
        current_device()  # without a valid token the answer is 401, without details of the body
        raise
    recorded = record_post(token, sent, receipt, recording_context(), profile)
    device, items = recorded.device, recorded.items
    count_samples((item.outcome, _category(item)) for item in items)
    results = answers.serialize_results(device.id, items, language())
    answer: Result | BatchResult
    if "measurements" in body:
        answer, status = answers.serialize_batch(items, results), 200
    else:
        answer, status = single(items[0], results[0])
    if devices.consent_outdated(device):
        answer["consent_outdated"] = True
    unread = deliver(device, receipt.received_at)
    if "notices" in unread:
        answer["notices"] = unread["notices"]
    if profile:
        own_url = f"{request.scheme}://{request.host}"
        issued = recorded.next_ticket
        answer["next_test"] = serialize(issued, own_url) if issued else None
    # Without the schema: dumping by it would cost as much as the verdicts.
    return Response(orjson.dumps(answer), status, content_type="application/json")


def _category(item: SampleItem) -> str | None:
    """Return the category of a new sample, of a counted one without its assurance."""
    accepted = item.outcome == "accepted"
    return category(item.row["reasons"], item.row["marks"], None) if accepted else None


@blp.get("/rules")
@blp.doc(security=[])
@blp.response(200, RulesSchema)
def show_rules() -> Response:
    """Show the rules in force: the rule set, and the assurance that a sample needs to count."""
    reader_language = language()
    answer = requirements.describe(clock_now(), reader_language)
    response = Response(orjson.dumps(answer), content_type="application/json")
    response.headers["Content-Language"] = reader_language
    response.headers["Vary"] = "Accept-Language"
    return response


@blp.get("/measurements")
@blp.arguments(PageQuerySchema, location="query")
@blp.response(200, OwnPageSchema)
def list_measurements(query: PageQuery) -> OwnPage:
    """List the device's own measurements, newest first."""
    device = current_device()
    return answers.own_page(device.id, query["cursor"], query["limit"], language())


@blp.get("/measurements/<identity>")
@blp.response(200, OwnMeasurementSchema)
def show_measurement(identity: str) -> OwnMeasurement:
    """Show one of the device's own measurements with its verdict."""
    return answers.own_measurement(current_device().id, identity, language())


@blp.post("/measurements/check")
@blp.doc(requestBody={"required": True, "content": {"application/json": {"schema": CheckSchema}}})
@blp.response(200, CheckResultSchema)
def check_measurements() -> CheckResult:
    """Check which of up to 1,000 ids are stored."""
    device = current_device()
    sent = read_object().get("ids")
    if not isinstance(sent, list):
        raise invalid("ids", "not_list")
    ids = [id for id in sent if isinstance(id, str)]
    if len(ids) < len(sent):
        raise invalid("ids", "not_list")
    if len(ids) > answers.MAX_CHECK:
        raise invalid("ids", "wrong_length")
    if not all(map(encodable, ids)):
        raise invalid("ids", "not_unicode")
    return answers.check_ids(device.id, ids)
