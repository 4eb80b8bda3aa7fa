"""The API of coverage, readable without a sign-in."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson
from flask import Response

from backend.clock import local_day
from backend.coverage.figures.answers import coverage_tag, kept
from backend.coverage.figures.files import as_csv, as_geojson, as_xlsx
from backend.coverage.figures.items import FIELDS
from backend.coverage.figures.schemas import (
    CoverageQuerySchema,
    CoverageSchema,
    CoverageSelectionSchema,
)
from backend.coverage.figures.service import (
    CoverageQuery,
    CoverageResult,
    compute_coverage,
    months_of,
)
from backend.coverage.figures.unit_access import figures_reader
from backend.http import etags
from backend.http.load_shedding import costly
from backend.http.requests import Blueprint, as_attachment, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = Blueprint("coverage", __name__, description="Counts against targets")
blueprints = (blp,)

GEOJSON = "application/geo+json"
FORMATS: dict[str, Any] = {
    "application/json": {"schema": {"anyOf": [CoverageSchema, CoverageSelectionSchema]}},
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
    GEOJSON: {"schema": {"type": "object"}},
}


FILES: dict[str, tuple[Callable[[CoverageResult], bytes], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (lambda result: as_xlsx(result, language()), XLSX),
    "geojson": (as_geojson, GEOJSON),
}


@blp.get("/coverage")
@blp.doc(responses={200: {"content": FORMATS}})
@blp.arguments(CoverageQuerySchema, location="query")
@blp.response(200)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
@blp.alt_response(503, description="A costly answer is built at this moment: try again later")
def get_coverage(query: dict[str, Any]) -> Response:
    """Show every unit of a month against its target."""
    form, fields, now = query.pop("format"), query.pop("fields") or FIELDS, clock_now()
    asked = CoverageQuery(**query, reader=figures_reader())
    write, media = FILES.get(form) or (partial(encode, form=form, fields=fields), "")
    whole = not (asked.parent or asked.unit)
    signed_in = asked.reader is not None and asked.reader.signed_in
    with costly(whole and bool(form in FILES or asked.since), signed_in=signed_in):
        tag = coverage_tag(asked, now, form, fields, language() if form in FILES else None)
        content = partial(kept, tag, lambda: write(compute_coverage(asked, now)))
        if form not in FILES:
            return etags.with_known_tag(tag, content)
        last = months_of(asked, local_day(now))[-1]
        name = f"coverage-{last.month}-{last.level}-{last.network}.{form}"
        return etags.with_content_tag(as_attachment(content(), media, name))


def encode(result: CoverageResult, form: str, fields: Sequence[str]) -> bytes:
    """Return an answer with an item for each row, or (`columns`) a list for each field."""
    items: Any = result.items
    if form == "columns":
        rows: Any = {name: [item[name] for item in items] for name in fields}
    elif len(fields) == len(FIELDS):
        rows = items
    else:
        rows = [{name: item[name] for name in fields} for item in items]
    name = "columns" if form == "columns" else "items"
    return orjson.dumps({**result.body, name: rows, "next": result.next_cursor})
