"""The official's desk: reports, from the first sentence to the signed letter."""

from collections.abc import Callable
from typing import Any

from flask import Response, current_app, redirect, request, url_for
from marshmallow import Schema

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import invalid
from backend.http.etags import Expected
from backend.http.requests import clock_now
from backend.reports.files.tables import format_cell
from backend.reports.monthly import approval, attachments, deadlines, drafts, freezing, service
from backend.reports.monthly.schemas import STATES
from backend.web.desk.blueprint import bp
from backend.web.desk.months import areas_in
from backend.web.desk.report_schemas import (
    ApprovalFormSchema,
    BeginFormSchema,
    DeadlinesPageQuerySchema,
    LetterFormSchema,
    RemarksFormSchema,
    ReportsPageQuerySchema,
    Seen,
    SupersedeFormSchema,
)
from backend.web.desk.reports import FILES, last_month, show
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form
from backend.web.site.members import member
from backend.web.site.pages import reader_of


@bp.page("/reports", ReportsPageQuerySchema, methods=READ_WRITE)
def reports(asked: dict[str, Any]) -> Any:
    """List reports, and begin one."""
    lang, of_month = asked.pop("lang"), asked.pop("of")
    form, now = Form(reader_of(lang).language), clock_now()
    of_month = of_month or last_month(now)
    if request.method == "POST":
        wanted = form.load(BeginFormSchema())
        begun = wanted and form.attempt(lambda: drafts.begin_report(actor(), wanted, now))
        if begun:
            return _to(lang, begun["id"])
    told = service.list_reports(actor(), asked)
    shown = {"asked": asked, "told": told, "form": form, "states": STATES}
    about = {"areas": areas_in(actor(), of_month, now), "of_month": of_month}
    return member("web/desk/reports.html", lang, **shown, **about)


@bp.page("/deadlines", DeadlinesPageQuerySchema)
def due(asked: dict[str, Any]) -> Response:
    """Show by when a month's reports are due, and who has not sent one."""
    lang, now = asked.pop("lang"), clock_now()
    asked["month"] = asked["month"] or last_month(now)
    told = deadlines.list_deadlines(actor(), asked, local_day(now))
    return member("web/desk/deadlines.html", lang, asked=asked, told=told)


@bp.page("/reports/<int:report_id>")
def report(asked: dict[str, Any], report_id: int) -> Response:
    """Show a report section by section, its files, its editions and what may be done."""
    return _page(asked["lang"], report_id, Form(reader_of(asked["lang"]).language))


@bp.page("/reports/<int:report_id>/remarks", methods=("POST",))
def remark(asked: dict[str, Any], report_id: int) -> Any:
    """Keep the remarks of a draft."""
    return _done(
        asked["lang"],
        report_id,
        RemarksFormSchema(),
        lambda seen, sent: drafts.change_remarks(actor(), report_id, seen, sent["remarks"]),
    )


@bp.page("/reports/<int:report_id>/freeze", methods=("POST",))
def freeze(asked: dict[str, Any], report_id: int) -> Any:
    """Freeze a draft's figures and make its files."""
    return _done(
        asked["lang"],
        report_id,
        Seen(),
        lambda seen, sent: freezing.freeze_report(actor(), report_id, seen, clock_now()),
    )


@bp.page("/reports/<int:report_id>/approve", methods=("POST",))
def approve(asked: dict[str, Any], report_id: int) -> Any:
    """Approve a frozen report under a name, and seal it."""
    var_dir = current_app.config["VAR_DIR"]
    return _done(
        asked["lang"],
        report_id,
        ApprovalFormSchema(),
        lambda seen, sent: approval.approve_report(
            actor(), report_id, seen, sent, clock_now(), var_dir
        ),
    )


@bp.page("/reports/<int:report_id>/supersede", methods=("POST",))
def supersede(asked: dict[str, Any], report_id: int) -> Any:
    """Begin the next edition of a report, with the reason."""
    return _done(
        asked["lang"],
        report_id,
        SupersedeFormSchema(),
        lambda seen, sent: drafts.supersede_report(
            actor(), report_id, seen, sent["reason"], clock_now()
        ),
    )


@bp.page("/reports/<int:report_id>/remove", methods=("POST",))
def give_up(asked: dict[str, Any], report_id: int) -> Any:
    """Give up a draft."""
    return _done(
        asked["lang"],
        report_id,
        Seen(),
        lambda seen, sent: drafts.remove_draft(actor(), report_id, seen),
    )


@bp.page(
    "/reports/<int:report_id>/attachments", methods=("POST",), upload_most=attachments.SIZE_MOST
)
def attach(asked: dict[str, Any], report_id: int) -> Any:
    """Attach the signed letter that carried an approved report."""
    return _done(
        asked["lang"],
        report_id,
        LetterFormSchema(),
        lambda seen, sent: attachments.attach_letter(
            actor(), report_id, sent, _letter, clock_now()
        ),
    )


def _letter() -> bytes:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise invalid("file", "required")
    with file.stream as content:
        return content.read()


Act = Callable[[Expected, dict[str, Any]], dict[str, Any] | None]


def _done(lang: str | None, report_id: int, schema: Schema, act: Act) -> Any:
    """Do what a report's form asks for and lead on; else show it again with what is wrong."""
    form = Form(reader_of(lang).language)
    sent = form.load(schema)
    if sent is not None:
        version = sent.pop("version", None)
        seen = frozenset({version}) if version else None
        told = form.attempt(lambda: (act(seen, sent),))
        if told is not None:
            found = told[0]
            return _to(lang, found["id"] if found else None)
    return _page(lang, report_id, form)


def _to(lang: str | None, report_id: int | None) -> Any:
    if report_id is None:
        return redirect(url_for("desk.reports", lang=lang), 303)
    return redirect(url_for("desk.report", report_id=report_id, lang=lang), 303)


def _page(lang: str | None, report_id: int, form: Form) -> Response:
    page = show(actor(), report_id, clock_now())
    return member("web/desk/report.html", lang, page=page, form=form, files=FILES, cell=format_cell)
