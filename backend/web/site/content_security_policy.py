"""Content-Security-Policies: for each kind of page the strictest that works."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, make_response

CLOSED = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Every page runs the script that applies the chosen colour scheme.
PAGE = CLOSED + "; script-src 'self'"
# The map draws in a worker and fetches figures and tiles from this server.
MAP = PAGE + "; connect-src 'self'; worker-src 'self'; img-src 'self' data: blob:"
MAP = MAP.replace("img-src 'self'; ", "", 1)
# Pages that other sites may embed: figures without controls.
EMBEDDED = PAGE.replace("frame-ancestors 'none'", "frame-ancestors *")
# Swagger UI runs a script, sends requests to this server, and has its icons as data: URLs.
API_PAGE = CLOSED.replace("img-src 'self'", "img-src 'self' data:") + (
    "; script-src 'self'; connect-src 'self'"
)
# Forms that only a script sends, in a request body and never in a URL.
SCRIPTED = CLOSED.replace("form-action 'self'", "form-action 'none'") + "; script-src 'self'"
SCRIPTED_REQUESTS = SCRIPTED + "; connect-src 'self'"
# The measuring page: installable, cached by a service worker, speed test on another host.
MEASURING = SCRIPTED_REQUESTS + "{speed}; worker-src 'self'; manifest-src 'self'"


# A policy, or a function that returns it within a request.
Policy = str | Callable[[], str]


def with_policy(policy: Policy) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Add a policy to the responses of a view."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            response = make_response(view(*args, **kwargs))
            allowed = policy if isinstance(policy, str) else policy()
            response.headers.setdefault("Content-Security-Policy", allowed)
            return response

        return answer

    return decorate


def measuring_policy() -> str:
    """Return the policy of the measuring page, which allows the host of the speed test."""
    speed = current_app.config["SPEED_URL"]
    return MEASURING.format(speed=f" {speed}" if speed else "")
