"""Pages of the sealed reports of all provinces, collected or of this server."""

from functools import partial
from typing import cast

import orjson
import structlog
from flask import Response, current_app
from flask.typing import ResponseReturnValue

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import or_404
from backend.http.requests import as_attachment, clock_now
from backend.reports.collector import files
from backend.reports.collector.provinces import (
    Collected,
    ProvinceTable,
    list_provinces,
    show_collected,
)
from backend.reports.content import labels
from backend.reports.content.figures import Network, Report
from backend.reports.files.letter import WORDS, LetterContent, compose_letter
from backend.reports.files.tables import format_cell
from backend.reports.monthly.deadlines import month_due
from backend.reports.monthly.seals import trusted_keys
from backend.tables.spreadsheets import XLSX
from backend.web.desk.frame import bp
from backend.web.site.forms import redirect_to
from backend.web.site.pages import render_private, translator_for
from backend.web.site.schemas import FiguresPageQuery, FiguresPageQuerySchema

CSV = "text/csv; charset=utf-8"
WRITERS = {"csv": (files.as_csv, CSV), "xlsx": (files.as_xlsx, XLSX)}

log = structlog.get_logger()


@bp.page("/provinces", FiguresPageQuerySchema)
def provinces(query: FiguresPageQuery) -> Response:
    """Show every province by its sealed report of a month."""
    language = translator_for(query["lang"]).language
    values = {"table": _table(query), "differences": partial(files.differences, language=language)}
    return render_private("web/desk/provinces.html", query["lang"], **values)


@bp.page("/provinces.<any(csv,xlsx):form>", FiguresPageQuerySchema)
def provinces_file(query: FiguresPageQuery, form: str) -> Response:
    """Send the table of provinces as a file."""
    table, (write, kind) = _table(query), WRITERS[form]
    content = write(table, translator_for(query["lang"]).language)
    name = f"bao-cao-cac-tinh-{table['month']}-{table['network']}.{form}"
    return as_attachment(content, kind, name, stored=False)


@bp.page("/provinces/<code>", FiguresPageQuerySchema)
def province(query: FiguresPageQuery, code: str) -> ResponseReturnValue:
    """Show the sealed report of a province; one of this server on its own page."""
    row = or_404(next((one for one in _table(query)["items"] if one["code"] == code), None))
    if row["report_id"] is not None:
        return redirect_to("desk.report", query, report_id=row["report_id"])
    collected = show_collected(actor(), code, _month(query))
    language = translator_for(query["lang"]).language
    return render_private(
        "web/desk/province.html",
        query["lang"],
        found=collected,
        row=row,
        month_shown=_month(query),
        network=query["network"],
        letter=_letter(collected),
        mark=labels.mark(demo=_demo(collected), draft=False),
        differences=partial(files.differences, language=language),
        cell=format_cell,
        words=WORDS,
    )


def _table(query: FiguresPageQuery) -> ProvinceTable:
    trusted, network = trusted_keys(current_app.config), cast(Network, query["network"])
    return list_provinces(actor(), _month(query), network, clock_now(), trusted)


def _month(query: FiguresPageQuery) -> str:
    return query["month"] or month_due(local_day(clock_now()))


def _demo(collected: Collected) -> bool:
    figures = collected.report.figures
    return figures is not None and figures.demo


def _letter(collected: Collected) -> LetterContent | None:
    """Return the letter of a verified report; None where another version of it was sealed."""
    if collected.report.figures is None:
        return None
    try:
        return compose_letter(cast(Report, orjson.loads(collected.report.sealed.content)))
    except (AttributeError, AssertionError, IndexError, KeyError, TypeError, ValueError) as error:
        log.warning("no letter", province=collected.unit.code, error=type(error).__name__)
        return None
