"""How requests are read and answered: JSON in, one error shape out, a request id everywhere."""

import gzip
import io
import json
import logging
import time
import uuid
import zlib
from collections.abc import Container
from datetime import datetime
from typing import Any

import orjson
import structlog
from flask import Flask, Response, current_app, g, request
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from backend.database.extensions import db
from backend.errors import FieldError, Problem, field_errors
from backend.http.load_shedding import shed
from backend.i18n.languages import Language, pick
from backend.i18n.messages import message
from backend.metrics import count_request

log = structlog.get_logger()

# Seconds after which a phone may try again when the database is away: it restarts within these.
RETRY_AFTER_S = 5

# A page asks where a phone is, and nothing else of what browsers can give.
PERMISSIONS = "geolocation=(self), camera=(), microphone=(), payment=(), usb=(), serial=()"

CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}


def init_app(app: Flask) -> None:
    """Bind request ids, logs and error handlers."""
    _set_up_logs(app.config["LOG_LEVEL"])
    app.before_request(_begin)
    app.before_request(shed)
    app.after_request(_finish)
    app.register_error_handler(Problem, _answer_problem)
    app.register_error_handler(HTTPException, answer_http)
    app.register_error_handler(OperationalError, _answer_away)
    app.register_error_handler(InterfaceError, _answer_away)
    app.register_error_handler(PoolTimeout, _answer_away)
    app.register_error_handler(DBAPIError, _answer_database)
    app.register_error_handler(Exception, _answer_broken)


def language() -> Language:
    """The language that the client asked for."""
    return pick(request.accept_languages)


def clock_now() -> datetime:
    """The present moment, by the clock that the app was made with."""
    now: datetime = current_app.extensions["clock"]()
    return now


def bearer_token() -> str:
    """The token of `Authorization: Bearer`; 401 where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    return token.strip()


def read_json() -> Any:
    """The request's JSON body, inflated; a Problem that says why it cannot be read."""
    if request.mimetype != "application/json":
        raise Problem(415, "unsupported_media_type")
    body = _inflated(current_app.config["MAX_BODY_BYTES"])
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "not_json") from None


def read_object() -> dict[str, Any]:
    """The request's JSON body where it must be an object."""
    body = read_json()
    if not isinstance(body, dict):
        raise Problem(422, "invalid", [FieldError("", "not_object")])
    return body


def read_bytes(types: Container[str], refusal: str, most: int | None = None) -> bytes:
    """The request's body as it is, inflated; 415 with a code where it is of none of the types."""
    if request.mimetype not in types:
        raise Problem(415, refusal)
    return _inflated(most or current_app.config["MAX_BODY_BYTES"])


def _inflated(most: int) -> bytes:
    if request.content_length is not None and request.content_length > most:
        raise Problem(413, "too_large")
    body = request.stream.read(most + 1)
    if request.headers.get("Content-Encoding", "identity").lower() == "gzip":
        try:
            body = gzip.GzipFile(fileobj=io.BytesIO(body)).read(most + 1)
        except (OSError, EOFError, zlib.error):
            raise Problem(400, "bad_gzip") from None
    if len(body) > most:
        raise Problem(413, "too_large")
    return body


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _begin() -> None:
    g.request_id = uuid.uuid4().hex
    g.began = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    seconds = time.perf_counter() - g.began
    count_request(request.method, request.path, response.status_code, seconds)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    if response.mimetype == "text/html":
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = PERMISSIONS
    if log.is_enabled_for(logging.INFO):
        log.info(
            "request",
            request_id=g.request_id,
            method=request.method,
            path=request.path,  # never the query string: it may hold a position
            status=response.status_code,
            ms=round(seconds * 1e3, 1),
        )
    return response


def as_attachment(content: bytes, kind: str, name: str) -> Response:
    """A file that a browser keeps under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=kind, headers=headers)


def problem_response(problem: Problem) -> Response:
    """Answer a problem as RFC 9457 problem details."""
    words = language()
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": message(problem.code, words),
        "status": problem.status,
        "code": problem.code,
        "request_id": g.get("request_id"),
        **problem.members,
    }
    if problem.errors:
        details["errors"] = described(problem.errors, words)
    response = Response(
        json.dumps(details, ensure_ascii=False),
        problem.status,
        content_type="application/problem+json",
    )
    response.headers.update(problem.headers)
    return response


def described(
    errors: tuple[FieldError, ...] | list[FieldError], words: Language
) -> list[dict[str, str]]:
    """Field errors with their words."""
    return [
        {"field": error.field, "code": error.code, "message": message(error.code, words)}
        for error in errors
    ]


def _answer_problem(problem: Problem) -> Response:
    db.session.rollback()
    return problem_response(problem)


def answer_http(error: HTTPException) -> Response:
    """Answer what Flask itself refuses, in the shape of all problems."""
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    data = getattr(error, "data", None) or {}
    errors = field_errors(data.get("messages", {}))
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return problem_response(Problem(status, CODES.get(status, "bad_request"), errors, headers))


def _answer_away(error: Exception) -> Any:
    log.warning("database away", request_id=g.get("request_id"), error=type(error).__name__)
    return _told(Problem(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)}))


def _answer_database(error: DBAPIError) -> Any:
    """A standby takes no writes: for whoever writes it is away, until it is made the first."""
    standing_by = isinstance(error.orig, ReadOnlySqlTransaction)
    return _answer_away(error) if standing_by else _answer_broken(error)


def _answer_broken(error: Exception) -> Any:
    log.error("broken", request_id=g.get("request_id"), exc_info=error)
    return _told(Problem(500, "internal"))


def _told(problem: Problem) -> Any:
    """Answer as problems of this address are answered: a page's in words."""
    _forget_session()
    return current_app.handle_user_exception(problem)


def _forget_session() -> None:
    try:
        db.session.rollback()
    except DBAPIError:
        db.session.remove()


def _set_up_logs(level: str) -> None:
    # It writes plain text for each failed attempt; the requests that fail have a line of their own.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_written),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        ),
        cache_logger_on_first_use=True,
    )


def _written(line: Any, **options: Any) -> str:
    return orjson.dumps(line, **options).decode()
