"""The API of monthly reports, letterheads and seals."""

from functools import partial
from mimetypes import guess_type
from typing import Any

from flask import Response, current_app
from flask.typing import ResponseReturnValue

from backend.accounts.authentication import PersonBlueprint, SignedInParser, actor
from backend.clock import local_day
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import Blueprint, clock_now, read_bytes
from backend.reports.content.figures import Report
from backend.reports.files.rendering import RENDERERS
from backend.reports.monthly import (
    deadlines,
    lifecycle,
    remarks,
    schemas,
    service,
)
from backend.reports.monthly.letterheads import set_letterhead, show_letterhead
from backend.reports.monthly.seals import Keys, Trusted, list_keys, trusted_keys
from backend.units.schemas import AsOfSchema

blp = Blueprint(
    "reports",
    __name__,
    url_prefix="/api/v1/reports",
    description="Monthly reports",
    parser=SignedInParser(),
)
letterheads = PersonBlueprint("letterheads", __name__, description="Heads of an office's letters")
seals = Blueprint("seals", __name__, url_prefix="/api/v1/reports", description="Seals of reports")
blueprints = (blp, letterheads, seals)

PDF, PLAIN = "application/pdf", "text/plain"
BINARY = {"schema": {"type": "string", "format": "binary"}}
OBJECT = {"application/json": {"schema": {"type": "object"}}}
FILE_RESPONSE = {200: {"content": {guess_type(name)[0]: BINARY for name in RENDERERS} | OBJECT}}
PDF_RESPONSE = {200: {"content": {PDF: BINARY}}}


@blp.get("")
@blp.arguments(schemas.ReportsQuerySchema, location="query")
@blp.response(200, schemas.ReportPageSchema)
def get_reports(query: dict[str, Any]) -> Any:
    """List approved reports, and for officials all reports of their area."""
    return service.list_reports(actor(), query)


@blp.post("")
@blp.doc(security=PERSON)
@blp.arguments(schemas.ReportCreateSchema)
@blp.response(201, schemas.ReportSchema, headers=etags.ETAG_HEADER, description="Created")
def post_report(data: dict[str, Any]) -> ResponseReturnValue:
    """Create the draft of a unit's report of a month."""
    return etags.with_etag(lifecycle.begin_report(actor(), data, clock_now()), 201)


@blp.get("/deadlines")
@blp.arguments(schemas.DeadlinesQuerySchema, location="query")
@blp.response(200, schemas.ReportDeadlinesSchema)
def get_deadlines(query: dict[str, Any]) -> deadlines.ReportDeadlines:
    """Show the deadline of a month's reports and the state of each unit's report."""
    return deadlines.list_deadlines(actor(), query, local_day(clock_now()))


@blp.get("/<int:report_id>")
@blp.response(200, schemas.ReportSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="Not modified")
def get_report(report_id: int) -> ResponseReturnValue:
    """Show a report with its state, approval, files and attachments."""
    return etags.with_etag(service.show_report(actor(), report_id))


@blp.get("/<int:report_id>/remarks")
@blp.doc(security=PERSON)
@blp.response(200, schemas.RemarksStateSchema)
def get_remarks(report_id: int) -> remarks.RemarksState:
    """Show the remark of each section with its version."""
    return remarks.list_remarks(actor(), report_id)


@blp.put("/<int:report_id>/remarks/<section>")
@blp.doc(
    security=PERSON,
    parameters=etags.IF_MATCH_PARAMETER,
    requestBody={"required": True, "content": {PLAIN: {"schema": {"type": "string"}}}},
)
@blp.arguments(schemas.RemarkQuerySchema, location="query")
@blp.response(200, schemas.RemarkSavedSchema, headers=etags.ETAG_HEADER)
def put_remark(query: dict[str, Any], report_id: int, section: str) -> ResponseReturnValue:
    """Save the remark of a section of a draft; 412 has the stored one if another was read."""
    seen, body = etags.expected(), read_bytes((PLAIN,), "not_plain_text", remarks.MAX_BODY)
    alone = query["rewrites"] == "true"
    return etags.with_etag(
        remarks.save_remark(actor(), report_id, section, seen, body, clock_now(), rewrites=alone)
    )


@blp.delete("/<int:report_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def delete_report(report_id: int) -> None:
    """Remove a draft."""
    lifecycle.remove_draft(actor(), report_id, etags.expected())


@blp.get("/<int:report_id>/figures")
@blp.response(200, schemas.ReportFiguresSchema)
def get_figures(report_id: int) -> Report:
    """Show the figures of a report: present ones of a draft, else the frozen ones."""
    return service.show_figures(actor(), report_id, clock_now(), _trusted())


@blp.post("/<int:report_id>/freeze")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(200, schemas.ReportSchema, headers=etags.ETAG_HEADER)
def post_freeze(report_id: int) -> ResponseReturnValue:
    """Freeze a draft: store its figures, files and digest."""
    seen = etags.expected()
    return etags.with_etag(lifecycle.freeze_report(actor(), report_id, seen, clock_now()))


@blp.post("/<int:report_id>/approve")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.ApprovalSchema)
@blp.response(200, schemas.ReportSchema, headers=etags.ETAG_HEADER)
def post_approve(signature: dict[str, Any], report_id: int) -> ResponseReturnValue:
    """Approve a frozen report under a name, which its letter prints, and seal it."""
    seen, var_dir = etags.expected(), current_app.config["VAR_DIR"]
    report = lifecycle.approve_report(actor(), report_id, seen, signature, clock_now(), var_dir)
    return etags.with_etag(report)


@blp.post("/<int:report_id>/supersede")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.SupersedeSchema)
@blp.response(
    201, schemas.ReportSchema, headers=etags.ETAG_HEADER, description="The next edition, a draft"
)
def post_supersede(data: dict[str, Any], report_id: int) -> ResponseReturnValue:
    """Create the next edition of a frozen report, with the reason."""
    seen, now = etags.expected(), clock_now()
    report = lifecycle.supersede_report(actor(), report_id, seen, data["reason"], now)
    return etags.with_etag(report, 201)


@blp.get("/<int:report_id>/files/<name>")
@blp.doc(responses=FILE_RESPONSE)
@blp.response(200)
def get_file(report_id: int, name: str) -> Response:
    """Send a file of a report; of a draft a preview."""
    content = service.read_file(actor(), report_id, name, clock_now(), _trusted())
    return _file(content, service.download_name(actor(), report_id, name))


@blp.post("/<int:report_id>/attachments")
@blp.doc(security=PERSON, requestBody={"required": True, "content": {PDF: BINARY}})
@blp.arguments(schemas.LetterQuerySchema, location="query")
@blp.response(201, schemas.ReportSchema, headers=etags.ETAG_HEADER, description="Attached")
def post_attachment(query: dict[str, Any], report_id: int) -> ResponseReturnValue:
    """Attach the letter of an approved report: number, date and signed PDF."""
    read = partial(read_bytes, (PDF,), "not_pdf", lifecycle.MAX_SIZE)
    var_dir = current_app.config["VAR_DIR"]
    report = lifecycle.attach_letter(actor(), report_id, query, read, clock_now(), var_dir)
    return etags.with_etag(report, 201)


@blp.get("/<int:report_id>/attachments/<int:attachment_id>")
@blp.doc(security=PERSON, responses=PDF_RESPONSE)
@blp.response(200, {"type": "string", "format": "binary"}, content_type=PDF)
def get_attachment(report_id: int, attachment_id: int) -> Response:
    """Send a signed letter to officials of the unit."""
    return _file(*lifecycle.read_letter(actor(), report_id, attachment_id))


@letterheads.get("/units/<code>/letterhead")
@letterheads.arguments(AsOfSchema, location="query")
@letterheads.response(200, schemas.LetterheadSchema, headers=etags.ETAG_HEADER)
def get_letterhead(query: dict[str, Any], code: str) -> ResponseReturnValue:
    """Show the letterhead of a unit."""
    letterhead = show_letterhead(actor(), code, query, clock_now())
    # Never 304: another letterhead becomes valid with a day, without a change.
    return letterhead, 200, {"ETag": f'"{letterhead["version"]}"'}


@letterheads.put("/units/<code>/letterhead")
@letterheads.doc(parameters=etags.IF_MATCH_PARAMETER)
@letterheads.arguments(schemas.LevelQuerySchema, location="query")
@letterheads.arguments(schemas.LetterheadChangeSchema)
@letterheads.response(200, schemas.LetterheadSchema, headers=etags.ETAG_HEADER)
def put_letterhead(query: dict[str, Any], data: dict[str, Any], code: str) -> ResponseReturnValue:
    """Set the letterhead of a unit from a day on."""
    seen = etags.expected()
    letterhead = set_letterhead(actor(), code, query["level"], seen, data, clock_now())
    return etags.with_etag(letterhead)


@seals.get("/keys")
@seals.response(200, schemas.SealKeysSchema)
def get_keys() -> Keys:
    """List the public keys that verify seals."""
    return list_keys(_trusted())


@seals.get("/by-digest/<digest>")
@seals.response(200, schemas.SealCheckSchema)
def get_by_digest(digest: str) -> dict[str, Any]:
    """Show the approved report that has a SHA-256 digest, and whether its seal is valid."""
    return service.check_digest(digest, _trusted())


def _trusted() -> Trusted:
    return trusted_keys(current_app.config)


def _file(content: bytes, name: str) -> Response:
    kind = guess_type(name)[0] or "application/octet-stream"
    response = Response(content, content_type=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response
