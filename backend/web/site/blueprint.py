"""The blueprint of HTML pages: access, query, Content-Security-Policy and errors of a page."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from backend.accounts.access import require
from backend.accounts.authentication import ACTOR_KEY, CSRF_FIELD, actor, renew_password
from backend.accounts.own_account import has_password
from backend.database.extensions import roll_back
from backend.errors import Problem
from backend.http.problems import answer_http, problem_of
from backend.http.requests import Parser, language
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.web.site.forms import PASSWORD_AGAIN
from backend.web.site.pages import page_path, render, render_private, translator_for
from backend.web.site.reading import readable_errors
from backend.web.site.schemas import PageQuerySchema
from backend.web.site.sign_in import provider_name

CLOSED = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Every page runs the script that applies the chosen colour scheme, and has a search of units, which
# asks this server.
PAGE = CLOSED + "; script-src 'self'; connect-src 'self'"
# The map draws in a worker.
MAP = PAGE + "; worker-src 'self'; img-src 'self' data: blob:"
MAP = MAP.replace("img-src 'self'; ", "", 1)
# Pages that other sites may embed: figures without controls.
EMBEDDED = CLOSED.replace("frame-ancestors 'none'", "frame-ancestors *") + "; script-src 'self'"
# A picture has its colours in itself, and runs nothing.
PICTURE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"
# A page with a preview of such a page.
WITH_PREVIEW = PAGE + "; frame-src 'self'"
# Swagger UI runs a script, sends requests to this server, and has its icons as data: URLs.
API_PAGE = CLOSED.replace("img-src 'self'", "img-src 'self' data:") + (
    "; script-src 'self'; connect-src 'self'"
)
# Forms that only a script sends, in a request body and never in a URL.
SCRIPTED = CLOSED.replace("form-action 'self'", "form-action 'none'") + "; script-src 'self'"
SCRIPTED_REQUESTS = SCRIPTED + "; connect-src 'self'"
# The measuring page, installable and cached by a service worker, and that worker, which fetches
# witnesses before it sends samples: speed tests are on other hosts, too.
MEASURING = SCRIPTED_REQUESTS + "{hosts}; worker-src 'self'; manifest-src 'self'"
WORKER = "default-src 'none'; script-src 'self'; connect-src 'self'{hosts}"


def with_policy(policy: str) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Add a policy to the responses of a view, unless the view itself does."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            response = make_response(view(*args, **kwargs))
            response.headers.setdefault("Content-Security-Policy", policy)
            return response

        return answer

    return decorate


# Programs alone read what is below these: the API, that of OGC, the control server of an app.
FOR_PROGRAMS = ("/api/", "/ogc/", "/rmbt/", "/RMBTControlServer/")
READ_WRITE = ("GET", "POST")
# Bytes of the fields of a form with a file.
MAX_FIELDS = 100_000

View = TypeVar("View", bound=Callable[..., Any])


class PageBlueprint(Blueprint):
    """Pages below one URL prefix; problems are rendered as pages with their status.

    With `login_required` every page redirects people who have not signed in; `act` names what an
    actor must be allowed to do besides.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        login_required: bool = False,
        act: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, **options)
        self.login_required, self.act = login_required, act
        self.register_error_handler(Problem, _answer_problem)
        self.register_error_handler(HTTPException, answer_http_page)

    def page(
        self,
        rules: str | Mapping[str, dict[str, Any]],
        query: type[Schema] | None = PageQuerySchema,
        methods: tuple[str, ...] = ("GET",),
        *,
        policy: str | None = None,
        upload_most: int = 0,
    ) -> Callable[[View], View]:
        """Bind a page; the view gets the query as a dict, if it has one, and the path's values.

        A page may have several URLs, each with the values that it does not contain.

        `upload_most` is the size in bytes of the file that the page's form may send.
        """

        def bind(view: View) -> View:
            loaded: Callable[..., ResponseReturnValue] = view
            if query:
                loaded = Parser().use_args(query, location="query")(view)

            @wraps(view)
            def answer(**path: Any) -> ResponseReturnValue:
                if upload_most:  # before the form is parsed, which checking its token does
                    request.max_content_length = upload_most + MAX_FIELDS
                if self.login_required and not actor().signed_in:
                    return redirect_to_sign_in()
                if self.login_required and actor().totp_needed and self.name != "account_pages":
                    return redirect(url_for("account_pages.show_account"), 303)
                if self.act:
                    require(actor(), self.act)
                if self.login_required and PASSWORD_AGAIN in request.form:
                    return _continue_with_password(lambda: loaded(**path))
                return loaded(**path)

            bound = with_policy(policy or PAGE)(answer)
            for rule, values in ({rules: {}} if isinstance(rules, str) else rules).items():
                self.add_url_rule(rule, view.__name__, bound, methods=methods, defaults=values)
            return view

        return bind


def redirect_to_sign_in() -> ResponseReturnValue:
    """Redirect to the sign-in page, which redirects back to this page."""
    rule = request.url_rule
    reads = rule is not None and "GET" in (rule.methods or ())
    back = request.full_path.rstrip("?") if reads else page_path()
    return redirect(f"{url_for('web.sign_in')}?{urlencode({'next': back})}", 303)


def not_found(error: HTTPException) -> Response:
    """Handle an unknown URL: problem details where programs read, else a page."""
    return answer_http(error) if request.path.startswith(FOR_PROGRAMS) else answer_http_page(error)


@with_policy(PAGE)
def _answer_problem(problem: Problem) -> Response:
    roll_back()
    if problem.code == "password_needed" and request.method == "POST":
        return _ask_password(None)
    return _error_page(problem)


def _continue_with_password(act: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """Do what a form asked for once the password is checked; ask again where it is wrong."""
    try:
        renew_password(request.form[PASSWORD_AGAIN])
    except Problem as problem:
        roll_back()
        return _ask_password(problem)
    return redirect(request.full_path, 303) if "reload" in request.form else act()


def _ask_password(problem: Problem | None) -> Response:
    """Render a page that asks for the password, and then sends the submitted form again.

    A browser does not send a file again: with one, the page of the form is opened instead.
    """
    lang = _page_language()
    codes = [error.code for error in problem.errors] or [problem.code] if problem else []
    with_file = any(file.filename for file in request.files.values())
    sent = [] if with_file else request.form.items(multi=True)
    fields = [(name, text) for name, text in sent if name not in (CSRF_FIELD, PASSWORD_AGAIN)]
    rule = request.url_rule
    back = request.full_path if rule and "GET" in (rule.methods or ()) else None
    response = render_private(
        "web/site/password.html",
        lang,
        fields=[*fields, ("reload", "yes")] if with_file else fields,
        fault=" ".join(message(code, lang or language()) for code in codes),
        action=request.full_path,
        has_password=has_password(actor()),
        provider=provider_name(translator_for(lang)),
        back=back,
    )
    response.status_code = problem.status if problem else 403
    return response


@with_policy(PAGE)
def answer_http_page(error: HTTPException) -> Any:
    """Render an HTTP error of Flask as a page."""
    if error.code is None or error.code < 400:
        return error.get_response()
    return _error_page(problem_of(error))


def _page_language() -> Language | None:
    lang = request.args.get("lang")
    return cast(Language, lang) if lang in ("vi", "en") else None


def _error_page(problem: Problem) -> Response:
    lang = _page_language()
    reader_language = lang or language()
    errors = readable_errors(problem.errors, reader_language)
    text = {"text": message(problem.code, reader_language), "errors": errors}
    again = request.full_path.rstrip("?") if request.method == "GET" else None
    # A person whom the request has not needed is not looked up: the database may be away.
    known = request.environ.get(ACTOR_KEY)
    signed_in = known is not None and known.session is not None
    show = render_private if signed_in else render
    values = {"problem": problem, "again": again, "signed_in": signed_in, **text}
    response = show("web/site/wrong.html", lang, **values)
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response
