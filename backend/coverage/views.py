"""The API of coverage, readable without a sign-in."""

import csv
import io
from typing import Any

from flask import Response
from flask_smorest import Blueprint

from backend.coverage.schemas import CoverageQuerySchema, CoverageSchema
from backend.coverage.service import Question, coverage
from backend.http import clock_now

blp = Blueprint("coverage", __name__, url_prefix="/api/v1", description="Counts against targets")

COLUMNS = (
    "code", "name", "parent", "received", "valid", "counted", "target", "reached", "shortfall"
)  # fmt: skip


@blp.get("/coverage")
@blp.arguments(CoverageQuerySchema, location="query")
@blp.response(200, CoverageSchema)
@blp.doc(responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}})
def get_coverage(query: dict[str, Any]) -> Any:
    """Show every unit of a month against its target."""
    form = query.pop("format")
    answer = coverage(Question(**query), clock_now())
    if form == "csv":
        return _csv(answer)
    return answer


def _csv(answer: dict[str, Any]) -> Response:
    """The items as a table that a spreadsheet opens with its Vietnamese letters intact."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(answer["items"])
    name = f"coverage-{answer['month']}-{answer['level']}-{answer['network']}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(
        "\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers
    )
