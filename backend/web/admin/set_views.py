"""Pages of boundary sets: upload, check, activation."""

from typing import Any

from flask import current_app

from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.errors import Problem
from backend.http.requests import clock_now
from backend.jobs.service import show_job
from backend.units.catalogue import read_active, serving_set
from backend.units.sets import activate, list_sets
from backend.units.uploads import UPLOAD_MOST
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.boundary_sets import upload_set
from backend.web.admin.schemas import FindingQuerySchema, NewSetFormSchema, SetFormSchema
from backend.web.admin.set_findings import show_check
from backend.web.site.blueprint import READ_WRITE
from backend.web.site.forms import Form, new_form, redirect_to, uploaded_file


@bp.page("/sets", methods=READ_WRITE, upload_most=UPLOAD_MOST)
def sets(query: dict[str, Any]) -> Any:
    """List the boundary sets and the one in use today, and upload another."""
    form = new_form(query)
    if form.submit(NewSetFormSchema(), lambda fields: _send(fields, form)):
        return redirect_to("admin.jobs", query)
    return _sets(query, form)


@bp.page("/sets/activate", methods=("POST",))
def activate_set(query: dict[str, Any]) -> Any:
    """Activate a set for its days."""
    form = new_form(query)
    form.submit(SetFormSchema(), lambda fields: activate(fields["name"], actor()))
    return _sets(query, form) if form.failed else redirect_to("admin.sets", query)


@bp.page("/checks/<int:job_id>", FindingQuerySchema)
def check(query: dict[str, Any], job_id: int) -> Any:
    """Show the findings of a check, on a map and as a table."""
    job = show_job(actor(), job_id)
    if job.kind not in ("check_set", "load_set") or "kinds" not in (job.result or {}):
        raise Problem(404, "not_found")
    found = show_check(current_app.config["VAR_DIR"], job_id, query["finding"])
    there = {one.name: one for one in list_sets()}
    values = {"of": there.get(job.arguments["name"]), "serves": _serving(), **found}
    return render_section("check", query, new_form(query), job=job, **values)


def _send(fields: dict[str, Any], form: Form) -> Any:
    form.values["file"] = None  # so that errors of the file appear beside its field
    file = uploaded_file()
    var_dir, sent = current_app.config["VAR_DIR"], (file.filename, file.stream)
    with file.stream:
        return upload_set(actor(), fields, sent, var_dir, clock_now())  # type: ignore[arg-type]


def _sets(query: dict[str, Any], form: Form) -> Any:
    today = local_day(clock_now())
    return render_section("sets", query, form, sets=list_sets(), serves=_serving(), today=today)


def _serving() -> Any:
    """Return the set in use today."""
    return serving_set(local_day(clock_now()), read_active())
