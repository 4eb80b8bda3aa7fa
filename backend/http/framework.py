"""Flask customisations: numbers in paths, no sessions, the public URL, names of operations."""

from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from apispec import BasePlugin
from flask import Flask, Request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Rule

from backend.http.links import link_root


class RowNumber(IntegerConverter):
    """The id of a row in a path; 404 for larger numbers without a query.

    A `max` instead would answer 405 where GET and POST are separate rules.
    """

    regex = r"[0-9]{1,9}"


class LateRule(Rule):
    """A rule that compiles how its addresses are made when the first one is.

    For all rules it would take a twentieth of a start.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))
        return lambda rule, /, **values: compiled()(rule, **values)


class NoSession(SessionInterface):
    """Disables Flask's sessions: those of people are rows (backend.accounts.sessions)."""

    def open_session(self, app: Flask, request: Request) -> None:
        return None

    def save_session(self, app: Flask, session: SessionMixin, response: Any) -> None:
        return None


class OperationNames(BasePlugin):
    """Names each operation by its view: generated clients name their functions so."""

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **more: Any
    ) -> None:
        """Name the operation of a view; called by apispec for each."""
        for operation in (operations or {}).values():
            operation["operationId"] = more["rule"].endpoint.rpartition(".")[2]


def init_app(app: Flask) -> None:
    """Set up Flask itself, before extensions and views."""
    app.session_interface = NoSession()
    app.url_rule_class = LateRule
    app.url_map.converters["int"] = RowNumber
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.globals["link_root"] = link_root
    app.json.sort_keys = False  # type: ignore[attr-defined] # fields in the order of their schema
    set_public_url(app, app.config["PUBLIC_URL"])
    trust_proxies(app, app.config["TRUSTED_PROXIES"])


def trust_proxies(app: Flask, hops: int) -> None:
    """Trust the forwarding headers of this number of proxies."""
    if hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]


def set_public_url(app: Flask, url: str) -> None:
    """Answer every request as one to the public address, whatever Host it names."""
    if not url:
        return
    inner, (scheme, _, host) = app.wsgi_app, url.partition("://")

    def at_public_url(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return inner({**environ, "HTTP_HOST": host, "wsgi.url_scheme": scheme}, start_response)

    app.wsgi_app = at_public_url  # type: ignore[method-assign]
