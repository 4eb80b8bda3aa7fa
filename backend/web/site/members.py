"""Pages of people who signed in: who gets in, where their work is, and what others are shown."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException

from backend.accounts.access import Actor
from backend.accounts.authentication import actor, form_token
from backend.database.extensions import db
from backend.errors import Problem, field_errors
from backend.http.requests import CODES, answer_http, described, language
from backend.i18n.languages import Language
from backend.i18n.messages import message
from backend.web.site.content_security_policy import PAGE, under
from backend.web.site.pages import render

# Forms go to this server, and a script may come by parts of the page.
MEMBER = PAGE + "; connect-src 'self'"

# What the fields of a form take beside its file.
FIELDS_MOST = 100_000

# Where a role's work is: the page's endpoint, in the order of the header.
PLACES = {
    "official": "desk.index",
    "organiser": "board.index",
    "team_leader": "board.index",
    "admin": "admin.index",
}


def member_page(view: Callable[..., Any]) -> Callable[..., Response]:
    """A page for whoever signed in, under a strict policy; others are asked to, and come back."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        if not actor().signed_in:
            back = request.full_path.rstrip("?") if request.method == "GET" else request.path
            return redirect(f"{url_for('web.sign_in')}?{urlencode({'next': back})}", 303)
        return view(*args, **kwargs)

    return under(MEMBER)(answer)


def lets_in(most: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a page's form bring files of so many bytes; it wraps whatever checks its token."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Any:
            request.max_content_length = most + FIELDS_MOST
            return view(*args, **kwargs)

        return answer

    return decorate


def member(template: str, lang: str | None, **values: Any) -> Response:
    """Render a page of people who signed in: it may hold forms, and no cache keeps it."""
    response = render(template, lang, csrf=form_token(), places=places(actor()), **values)
    response.headers["Cache-Control"] = "no-store"
    return response


def places(known: Actor) -> list[str]:
    """Where a person finds work, by endpoint: one entry for each kind of role that they have."""
    held = {grant.role for grant in known.grants}
    found = dict.fromkeys(PLACES[role] for role in PLACES if role in held)
    return [endpoint for endpoint in found if endpoint in current_app.view_functions]


def answer_in_words(bp: Blueprint) -> Blueprint:
    """Let a blueprint's problems be answered as a page in words, with the same status."""
    bp.register_error_handler(Problem, _problem)
    bp.register_error_handler(HTTPException, _http)
    return bp


def answer_nowhere(error: HTTPException) -> Response:
    """An address that leads nowhere: in words, but to programs as the API says it."""
    return answer_http(error) if request.path.startswith("/api/") else _http(error)


@under(PAGE)
def _problem(problem: Problem) -> Response:
    db.session.rollback()
    return _page(problem)


@under(PAGE)
def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error.get_response()
    data = getattr(error, "data", None) or {}
    errors = field_errors(data.get("messages", {}))
    return _page(Problem(error.code, CODES.get(error.code, "bad_request"), errors))


def _page(problem: Problem) -> Response:
    lang = request.args.get("lang")
    lang = lang if lang in ("vi", "en") else None
    words = cast(Language, lang or language())
    faults = described(problem.errors, words)
    told = {"told": message(problem.code, words), "faults": faults}
    again = request.full_path.rstrip("?") if request.method == "GET" else None
    response = render("web/wrong.html", lang, problem=problem, again=again, **told)
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response
