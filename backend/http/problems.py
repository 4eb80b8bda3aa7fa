"""Problems: every error is answered as RFC 9457 problem details."""

import json
from collections.abc import Iterable
from typing import Any

import structlog
from flask import Flask, Response, current_app, g
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from backend.database.extensions import db
from backend.errors import FieldError, Problem, field_errors
from backend.http.requests import language
from backend.i18n.catalogues import Language
from backend.i18n.messages import message

log = structlog.get_logger()

# Seconds until a client retries while the database is away: a restart takes less.
RETRY_AFTER_S = 5

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
    app.register_error_handler(OperationalError, _answer_unavailable)
    app.register_error_handler(InterfaceError, _answer_unavailable)
    app.register_error_handler(PoolTimeout, _answer_unavailable)
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


def serialize_errors(errors: Iterable[FieldError], language: Language) -> list[dict[str, str]]:
    """Return field errors with their messages."""
    return [
        {"field": error.field, "code": error.code, "message": message(error.code, language)}
        for error in errors
    ]


def _answer_problem(problem: Problem) -> Response:
    db.session.rollback()
    return problem_response(problem)


def answer_http(error: HTTPException) -> Response:
    """Return an error of Flask or werkzeug as problem details."""
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    data = getattr(error, "data", None) or {}
    errors = field_errors(data.get("messages", {}))
    allowed = getattr(error, "valid_methods", None)
    headers = {"Allow": ", ".join(sorted(allowed))} if allowed else {}
    return problem_response(Problem(status, CODES.get(status, "bad_request"), errors, headers))


def _answer_unavailable(error: Exception) -> Any:
    log.warning("database away", request_id=g.get("request_id"), error=type(error).__name__)
    return _answer(Problem(503, "unavailable", headers={"Retry-After": str(RETRY_AFTER_S)}))


def _answer_database(error: DBAPIError) -> Any:
    """Answer 503 for a write on a standby, until it is promoted; else 500."""
    standby = isinstance(error.orig, ReadOnlySqlTransaction)
    return _answer_unavailable(error) if standby else _answer_internal(error)


def _answer_internal(error: Exception) -> Any:
    log.error("broken", request_id=g.get("request_id"), exc_info=error)
    return _answer(Problem(500, "internal"))


def _answer(problem: Problem) -> Any:
    """Answer by the handler of this URL: API and pages have different ones."""
    try:
        db.session.rollback()
    except DBAPIError:
        db.session.remove()
    return current_app.handle_user_exception(problem)
