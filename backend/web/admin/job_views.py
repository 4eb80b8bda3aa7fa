"""Pages of background jobs, and of the rules of re-evaluation."""

from typing import Any

from flask import Response, render_template
from markupsafe import Markup
from marshmallow import Schema

from backend.accounts.authentication import actor, form_token
from backend.clock import local_day
from backend.demo.service import is_loaded
from backend.errors import Problem
from backend.http.etags import with_content_tag
from backend.http.requests import clock_now
from backend.jobs.service import enqueue, latest_job, list_jobs, retry, show_job
from backend.measurements.recording.reasons import REASONS
from backend.measurements.recording.rules import RULES
from backend.web.admin.blueprint import bp, render_section
from backend.web.admin.schemas import (
    EverythingSchema,
    MonthFormSchema,
    SetFormSchema,
    SpanFormSchema,
)
from backend.web.site.forms import Form, new_form, redirect_to
from backend.web.site.pages import translator_for


@bp.page("/rules")
def rules(query: dict[str, Any]) -> Any:
    """Show the rules in force, with a form for re-evaluating a month."""
    return _render_rules(query)


def _render_rules(query: dict[str, Any], form: Form | None = None) -> Any:
    """Render the page, with the submitted form if it has errors."""
    latest, today = latest_job(actor(), "rejudge"), local_day(clock_now())
    values = {"version": RULES, "reasons": REASONS, "latest": latest, "today": today}
    return render_section("rules", query, form or new_form(query), **values)


# Form schemas by the kind of job.
FORMS: dict[str, type[Schema]] = {
    "reassign": SpanFormSchema,
    "rejudge": MonthFormSchema,
    "remove_demo": EverythingSchema,
    "check_set": SetFormSchema,
}


@bp.page("/jobs")
def jobs(query: dict[str, Any]) -> Any:
    """List jobs, with forms for new ones."""
    return _jobs(query, new_form(query))


@bp.page("/jobs/list")
def job_list(query: dict[str, Any]) -> Response:
    """Send the list for updates of an open page; 304 if unchanged."""
    answer = Response(_render_list(query), content_type="text/html; charset=utf-8")
    return with_content_tag(answer)


@bp.page("/jobs/<kind>", methods=("POST",))
def ask_for(query: dict[str, Any], kind: str) -> Any:
    """Enqueue a job."""
    if kind not in FORMS:
        raise Problem(404, "not_found")
    form, now = new_form(query), clock_now()
    form.submit(FORMS[kind](), lambda fields: enqueue(actor(), kind, _job_arguments(fields), now))
    if form.failed:
        return _render_rules(query, form) if kind == "rejudge" else _jobs(query, form)
    return redirect_to("admin.jobs", query)


@bp.page("/jobs/<int:job_id>/again", methods=("POST",))
def run_again(query: dict[str, Any], job_id: int) -> Any:
    """Enqueue a failed job again."""
    form, now = new_form(query), clock_now()
    form.attempt(lambda: retry(actor(), job_id, now))
    return _jobs(query, form) if form.failed else redirect_to("admin.jobs", query)


@bp.page("/jobs/<int:job_id>")
def rejudged(query: dict[str, Any], job_id: int) -> Any:
    """Show the changes of a re-evaluation or its preview, by category and by unit."""
    job = show_job(actor(), job_id)
    if job.kind != "rejudge" or "fates" not in (job.result or {}):
        raise Problem(404, "not_found")
    return render_section("rejudged", query, job=job)


def _job_arguments(fields: dict[str, Any]) -> dict[str, Any]:
    """Convert form values to JSON arguments of a job."""
    return {name: getattr(value, "isoformat", lambda value=value: value)()
            for name, value in fields.items()}  # fmt: skip


def _jobs(query: dict[str, Any], form: Form) -> Any:
    part, demo = _render_list(query), is_loaded()
    return render_section(
        "jobs", query, form, part=part, demo_there=demo, today=local_day(clock_now())
    )


def _render_list(query: dict[str, Any]) -> Markup:
    translator, jobs = translator_for(query["lang"]), list_jobs(actor(), clock_now())
    values = {"jobs": jobs, "csrf": form_token()}
    part = render_template("web/admin/job_list.html", **translator.template_values(), **values)
    return Markup(part)  # noqa: S704 # own template
