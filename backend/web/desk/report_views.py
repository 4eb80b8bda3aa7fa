"""Pages of monthly reports: list, draft, approval and signed letter."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app
from marshmallow import Schema

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.etags import Expected
from backend.http.requests import clock_now
from backend.reports.files.tables import format_cell
from backend.reports.monthly import approval, attachments, deadlines, drafts, freezing, service
from backend.reports.monthly.schemas import STATES
from backend.web.desk.blueprint import bp
from backend.web.desk.months import areas_in
from backend.web.desk.reports import FILES, last_month, show
from backend.web.desk.schemas import (
    ApprovalFormSchema,
    DeadlinesPageQuerySchema,
    LetterFormSchema,
    NewReportFormSchema,
    RemarksFormSchema,
    ReportsPageQuerySchema,
    SupersedeFormSchema,
    VersionFormSchema,
)
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to, uploaded_file
from backend.web.site.pages import render_private


@bp.page("/reports", ReportsPageQuerySchema, methods=READ_WRITE)
def reports(query: dict[str, Any]) -> Any:
    """List reports, and create a draft."""
    lang, of_month = query["lang"], query.pop("of")
    form, now = new_form(query), clock_now()
    of_month = of_month or last_month(now)
    report = form.submit(
        NewReportFormSchema(), lambda fields: drafts.begin_report(actor(), fields, now)
    )
    if report:
        return redirect_to("desk.report", query, report_id=report["id"])
    reports = service.list_reports(actor(), query)
    values = {"query": query, "reports": reports, "form": form, "states": STATES}
    about = {"areas": areas_in(actor(), of_month, now), "of_month": of_month}
    return render_private("web/desk/reports.html", lang, **values, **about)


@bp.page("/deadlines", DeadlinesPageQuerySchema)
def due(query: dict[str, Any]) -> Response:
    """Show the deadline of a month's reports and the units without a report."""
    lang, now = query.pop("lang"), clock_now()
    query["month"] = query["month"] or last_month(now)
    listed = deadlines.list_deadlines(actor(), query, local_day(now))
    return render_private("web/desk/deadlines.html", lang, query=query, deadlines=listed)


@bp.page("/reports/<int:report_id>")
def report(query: dict[str, Any], report_id: int) -> Response:
    """Show a report: sections, files, editions and permitted actions."""
    return _page(query["lang"], report_id, new_form(query))


@bp.page("/reports/<int:report_id>/remarks", methods=("POST",))
def remark(query: dict[str, Any], report_id: int) -> Any:
    """Change the remarks of a draft."""
    return _submit(
        query,
        report_id,
        RemarksFormSchema(),
        lambda expected, values: drafts.change_remarks(
            actor(), report_id, expected, values["remarks"]
        ),
    )


@bp.page("/reports/<int:report_id>/freeze", methods=("POST",))
def freeze(query: dict[str, Any], report_id: int) -> Any:
    """Freeze a draft's figures and create its files."""
    return _submit(
        query,
        report_id,
        VersionFormSchema(),
        lambda expected, values: freezing.freeze_report(actor(), report_id, expected, clock_now()),
    )


@bp.page("/reports/<int:report_id>/approve", methods=("POST",))
def approve(query: dict[str, Any], report_id: int) -> Any:
    """Approve a frozen report under a name, and seal it."""
    var_dir = current_app.config["VAR_DIR"]
    return _submit(
        query,
        report_id,
        ApprovalFormSchema(),
        lambda expected, values: approval.approve_report(
            actor(), report_id, expected, values, clock_now(), var_dir
        ),
    )


@bp.page("/reports/<int:report_id>/supersede", methods=("POST",))
def supersede(query: dict[str, Any], report_id: int) -> Any:
    """Create the next edition of a report, with the reason."""
    return _submit(
        query,
        report_id,
        SupersedeFormSchema(),
        lambda expected, values: drafts.supersede_report(
            actor(), report_id, expected, values["reason"], clock_now()
        ),
    )


@bp.page("/reports/<int:report_id>/remove", methods=("POST",))
def give_up(query: dict[str, Any], report_id: int) -> Any:
    """Remove a draft."""
    return _submit(
        query,
        report_id,
        VersionFormSchema(),
        lambda expected, values: drafts.remove_draft(actor(), report_id, expected),
    )


@bp.page(
    "/reports/<int:report_id>/attachments", methods=("POST",), upload_most=attachments.SIZE_MOST
)
def attach(query: dict[str, Any], report_id: int) -> Any:
    """Attach the signed letter of an approved report."""
    return _submit(
        query,
        report_id,
        LetterFormSchema(),
        lambda expected, values: attachments.attach_letter(
            actor(), report_id, values, _letter, clock_now()
        ),
    )


def _letter() -> bytes:
    with uploaded_file().stream as content:
        return content.read()


Act = Callable[[Expected, dict[str, Any]], dict[str, Any] | None]


def _submit(query: dict[str, Any], report_id: int, schema: Schema, act: Act) -> Any:
    """Change a report by a form and redirect; show the report again if the form has errors."""
    form = new_form(query)
    values = form.load(schema)
    if values is not None:
        version = values.pop("version", None)
        expected = frozenset({version}) if version else None
        result = form.attempt(lambda: (act(expected, values),))
        if result is not None:
            return _redirect(query, result[0])
    return _page(query["lang"], report_id, form)


def _redirect(query: dict[str, Any], report: dict[str, Any] | None) -> Response:
    if report is None:
        return redirect_to("desk.reports", query)
    return redirect_to("desk.report", query, report_id=report["id"])


def _page(lang: str | None, report_id: int, form: Form) -> Response:
    page = show(actor(), report_id, clock_now())
    return render_private(
        "web/desk/report.html", lang, page=page, form=form, files=FILES, cell=format_cell
    )
