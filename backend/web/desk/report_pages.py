"""Pages of monthly reports: the list with deadlines, and the workbench from draft to seal."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app
from marshmallow import Schema

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.etags import Expected
from backend.http.requests import clock_now
from backend.reports.collector.service import list_sources
from backend.reports.files.letter import WORDS
from backend.reports.files.tables import format_cell
from backend.reports.monthly import deadlines, lifecycle, service
from backend.reports.monthly.schemas import STATES as REPORT_STATES
from backend.reports.monthly.schemas import LetterQuerySchema, ReportCreateSchema
from backend.reports.monthly.seals import trusted_keys
from backend.web.desk import schemas
from backend.web.desk.area import areas_in
from backend.web.desk.frame import bp, is_commune, only_area, reads_country
from backend.web.desk.reports import show, write_draft
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to, required_content
from backend.web.site.pages import render_private
from backend.web.site.schemas import LangQuery


@bp.page("/reports", schemas.ReportsPageQuerySchema, methods=READ_WRITE)
def reports(query: schemas.ReportsPageQuery) -> Response:
    """List reports, and create a draft."""
    form = new_form(query)
    report = form.submit(
        ReportCreateSchema(), lambda fields: lifecycle.begin_report(actor(), fields, clock_now())
    )
    if report:
        return redirect_to("desk.report", query, report_id=report["id"])
    return _list_reports(query, form)


@bp.page("/area/<code>/deadline", schemas.ReportsPageQuerySchema, methods=("POST",))
def set_deadline(query: schemas.ReportsPageQuery, code: str) -> Response:
    """Set the day before which the communes of a province report."""
    form = new_form(query)

    def change(fields: dict[str, Any]) -> Any:
        return deadlines.set_commune_deadline(actor(), code, fields["before_day"], clock_now())

    if form.submit(schemas.CommuneDeadlineSchema(), change):
        return redirect_to("desk.reports", query, _anchor="due")
    return _list_reports(query, form)


def _list_reports(query: schemas.ReportsPageQuery, form: Form) -> Response:
    """Show reports, the units that owe one for a month, and the deadline of the own communes."""
    lang, now, code = query["lang"], clock_now(), only_area()
    of_month = query["of"] or deadlines.month_due(local_day(now))
    own = deadlines.deadline_to_set(actor(), code, now)
    inside = {"level": "commune", "parent": own.code} if own and query["due"] else None
    chosen = {name: value for name, value in query.items() if name != "of"}
    values: dict[str, Any] = {"query": chosen, "form": form, "states": REPORT_STATES}
    values |= {"areas": areas_in(actor(), of_month, now), "of_month": of_month, "inside": inside}
    values |= {"reports": service.list_reports(actor(), query), "own_deadline": own}
    # An official of a commune owes its own report alone; a collector has a page of all provinces.
    if not (is_commune(code) or (reads_country() and list_sources())):
        wanted = {"month": of_month, "level": "province", "parent": None, **(inside or {})}
        values["deadlines"] = deadlines.list_deadlines(actor(), wanted, local_day(now))
    return render_private("web/desk/reports.html", lang, **values)


@bp.page("/reports/<int:report_id>")
def report(query: LangQuery, report_id: int) -> Response:
    """Show a report: sections, files, editions and permitted actions."""
    return _page(query["lang"], report_id, new_form(query))


@bp.page("/reports/<int:report_id>/remarks", methods=("POST",))
def remark(query: LangQuery, report_id: int) -> Response:
    """Change the remarks and the letter of a draft."""

    def save(expected: Expected, values: dict[str, Any]) -> dict[str, Any]:
        write_draft(actor(), report_id, values, clock_now())
        return service.show_report(actor(), report_id)

    return _submit(query, report_id, schemas.RemarksFormSchema(), save)


@bp.page("/reports/<int:report_id>/freeze", methods=("POST",))
def freeze(query: LangQuery, report_id: int) -> Response:
    """Save what was typed, freeze a draft's figures and create its files."""

    def save_and_freeze(expected: Expected, values: dict[str, Any]) -> dict[str, Any]:
        version = write_draft(actor(), report_id, values, clock_now())
        return lifecycle.freeze_report(actor(), report_id, frozenset({str(version)}), clock_now())

    return _submit(query, report_id, schemas.RemarksFormSchema(), save_and_freeze)


@bp.page("/reports/<int:report_id>/approve", methods=("POST",))
def approve(query: LangQuery, report_id: int) -> Response:
    """Approve a frozen report under a name, and seal it."""
    var_dir = current_app.config["VAR_DIR"]

    def act(expected: Expected, values: dict[str, Any]) -> dict[str, Any]:
        return lifecycle.approve_report(actor(), report_id, expected, values, clock_now(), var_dir)

    return _submit(query, report_id, schemas.ApprovalFormSchema(), act)


@bp.page("/reports/<int:report_id>/supersede", methods=("POST",))
def supersede(query: LangQuery, report_id: int) -> Response:
    """Create the next edition of a report, with the reason."""

    def act(expected: Expected, values: dict[str, Any]) -> dict[str, Any]:
        reason = values["reason"]
        return lifecycle.supersede_report(actor(), report_id, expected, reason, clock_now())

    return _submit(query, report_id, schemas.SupersedeFormSchema(), act)


@bp.page("/reports/<int:report_id>/remove", methods=("POST",))
def give_up(query: LangQuery, report_id: int) -> Response:
    """Remove a draft."""

    def act(expected: Expected, values: dict[str, Any]) -> None:
        lifecycle.remove_draft(actor(), report_id, expected)

    return _submit(query, report_id, schemas.VersionFormSchema(), act)


@bp.page("/reports/<int:report_id>/attachments", methods=("POST",), upload_most=lifecycle.MAX_SIZE)
def attach(query: LangQuery, report_id: int) -> Response:
    """Attach the signed letter of an approved report."""
    var_dir = current_app.config["VAR_DIR"]
    return _submit(
        query,
        report_id,
        LetterQuerySchema(),
        lambda expected, values: lifecycle.attach_letter(
            actor(), report_id, values, required_content, clock_now(), var_dir
        ),
    )


Act = Callable[[Expected, dict[str, Any]], dict[str, Any] | None]


def _submit(query: LangQuery, report_id: int, schema: Schema, act: Act) -> Response:
    """Change a report by a form and redirect; show the report again if the form has errors."""
    form = new_form(query)
    values = form.load(schema)
    if values is not None:
        version = values.get("version")
        expected = frozenset({version}) if version else None
        result = form.attempt(lambda: (act(expected, values),))
        if result is not None:
            [report] = result
            if report is None:  # the draft was removed
                return redirect_to("desk.reports", query)
            return redirect_to("desk.report", query, report_id=report["id"])
    return _page(query["lang"], report_id, form)


def _page(lang: str | None, report_id: int, form: Form) -> Response:
    page = show(actor(), report_id, clock_now(), trusted_keys(current_app.config))
    return render_private(
        "web/desk/report.html",
        lang,
        page=page,
        form=form,
        cell=format_cell,
        words=WORDS,
        user_id=actor().user_id,
        code=page["code"],
    )
