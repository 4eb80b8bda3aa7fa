"""The frame of admins' pages: who gets in, how a form comes back, the sections above each."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from flask import Blueprint, Response, redirect, request
from marshmallow import Schema

from backend.accounts.access import require
from backend.accounts.authentication import actor
from backend.http.arguments import Parser
from backend.web.site.forms import Form
from backend.web.site.members import answer_in_words, lets_in, member, member_page
from backend.web.site.pages import reader_of
from backend.web.site.schemas import PageQuerySchema

bp = answer_in_words(Blueprint("admin", __name__, url_prefix="/admin"))
READ_WRITE = ("GET", "POST")

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

View = Callable[..., Any]
T = TypeVar("T")


def page(
    rule: str,
    asks: type[Schema] = PageQuerySchema,
    methods: tuple[str, ...] = ("GET",),
    file_most: int = 0,
) -> Callable[[View], View]:
    """Bind a page for admins alone; the view gets what its address asks for."""

    def bind(view: View) -> View:
        asked = Parser().use_args(asks, location="query")(view)

        @wraps(view)
        def let_in(**path: Any) -> Any:
            require(actor(), "system.manage")
            return asked(**path)

        bound = member_page(let_in)
        whole = lets_in(file_most)(bound) if file_most else bound
        bp.add_url_rule(rule, view.__name__, whole, methods=methods)
        return view

    return bind


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
