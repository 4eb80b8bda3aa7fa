"""Request ids, the log of requests by structlog, and the headers of all answers."""

import logging
import re
import time
import uuid
from contextlib import suppress
from http import HTTPStatus

import orjson
import structlog
from flask import Flask, Response, g, request

from backend.metrics import count_request, count_use

log = structlog.get_logger()
LEVEL = logging.INFO

# Ids of measurements and phones in paths; nginx leaves them out too (config/deploy).
UUID = re.compile(r"[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE)

# The token of a device in the address of its control server, also in one that is written wrongly;
# nginx leaves it out too.
TOKEN = re.compile(r"rmbt.*?(/RMBTControlServer/[a-z]{1,20})?$", re.IGNORECASE | re.DOTALL)

# Pages use the position of a phone and no other permission.
PERMISSIONS = "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), serial=()"


class LineLogger(structlog.PrintLogger):
    """Prints lines; one that cannot be written, as on a full disk, fails no request."""

    def msg(self, message: str) -> None:
        """Print a line."""
        with suppress(OSError):
            super().msg(message)

    debug = info = warning = error = critical = msg


def init_app(app: Flask) -> None:
    """Configure structlog and log every request."""
    _configure()
    app.before_request(_begin)
    app.after_request(_finish)


def _begin() -> None:
    g.request_id = uuid.uuid4().hex
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    seconds = time.perf_counter() - g.began
    count_request(request.method, request.path, response.status_code, seconds)
    if response.status_code < HTTPStatus.BAD_REQUEST:
        count_use(request.endpoint)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if response.mimetype == "text/html":
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = PERMISSIONS
    log.info(
        "request",
        request_id=g.request_id,
        method=request.method,
        # Without the query string, which may contain a position.
        path=UUID.sub("-", TOKEN.sub(r"rmbt/-\1", request.path)),
        status=response.status_code,
        ms=round(seconds * 1e3, 1),
    )
    return response


def _configure() -> None:
    # Otherwise it writes plain text for each failed attempt; failed requests are logged below.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(
                serializer=lambda line, **options: orjson.dumps(line, **options).decode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVEL),
        logger_factory=lambda *names: LineLogger(),
        cache_logger_on_first_use=True,
    )
