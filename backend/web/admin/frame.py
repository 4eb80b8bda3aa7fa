"""The blueprint of admins' pages, and what their views share: sections, forms, redirects."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Response, redirect, request
from marshmallow import Schema

from backend.web.site.blueprint import PageBlueprint
from backend.web.site.forms import Form
from backend.web.site.members import member
from backend.web.site.pages import reader_of

bp = PageBlueprint("admin", __name__, login_required=True, act="system.manage", url_prefix="/admin")

# In the order in which they stand above every page.
SECTIONS = (
    "index",
    "jobs",
    "sets",
    "imports",
    "rules",
    "people",
    "succession",
    "organisations",
    "targets",
    "withdrawals",
    "audit",
)

T = TypeVar("T")


def shown(template: str, asked: dict[str, Any], form: Form | None = None, **values: Any) -> Any:
    """A page of a section; a form that comes back with faults is no success."""
    shares = {"form": form, "sections": SECTIONS, **values}
    response = member(f"web/admin/{template}.html", asked["lang"], **shares)
    if form is not None and failed(form):
        response.status_code = 422
    return response


def new_form(asked: dict[str, Any]) -> Form:
    """A form in the language of the page."""
    return Form(reader_of(asked["lang"]).language)


def done(
    form: Form, schema: Schema, act: Callable[[dict[str, Any]], T], lists: Iterable[str] = ()
) -> T | None:
    """Do what a form asks that was sent; None where none was, or where it has faults."""
    typed = form.load(schema, lists) if request.method == "POST" else None
    return None if typed is None else form.attempt(lambda: act(typed))


def failed(form: Form) -> bool:
    """Whether a form has to be shown again."""
    return bool(form.faults or form.fault)


def back(endpoint: str, asked: dict[str, Any], **path: Any) -> Response:
    """Lead to a page after something was done, so that reloading does it no second time."""
    address = reader_of(asked["lang"]).to(endpoint, **path)
    return redirect(address, 303)  # type: ignore[return-value] # a Response of ours
