"""OGC API Features at `/ogc`, which QGIS opens by its URL."""

from functools import partial
from typing import Any, NoReturn

from flask import Response, request, url_for

from backend.accounts.rate_limits import party_of
from backend.coverage.figures.unit_access import figures_reader
from backend.doors.ogc import schemas
from backend.doors.ogc import service as ogc
from backend.errors import Problem
from backend.http.etags import with_content_tag, with_digest, with_known_tag
from backend.http.load_shedding import costly
from backend.http.requests import Blueprint, Parser, allow_any_origin, clock_now, language


class OgcParser(Parser):
    """Rejects unknown parameters with 400, as the standard requires."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"query": None}

    def handle_error(self, *arguments: Any, **options: Any) -> NoReturn:
        try:
            super().handle_error(*arguments, **options)
        except Problem as problem:
            raise Problem(400, "invalid", problem.errors) from problem


blp = Blueprint(
    "ogc", __name__, url_prefix="/ogc", description="OGC API Features, for QGIS", parser=OgcParser()
)
blp.after_request(allow_any_origin)
blueprints = (blp,)

FEATURES = {"type": "object", "required": ["type"]}
API = "api-docs.openapi_json"


@blp.get("/", strict_slashes=False)
@blp.arguments(schemas.OgcQuerySchema, location="query")
@blp.response(200, schemas.OgcLandingSchema)
def landing(query: dict[str, str]) -> Response:
    """Show the landing page of OGC API Features."""
    return with_digest(ogc.landing(_link, language()))


@blp.get("/conformance")
@blp.arguments(schemas.OgcQuerySchema, location="query")
@blp.response(200, schemas.ConformanceSchema)
def conformance(query: dict[str, str]) -> Response:
    """List the conformance classes of the standard."""
    return with_digest({"conformsTo": ogc.CLASSES})


@blp.get("/collections")
@blp.arguments(schemas.OgcQuerySchema, location="query")
@blp.response(200, schemas.OgcCollectionsSchema)
def collections(query: dict[str, str]) -> Response:
    """List a collection of communes for each month and network."""
    return with_digest(ogc.collections(clock_now(), _link, language()))


@blp.get("/collections/<name>")
@blp.arguments(schemas.OgcQuerySchema, location="query")
@blp.response(200, schemas.OgcCollectionSchema)
def collection(query: dict[str, str], name: str) -> Response:
    """Describe the communes of a month on a network."""
    return with_digest(ogc.collection(name, clock_now(), _link, language()))


@blp.get("/collections/<name>/items")
@blp.arguments(schemas.ItemsQuerySchema, location="query")
@blp.response(200, FEATURES, content_type=ogc.GEOJSON)
@blp.alt_response(503, description="Another large page is built at this moment: try again later")
def items(query: ogc.ItemsQuery, name: str) -> Response:
    """List communes with their areas and figures, page by page."""
    reader, now = figures_reader(), clock_now()
    party = party_of(reader, request.remote_addr or "", now)
    place = partial(costly, party, query.limit > schemas.LIMIT_DEFAULT)
    return with_known_tag(*ogc.items(name, query, now, _link, reader, place), ogc.GEOJSON)


@blp.get("/collections/<name>/items/<code>")
@blp.arguments(schemas.OgcQuerySchema, location="query")
@blp.response(200, FEATURES, content_type=ogc.GEOJSON)
def item(query: dict[str, str], name: str, code: str) -> Response:
    """Show one commune with its area and figures."""
    body = ogc.item(name, code, clock_now(), _link, figures_reader())
    return with_content_tag(Response(body, content_type=ogc.GEOJSON))


def _link(endpoint: str, **values: Any) -> str:
    return url_for(API if endpoint == "api" else f"ogc.{endpoint}", _external=True, **values)
