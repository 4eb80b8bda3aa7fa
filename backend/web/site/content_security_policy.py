"""What a page may load: a Content-Security-Policy as strict as the page allows."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, make_response

CLOSED = (
    "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
# Every page runs the script that applies the reader's choice of colours.
PAGE = CLOSED + "; script-src 'self'"
# The map draws in a worker of its own; its figures, tiles and positions are of this server.
MAP = PAGE + "; connect-src 'self'; worker-src 'self'; img-src 'self' data: blob:"
MAP = MAP.replace("img-src 'self'; ", "", 1)
# What other sites may show in a frame: figures, and nothing that can be pressed.
EMBEDDED = PAGE.replace("frame-ancestors 'none'", "frame-ancestors *")
# Swagger UI runs a script, asks this server, and has its icons as data: addresses.
API_PAGE = CLOSED.replace("img-src 'self'", "img-src 'self' data:") + (
    "; script-src 'self'; connect-src 'self'"
)
# These run a script of ours, which alone sends their forms, in a body and never in an address.
SCRIPTED = CLOSED.replace("form-action 'self'", "form-action 'none'") + "; script-src 'self'"
SCRIPTED_REQUESTS = SCRIPTED + "; connect-src 'self'"
# The measuring page: installable, kept by a worker, and it may measure against another host.
MEASURING = SCRIPTED_REQUESTS + "{speed}; worker-src 'self'; manifest-src 'self'"


# A policy, or what makes it within a request.
Policy = str | Callable[[], str]


def with_policy(policy: Policy) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Answer with a policy."""

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
    """The policy of the measuring page, which names the host of the speed test."""
    speed = current_app.config["SPEED_URL"]
    return MEASURING.format(speed=f" {speed}" if speed else "")
