"""Pages of long work: what runs goes on when nobody looks."""

from typing import Any

from flask import Response, render_template
from markupsafe import Markup
from marshmallow import Schema

from backend.accounts.authentication import actor, form_token
from backend.clock import local_day
from backend.demo.service import is_loaded
from backend.errors import Problem
from backend.http.etags import unless_known
from backend.http.requests import clock_now
from backend.jobs.service import ask, ask_again, list_jobs, show_job
from backend.web.admin.frame import back, bp, done, failed, new_form, shown
from backend.web.admin.rule_views import rules_shown
from backend.web.admin.schemas import (
    EverythingSchema,
    MonthFormSchema,
    SetFormSchema,
    SpanFormSchema,
)
from backend.web.site.forms import Form
from backend.web.site.pages import reader_of

# By the kind of work: what its form takes.
FORMS: dict[str, type[Schema]] = {
    "reassign": SpanFormSchema,
    "rejudge": MonthFormSchema,
    "remove_demo": EverythingSchema,
    "check_set": SetFormSchema,
}


@bp.page("/jobs")
def jobs(asked: dict[str, Any]) -> Any:
    """Show what runs and what ran, and ask for more."""
    return _jobs(asked, new_form(asked))


@bp.page("/jobs/list")
def job_list(asked: dict[str, Any]) -> Response:
    """Give the list alone, for whoever has the page open; 304 where it is the same."""
    answer = Response(_part(asked), content_type="text/html; charset=utf-8")
    return unless_known(answer)


@bp.page("/jobs/<kind>", methods=("POST",))
def ask_for(asked: dict[str, Any], kind: str) -> Any:
    """Ask for long work."""
    if kind not in FORMS:
        raise Problem(404, "not_found")
    form, now = new_form(asked), clock_now()
    done(form, FORMS[kind](), lambda typed: ask(actor(), kind, told(typed), now))
    if failed(form):
        return rules_shown(asked, form) if kind == "rejudge" else _jobs(asked, form)
    return back("admin.jobs", asked)


@bp.page("/jobs/<int:job_id>/again", methods=("POST",))
def run_again(asked: dict[str, Any], job_id: int) -> Any:
    """Ask once more for work that failed."""
    form, now = new_form(asked), clock_now()
    form.attempt(lambda: ask_again(actor(), job_id, now))
    return _jobs(asked, form) if failed(form) else back("admin.jobs", asked)


@bp.page("/jobs/<int:job_id>")
def rejudged(asked: dict[str, Any], job_id: int) -> Any:
    """Show what judging a month again changed, or would change, by fate and by unit."""
    job = show_job(actor(), job_id)
    if job.kind != "rejudge" or "fates" not in (job.result or {}):
        raise Problem(404, "not_found")
    return shown("rejudged", asked, job=job)


def told(typed: dict[str, Any]) -> dict[str, Any]:
    """Arguments as a job keeps them: days as text."""
    return {name: getattr(value, "isoformat", lambda value=value: value)()
            for name, value in typed.items()}  # fmt: skip


def _jobs(asked: dict[str, Any], form: Form) -> Any:
    part, demo = _part(asked), is_loaded()
    return shown("jobs", asked, form, part=part, demo_there=demo, today=local_day(clock_now()))


def _part(asked: dict[str, Any]) -> Markup:
    reader, found = reader_of(asked["lang"]), list_jobs(actor(), clock_now())
    shares = {"jobs": found, "csrf": form_token()}
    part = render_template("web/admin/job_list.html", **reader.tools(), **shares)
    return Markup(part)  # noqa: S704 # our own template
