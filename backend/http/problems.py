"""Problems: every error is answered as RFC 9457 problem details."""

import json
from collections.abc import Iterable
from typing import Any

import structlog
from flask import Flask, Response, current_app, g
from flask.typing import ResponseReturnValue
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from backend.database.extensions import roll_back
from backend.errors import FieldError, FieldMessage, Problem, field_errors
from backend.http.requests import language
from backend.i18n.catalogues import Language
from backend.i18n.messages import message

# What Flask's handlers of errors return.
HandledError = HTTPException | ResponseReturnValue

log = structlog.get_logger()

# Seconds until a client retries while the database is away: a restart takes less.
RETRY_AFTER_S = 5
# Errors of a database that is away.
AWAY = (OperationalError, InterfaceError, PoolTimeout)

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
    """Register the error handlers."""
    app.register_error_handler(Problem, _answer_problem)
    app.register_error_handler(HTTPException, answer_http)
    for away in AWAY:
        app.register_error_handler(away, _answer_unavailable)
    app.register_error_handler(DBAPIError, _answer_database)
    app.register_error_handler(Exception, _answer_internal)


def problem_response(problem: Problem) -> Response:
    """Return a problem as RFC 9457 problem details."""
    chosen = language()
    details: dict[str, Any] = {
        "type": "about:blank",
        "title": message(problem.code, chosen),
        "status": problem.status,
        "code": problem.code,
        "request_id": g.get("request_id"),
        **problem.members,
    }
    if problem.errors:
        details["errors"] = serialize_errors(problem.errors, chosen)
    response = Response(
        json.dumps(details, ensure_ascii=False),
        problem.status,
        content_type="application/problem+json",
    )
    response.headers.update(problem.headers)
    return response


def serialize_errors(errors: Iterable[FieldError], language: Language) -> list[FieldMessage]:
    """Return field errors with their messages."""
    return [
        {
            "field": error.field,
            "code": error.code,
            "message": message(error.code, language, error.words),
        }
        for error in errors
    ]


def _answer_problem(problem: Problem) -> Response:
    roll_back()
    return problem_response(problem)


def answer_http(error: HTTPException) -> Response:
    """Return an error of Flask or werkzeug as problem details."""
    if error.code is not None and error.code < 400:
        return Response(status=error.code, headers=error.get_headers())
    return problem_response(problem_of(error))


def problem_of(error: HTTPException) -> Problem:
    """Return an error of Flask or werkzeug as a problem.

    Flask's own 500 is an error of an error handler, which may have needed a database that is away.
    """
    if isinstance(lost := getattr(error, "original_exception", None), AWAY):
        return _unavailable(lost)
    status = error.code or 500
    data = getattr(error, "data", None) or {}
    errors = field_errors(data.get("messages", {}))
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return Problem(status, CODES.get(status, "bad_request"), errors, headers)


def _unavailable(error: Exception) -> Problem:
    log.warning("database away", request_id=g.get("request_id"), error=type(error).__name__)
    return Problem(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)})


def _answer_unavailable(error: Exception) -> HandledError:
    return _answer(_unavailable(error))


def _answer_database(error: DBAPIError) -> HandledError:
    """Answer 503 for a write on a standby, until it is promoted; else 500."""
    standby = isinstance(error.orig, ReadOnlySqlTransaction)
    return _answer_unavailable(error) if standby else _answer_internal(error)


def _answer_internal(error: Exception) -> HandledError:
    log.error("broken", request_id=g.get("request_id"), exc_info=error)
    return _answer(Problem(500, "internal"))


def _answer(problem: Problem) -> HandledError:
    """Answer by the handler of this URL: API and pages have different ones."""
    roll_back()
    return current_app.handle_user_exception(problem)
