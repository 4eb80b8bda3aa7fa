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
ASKING = SCRIPTED + "; connect-src 'self'"
# The measuring page: installable, kept by a worker, and it may measure against another host.
MEASURING = ASKING + "{speed}; worker-src 'self'; manifest-src 'self'"


def under(policy: str) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Answer with a policy; of several the innermost holds."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def answer(*args: Any, **kwargs: Any) -> Response:
            response = make_response(view(*args, **kwargs))
            response.headers.setdefault("Content-Security-Policy", policy)
            return response

        return answer

    return decorate


def measuring(view: Callable[..., Any]) -> Callable[..., Response]:
    """Answer with the measuring page's policy, which names the speed test's host."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Response:
        speed = current_app.config["SPEED_URL"]
        policy = MEASURING.format(speed=f" {speed}" if speed else "")
        return under(policy)(view)(*args, **kwargs)

    return answer
