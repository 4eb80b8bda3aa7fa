"""Pages of long work and of boundary sets: what runs goes on when nobody looks."""

from typing import Any

from flask import Response, render_template
from markupsafe import Markup
from marshmallow import Schema

from backend.accounts.signing import actor, form_token
from backend.admin.frame import back, done, failed, new_form, page, shown
from backend.admin.jobs import ask, ask_again, list_jobs
from backend.admin.schemas import (
    EverythingSchema,
    MonthFormSchema,
    SetFormSchema,
    SpanFormSchema,
)
from backend.clock import local_day
from backend.demo.service import is_loaded
from backend.errors import Problem
from backend.etags import unless_known
from backend.http import clock_now
from backend.units.catalogue import read_active, serving
from backend.units.set_list import activate, listing
from backend.web.forms import Form
from backend.web.pages import reader_of

# By the kind of work: what its form takes.
FORMS: dict[str, type[Schema]] = {
    "reassign": SpanFormSchema,
    "rejudge": MonthFormSchema,
    "remove_demo": EverythingSchema,
    "check_set": SetFormSchema,
}


@page("/jobs")
def jobs(asked: dict[str, Any]) -> Any:
    """Show what runs and what ran, and ask for more."""
    return _jobs(asked, new_form(asked))


@page("/jobs/list")
def job_list(asked: dict[str, Any]) -> Response:
    """Give the list alone, for who has the page open; 304 where it is the same."""
    answer = Response(_part(asked), content_type="text/html; charset=utf-8")
    return unless_known(answer)


@page("/jobs/<kind>", methods=("POST",))
def ask_for(asked: dict[str, Any], kind: str) -> Any:
    """Ask for long work."""
    if kind not in FORMS:
        raise Problem(404, "not_found")
    form, now = new_form(asked), clock_now()
    done(form, FORMS[kind](), lambda typed: ask(actor(), kind, told(typed), now))
    return _jobs(asked, form) if failed(form) else back("admin.jobs", asked)


@page("/jobs/<int:job_id>/again", methods=("POST",))
def run_again(asked: dict[str, Any], job_id: int) -> Any:
    """Ask once more for work that failed."""
    form, now = new_form(asked), clock_now()
    form.attempt(lambda: ask_again(actor(), job_id, now))
    return _jobs(asked, form) if failed(form) else back("admin.jobs", asked)


@page("/sets")
def sets(asked: dict[str, Any]) -> Any:
    """List the boundary sets, and which of them serves today."""
    serves = serving(local_day(clock_now()), read_active())
    return shown("sets", asked, sets=listing(), serves=serves.name if serves else None)


@page("/sets/activate", methods=("POST",))
def activate_set(asked: dict[str, Any]) -> Any:
    """Let a set serve its days from now on."""
    form = new_form(asked)
    done(form, SetFormSchema(), lambda typed: activate(typed["name"], actor()))
    if failed(form):
        serves = serving(local_day(clock_now()), read_active())
        return shown("sets", asked, form, sets=listing(), serves=serves and serves.name)
    return back("admin.sets", asked)


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
