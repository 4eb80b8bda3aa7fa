"""Pages of boundary sets: sent, checked, looked at on a map, activated."""

from typing import Any

from flask import current_app, request

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import Problem, invalid
from backend.http.requests import clock_now
from backend.jobs.service import show_job
from backend.units.catalogue import read_active, serving
from backend.units.sets import activate, list_sets
from backend.units.uploads import UPLOAD_MOST
from backend.web.admin.findings import show_check
from backend.web.admin.frame import back, bp, done, failed, new_form, shown
from backend.web.admin.schemas import FindingQuerySchema, NewSetFormSchema, SetFormSchema
from backend.web.admin.set_upload import send_set
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form


@bp.page("/sets", methods=READ_WRITE, upload_most=UPLOAD_MOST)
def sets(asked: dict[str, Any]) -> Any:
    """List the boundary sets and which of them serves today, and take in the file of another."""
    form = new_form(asked)
    if done(form, NewSetFormSchema(), lambda typed: _send(typed, form)):
        return back("admin.jobs", asked)
    return _sets(asked, form)


@bp.page("/sets/activate", methods=("POST",))
def activate_set(asked: dict[str, Any]) -> Any:
    """Let a set serve its days from now on."""
    form = new_form(asked)
    done(form, SetFormSchema(), lambda typed: activate(typed["name"], actor()))
    return _sets(asked, form) if failed(form) else back("admin.sets", asked)


@bp.page("/checks/<int:job_id>", FindingQuerySchema)
def check(asked: dict[str, Any], job_id: int) -> Any:
    """Show what a check of a boundary set found, on a map and as a table."""
    job = show_job(actor(), job_id)
    if job.kind not in ("check_set", "load_set") or "kinds" not in (job.result or {}):
        raise Problem(404, "not_found")
    found = show_check(current_app.config["VAR_DIR"], job_id, asked["finding"])
    there = {one.name: one for one in list_sets()}
    return shown("check", asked, new_form(asked), job=job, of=there.get(job.arguments["name"]),
                 serves=_serving(), **found)  # fmt: skip


def _send(typed: dict[str, Any], form: Form) -> Any:
    form.typed["file"] = None  # so that a fault of the file stands beside it
    file = request.files.get("file")
    if file is None or not file.filename:
        raise invalid("file", "required")
    var_dir, sent = current_app.config["VAR_DIR"], (file.filename, file.stream)
    with file.stream:
        return send_set(actor(), typed, sent, var_dir, clock_now())  # type: ignore[arg-type]


def _sets(asked: dict[str, Any], form: Form) -> Any:
    today = local_day(clock_now())
    return shown("sets", asked, form, sets=list_sets(), serves=_serving(), today=today)


def _serving() -> Any:
    """The set of today."""
    return serving(local_day(clock_now()), read_active())
