"""API of VNNIC's own counts: import, and comparison with ours."""

from functools import partial
from typing import Any, TypedDict

from flask import Response

from backend.accounts.authentication import SignedInParser, actor
from backend.coverage.figures.unit_access import figures_reader
from backend.coverage.vnnic import schemas
from backend.coverage.vnnic.importer import TableChange, TableEffect, import_vnnic, set_table_state
from backend.coverage.vnnic.ispeed import Distance, read_distance
from backend.coverage.vnnic.service import comparison
from backend.coverage.vnnic.steering import (
    SteeringAnswer,
    SteeringChange,
    set_steering,
    show_steering,
)
from backend.database.extensions import PERSON
from backend.http.etags import with_digest
from backend.http.requests import Blueprint, clock_now, language, read_bytes
from backend.tables.spreadsheets import XLSX

blp = Blueprint("vnnic", __name__, description="VNNIC's own counts", parser=SignedInParser())
blueprints = (blp,)

# The media type of a CSV file depends on the installed programs: with Excel it is that of Excel
# files. The content decides. Not text/plain: a form of a foreign page could send it.
TABLES = ("text/csv", XLSX, "application/vnd.ms-excel", "text/tab-separated-values")
FORMS = (*TABLES, "application/json")
FILE = {"schema": {"type": "string", "format": "binary"}}
BODY = {"required": True, "content": dict.fromkeys(FORMS, FILE)}


class VnnicQuery(TypedDict):
    """Month, network and units of a comparison."""

    month: str  # YYYY-MM
    network: str  # mobile, fixed
    level: str | None  # null: communes below a parent, else provinces
    parent: str | None  # code of the unit whose parts are compared; null: the country


class NetworkQuery(TypedDict):
    """The network of an answer."""

    network: str


@blp.get("/vnnic")
@blp.arguments(schemas.VnnicQuerySchema, location="query")
@blp.response(200, schemas.ComparisonSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
def get_comparison(query: VnnicQuery) -> Response:
    """Compare VNNIC's count of each unit with ours, with likely reasons of the difference."""
    result = comparison(**query, now=clock_now(), language=language(), reader=figures_reader())
    return with_digest(result)


@blp.get("/vnnic/ispeed")
@blp.doc(security=PERSON)
@blp.arguments(schemas.NetworkQuerySchema, location="query")
@blp.response(200, schemas.DistanceSchema)
def get_distance(query: NetworkQuery) -> Distance:
    """Compare our speeds with i-Speed's by results typed in beside own tests on the same phone."""
    return read_distance(figures_reader(), query["network"], clock_now())


@blp.post("/vnnic/import")
@blp.doc(security=PERSON, requestBody=BODY)
@blp.arguments(schemas.VnnicImportQuerySchema, location="query")
@blp.response(200, schemas.VnnicImportSchema)
def post_vnnic(query: dict[str, Any]) -> dict[str, Any]:
    """Check a table of VNNIC's counts; with `dry_run=false`, store its rows as a draft."""
    dry_run = query.pop("dry_run") == "true"
    fetch = partial(read_bytes, FORMS, "vnnic_not_table")
    given: dict[str, Any] = {"dry_run": dry_run, "now": clock_now(), "language": language()}
    given |= {name: query[name] for name in ("level", "day")}
    key = {name: query[name] for name in ("month", "network")}
    return import_vnnic(actor(), fetch, key, **given)


@blp.post("/units/<code>/vnnic")
@blp.doc(security=PERSON)
@blp.arguments(schemas.TableStateSchema)
@blp.response(200, schemas.TableEffectSchema)
def change_table(data: TableChange, code: str) -> TableEffect:
    """Publish the draft of VNNIC's counts, take the published ones back, or remove the draft."""
    return set_table_state(actor(), code, data)


@blp.get("/units/<code>/steering")
@blp.doc(security=PERSON)
@blp.arguments(schemas.NetworkQuerySchema, location="query")
@blp.response(200, schemas.SteeringSchema)
def get_steering(query: NetworkQuery, code: str) -> SteeringAnswer:
    """Show whose count steers a province, for its officials."""
    return show_steering(actor(), code, query["network"], clock_now())


@blp.post("/units/<code>/steering")
@blp.doc(security=PERSON)
@blp.arguments(schemas.SteeringChangeSchema)
@blp.response(200, schemas.SteeringSchema)
def change_steering(data: SteeringChange, code: str) -> SteeringAnswer:
    """Let VNNIC's count steer a province from today on, or ours again."""
    return set_steering(actor(), code, data, clock_now())
