"""OData v4 at `/api/v1/odata/`, which Excel and Power BI open by its address."""

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, request, url_for

from backend.accounts.authentication import basic_actor
from backend.accounts.rate_limits import count_attempt, party_of
from backend.coverage.figures.answers import cached_answer
from backend.coverage.figures.unit_access import figures_reader
from backend.doors.odata import service
from backend.doors.odata.entity_sets import SAMPLES, EntitySet
from backend.doors.odata.metadata import metadata_document, service_document
from backend.doors.odata.options import OPTIONS, Options, check_versions, page_size, read_options
from backend.doors.odata.service import Page
from backend.doors.odata.sources import ReadContext
from backend.errors import Problem
from backend.http.etags import with_content_tag
from backend.http.load_shedding import costly
from backend.http.problems import serialize_errors
from backend.http.requests import Blueprint, allow_any_origin, clock_now, language
from backend.i18n.messages import message

VERSION = "4.0"
# Requests of a client address: a page of 3,321 communes has five, and an office refreshes many
# tables behind one address.
PER_HOUR = 1_200
JSON, XML = "application/json", "application/xml"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Do Song", charset="UTF-8"'}
SECURITY: list[dict[str, list[str]]] = [{}, {"basic": []}, {"bearer": []}, {"session": []}]
PARAMETERS = [
    {"in": "query", "name": name, "schema": {"type": "string"}, "description": text}
    for name, text in OPTIONS.items()
]
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "target": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
}
ERRORS = {
    status: {"description": text, "content": {JSON: {"schema": ERROR}}}
    for status, text in (
        (400, "An option is wrong; `target` names it"),
        (401, "The entity set needs a token, or it is no longer valid"),
        (404, "There is no such entity set"),
        (406, "`Accept` names no form that it has"),
        (429, "Too many requests of an address in this hour"),
        (501, "The option is not supported"),
        (503, "It reads many lists, as another request does at this moment: try again later"),
    )
}
OBJECT = {  # a row by its key has its properties in place of `value`
    "type": "object",
    "properties": {"value": {"type": "array", "items": {"type": "object"}}},
}

blp = Blueprint(
    "odata", __name__, url_prefix="/api/v1/odata", description="OData v4, for Excel and Power BI"
)
blp.after_request(allow_any_origin)
blueprints = (blp,)


@blp.before_request
def check_client() -> None:
    """Check the version of the client, the form that it accepts, and its token."""
    form, short = (XML, "xml") if request.endpoint == "odata.get_metadata" else (JSON, "json")
    accepted = _accepted()
    if accepted and accepted.isdisjoint((form, short, "application/*", "*/*")):
        raise Problem(406, "odata_form")
    check_versions({name.lower(): value for name, value in request.headers})
    if request.authorization and request.authorization.type == "basic":
        basic_actor()


@blp.after_request
def add_version(response: Response) -> Response:
    """Add the headers of every answer."""
    response.headers["OData-Version"] = VERSION
    return response


@blp.errorhandler(Problem)
def answer_problem(problem: Problem) -> Response:
    """Answer an error in the form of the standard."""
    chosen = language()
    details = serialize_errors(problem.errors, chosen)
    body: dict[str, Any] = {"code": problem.code, "message": message(problem.code, chosen)}
    if details:
        first = details[0]
        body |= {"code": first["code"], "message": first["message"], "target": first["field"]}
        body["details"] = [
            {"code": one["code"], "message": one["message"], "target": one["field"]}
            for one in details
        ]
    headers = {**problem.headers, **(CHALLENGE if problem.status == 401 else {})}
    response = Response(orjson.dumps({"error": body}), problem.status, content_type=JSON)
    response.headers.update(headers)
    return response


@blp.get("/", strict_slashes=False)
@blp.doc(security=SECURITY, responses=ERRORS)
@blp.response(200, OBJECT)
def get_service() -> Response:
    """List the entity sets."""
    return _json(_encode(service_document(_root())))


@blp.get("/$metadata")
@blp.doc(security=SECURITY, responses=ERRORS | {200: {"content": {XML: {"schema": {}}}}})
@blp.response(200)
def get_metadata() -> Response:
    """Describe the entity sets and their properties in CSDL."""
    return with_content_tag(Response(metadata_document(), content_type=XML))


@blp.get("/<name>")
@blp.doc(security=SECURITY, parameters=PARAMETERS, responses=ERRORS)
@blp.response(200, OBJECT)
def get_rows(name: str) -> Response:
    """List rows of an entity set, page by page; with a key in parentheses show its row."""
    name, opened, rest = name.partition("(")
    key = rest.removesuffix(")") if opened else None
    chosen, prefer = service.entity_set(name), request.headers.get("Prefer", "")
    options = read_options(_sent(), chosen, prefer, key)
    context = _context()
    body = _built(
        chosen, options, context,
        lambda: _encode(_answer(name, key, service.read_page(chosen, options, context), options)),
    )  # fmt: skip
    response = _json(body)
    if size := page_size(prefer):
        response.headers["Preference-Applied"] = f"odata.maxpagesize={size}"
    if chosen is SAMPLES:
        response.headers["Cache-Control"] = "no-store"
    return response


@blp.get("/<name>/$count")
@blp.doc(
    security=SECURITY,
    parameters=[one for one in PARAMETERS if one["name"] == "$filter"],
    responses=ERRORS | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@blp.response(200)
def get_count(name: str) -> Response:
    """Count the rows of an entity set that a filter selects."""
    chosen = service.entity_set(name)
    options = read_options(_sent(), chosen)
    context = _context()
    count = _built(
        chosen, options, context,
        lambda: str(service.count_rows(chosen, options, context)).encode(),
    )  # fmt: skip
    return Response(count, content_type="text/plain; charset=utf-8")


def _answer(name: str, key: str | None, page: Page, options: Options) -> dict[str, object]:
    """Return a page as an answer, or the row of a key."""
    shape = f"({options.selected})" if options.selected and options.selected != "*" else ""
    entity = "" if key is None else "/$entity"
    answer: dict[str, object] = {"@odata.context": f"{_root()}$metadata#{name}{shape}{entity}"}
    if key is not None:
        return answer | service.one_row(page, options)
    if page.count is not None:
        answer["@odata.count"] = page.count
    answer["value"] = service.serialize(page, options)
    if page.following:
        answer["@odata.nextLink"] = _next_link(name, service.token_of(page.following))
    return answer


def _built(
    chosen: EntitySet, options: Options, context: ReadContext, build: Callable[[], bytes]
) -> bytes:
    """Return a body; a costly one of the public is kept, and building it takes a turn."""
    if not service.is_costly(chosen, options, context):
        return build()
    party = party_of(context.actor, request.remote_addr or "", context.now)

    def build_in_turn() -> bytes:
        with costly(party):
            return build()

    if context.actor.signed_in:  # a person's rows are never kept
        return build_in_turn()
    form = request.url, request.headers.get("Prefer"), _metadata(), context.language
    return cached_answer(service.public_tag_of(context, form), build_in_turn)


def _accepted() -> set[str]:
    """Return the forms that the client accepts: `$format` wins over `Accept`."""
    chosen = request.args.get("$format")
    kinds = [chosen] if chosen else request.accept_mimetypes.values()
    return {kind.partition(";")[0].strip().lower() for kind in kinds}


def _sent() -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


def _context() -> ReadContext:
    now = clock_now()
    count_attempt("odata", request.remote_addr or "", PER_HOUR, now)
    return ReadContext(figures_reader(), now, language())


def _root() -> str:
    return url_for("odata.get_service", _external=True).rstrip("/") + "/"


def _next_link(name: str, token: str) -> str:
    """Return the address of the next page: the token has what is left of $skip and $top."""
    kept = [(key, value) for key, value in _sent() if key not in ("$skip", "$top", "$skiptoken")]
    values = dict(kept) | {"$skiptoken": token}
    return url_for("odata.get_rows", name=name, _external=True, **values)


def _metadata() -> str:
    wanted = request.args.get("$format") or request.headers.get("Accept", "")
    return "none" if "odata.metadata=none" in wanted else "minimal"


def _encode(answer: dict[str, object]) -> bytes:
    if _metadata() == "none":  # the client wants no addresses in the answer
        answer.pop("@odata.context", None)
    return orjson.dumps(answer, option=orjson.OPT_UTC_Z)


def _json(body: bytes) -> Response:
    kind = f"{JSON};odata.metadata={_metadata()};charset=utf-8"
    return with_content_tag(Response(body, content_type=kind))
