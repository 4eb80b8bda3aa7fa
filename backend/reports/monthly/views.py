"""The API of monthly reports."""

from functools import partial
from mimetypes import guess_type
from typing import Any

from flask import Response, current_app

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
from backend.clock import local_day
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now, read_bytes
from backend.reports.monthly import approval, attachments, deadlines, drafts, freezing, supplements
from backend.reports.monthly.figure_schemas import ReportFiguresSchema, ReportSupplementSchema
from backend.reports.monthly.letterhead_views import blp as letterheads
from backend.reports.monthly.report_files import read_file
from backend.reports.monthly.schemas import (
    ApprovalSchema,
    DeadlinesQuerySchema,
    LetterQuerySchema,
    RemarksSchema,
    ReportDeadlinesSchema,
    ReportNewSchema,
    ReportPageSchema,
    ReportSchema,
    ReportsQuerySchema,
    SupersedeSchema,
)
from backend.reports.monthly.seal_views import blp as seals

blp = Blueprint(
    "reports",
    __name__,
    url_prefix="/api/v1/reports",
    description="Monthly reports",
    parser=PeopleParser(),
)
blueprints = (blp, letterheads, seals)

PDF = "application/pdf"
BINARY = {"schema": {"type": "string", "format": "binary"}}
ANY_FILE = {200: {"content": {"application/octet-stream": BINARY}}}
A_PDF = {200: {"content": {PDF: BINARY}}}


@blp.get("")
@blp.arguments(ReportsQuerySchema, location="query")
@blp.response(200, ReportPageSchema)
def get_reports(query: dict[str, Any]) -> Any:
    """List reports: approved ones, and of their area those that officials are at."""
    return drafts.list_reports(actor(), query)


@blp.post("")
@blp.doc(security=PERSON)
@blp.arguments(ReportNewSchema)
@blp.response(201, ReportSchema, headers=etags.TOLD, description="Begun")
def post_report(asked: dict[str, Any]) -> Any:
    """Begin the report of a unit's month as a draft."""
    return etags.answered(drafts.begin_report(actor(), asked, clock_now()), 201)


@blp.get("/deadlines")
@blp.arguments(DeadlinesQuerySchema, location="query")
@blp.response(200, ReportDeadlinesSchema)
def get_deadlines(query: dict[str, Any]) -> Any:
    """Show by when a month's report is due, and who has not sent it."""
    return deadlines.list_deadlines(actor(), query, local_day(clock_now()))


@blp.get("/<int:report_id>")
@blp.response(200, ReportSchema, headers=etags.TOLD)
@blp.alt_response(304, description="As the client has it")
def get_report(report_id: int) -> Any:
    """Show where a report is in its life."""
    return etags.answered(drafts.show_report(actor(), report_id))


@blp.patch("/<int:report_id>")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(RemarksSchema)
@blp.response(200, ReportSchema, headers=etags.TOLD)
def patch_report(asked: dict[str, Any], report_id: int) -> Any:
    """Write remarks into a draft."""
    seen = etags.expected()
    return etags.answered(drafts.change_remarks(actor(), report_id, seen, asked["remarks"]))


@blp.delete("/<int:report_id>")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.response(204, description="Given up")
def delete_report(report_id: int) -> None:
    """Give up a draft."""
    drafts.remove_draft(actor(), report_id, etags.expected())


@blp.get("/<int:report_id>/figures")
@blp.response(200, ReportFiguresSchema)
def get_figures(report_id: int) -> Any:
    """Give the figures of a report: of a draft as they are now, else as they were frozen."""
    return drafts.show_figures(actor(), report_id, clock_now())


@blp.get("/<int:report_id>/supplement")
@blp.response(200, ReportSupplementSchema)
def get_supplement(report_id: int) -> Any:
    """Show what came after freezing, as differences to the frozen figures."""
    return supplements.show_supplement(actor(), report_id, clock_now())


@blp.post("/<int:report_id>/freeze")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.response(200, ReportSchema, headers=etags.TOLD)
def post_freeze(report_id: int) -> Any:
    """Freeze a draft: copy its figures, render its files, take its digest."""
    seen = etags.expected()
    return etags.answered(freezing.freeze_report(actor(), report_id, seen, clock_now()))


@blp.post("/<int:report_id>/approve")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(ApprovalSchema)
@blp.response(200, ReportSchema, headers=etags.TOLD)
def post_approve(signer: dict[str, Any], report_id: int) -> Any:
    """Approve a frozen report under a name, and seal it."""
    seen, var_dir = etags.expected(), current_app.config["VAR_DIR"]
    told = approval.approve_report(actor(), report_id, seen, signer, clock_now(), var_dir)
    return etags.answered(told)


@blp.post("/<int:report_id>/supersede")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(SupersedeSchema)
@blp.response(201, ReportSchema, headers=etags.TOLD, description="The next edition, a draft")
def post_supersede(asked: dict[str, Any], report_id: int) -> Any:
    """Begin the next edition of a report that was frozen, with the reason."""
    seen, now = etags.expected(), clock_now()
    told = drafts.supersede_report(actor(), report_id, seen, asked["reason"], now)
    return etags.answered(told, 201)


@blp.get("/<int:report_id>/files/<name>")
@blp.doc(responses=ANY_FILE)
@blp.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
def get_file(report_id: int, name: str) -> Response:
    """Give a file of a report; of a draft a preview of it."""
    return _file(read_file(actor(), report_id, name, clock_now()), name)


@blp.post("/<int:report_id>/attachments")
@blp.doc(security=PERSON, requestBody={"required": True, "content": {PDF: BINARY}})
@blp.arguments(LetterQuerySchema, location="query")
@blp.response(201, ReportSchema, headers=etags.TOLD, description="Attached")
def post_attachment(asked: dict[str, Any], report_id: int) -> Any:
    """Attach the letter that carries an approved report: number, date and its signed PDF."""
    read = partial(read_bytes, (PDF,), "not_pdf", attachments.SIZE_MOST)
    told = attachments.attach_letter(actor(), report_id, asked, read, clock_now())
    return etags.answered(told, 201)


@blp.get("/<int:report_id>/attachments/<int:attachment_id>")
@blp.doc(security=PERSON, responses=A_PDF)
@blp.response(200, {"type": "string", "format": "binary"}, content_type=PDF)
def get_attachment(report_id: int, attachment_id: int) -> Response:
    """Give a signed letter, to whoever writes the unit's reports."""
    letter = attachment_id
    return _file(attachments.read_letter(actor(), report_id, letter), f"{report_id}-{letter}.pdf")


def _file(content: bytes, name: str) -> Response:
    kind = guess_type(name)[0] or "application/octet-stream"
    response = Response(content, content_type=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
