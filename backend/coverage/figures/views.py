"""The API of coverage, readable without a sign-in."""

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
from flask import Response, request

from backend.accounts.rate_limits import party_of
from backend.clock import local_day
from backend.coverage.figures.answers import cached_answer, coverage_tag
from backend.coverage.figures.files import as_csv, as_xlsx
from backend.coverage.figures.schemas import CoverageQuerySchema, CoverageSchema
from backend.coverage.figures.service import (
    CoverageQuery,
    CoverageResult,
    coverage_of_months,
    find_months,
)
from backend.coverage.figures.unit_access import figures_reader
from backend.http import etags
from backend.http.load_shedding import costly
from backend.http.requests import Blueprint, as_attachment, clock_now, language
from backend.tables.spreadsheets import XLSX

blp = Blueprint("coverage", __name__, description="Counts against targets")
blueprints = (blp,)

FORMATS: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
}


FILES: dict[str, tuple[Callable[[CoverageResult], bytes], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "xlsx": (lambda result: as_xlsx(result, language()), XLSX),
}


@blp.get("/coverage")
@blp.doc(responses={200: {"content": FORMATS}})
@blp.arguments(CoverageQuerySchema, location="query")
@blp.response(200, CoverageSchema)
@blp.alt_response(304, description="Nothing changed since the figures of If-None-Match")
@blp.alt_response(503, description="A costly answer is built at this moment: try again later")
def get_coverage(query: dict[str, Any]) -> Response:
    """Show every unit of a month against its target."""
    form, today = query.pop("format"), local_day(clock_now())
    reader = figures_reader()
    asked = CoverageQuery(**query, reader=reader)
    write, media = FILES.get(form) or (lambda result: orjson.dumps(result.answer), "")
    whole = not asked.of_place
    months = find_months(asked, today)
    tag = coverage_tag(asked, months, today, form, language() if form in FILES else None)

    def build() -> bytes:
        party = party_of(reader, request.remote_addr or "", clock_now())
        with costly(party, whole and bool(form in FILES or asked.since)):
            return write(coverage_of_months(asked, months, today))

    content = partial(cached_answer, tag, build)
    if form not in FILES:
        return etags.with_known_tag(tag, content)
    name = f"coverage-{asked.month}-{months[-1].level}-{asked.network}.{form}"
    return etags.with_content_tag(as_attachment(content(), media, name))
