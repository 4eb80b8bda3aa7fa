"""Requests: language, time, bearer token and bodies; blueprints of the API; files as answers."""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Container, Mapping
from datetime import datetime
from typing import Any, NoReturn

from flask import Request, Response, current_app, request
from flask_smorest import Blueprint as SmorestBlueprint
from gunicorn.http.errors import ParseException
from marshmallow import Schema, ValidationError
from webargs.flaskparser import FlaskParser

from backend.errors import FieldError, Problem, field_errors, invalid
from backend.fields import Json, aware_time
from backend.i18n.catalogues import Language, pick

# Measured after inflating; 500 samples with every field take about 0.5 MB. As in nginx-site.conf.
MAX_BODY_BYTES = 4_000_000


def language() -> Language:
    """Return the language by the Accept-Language header."""
    return pick(request.accept_languages)


def clock_now() -> datetime:
    """Return the present time by the clock of the app."""
    now: datetime = current_app.extensions["clock"]()
    return now


def bearer_token() -> str:
    """Return the token of `Authorization: Bearer`; 401 without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(401, "unauthorized", headers={"WWW-Authenticate": "Bearer"})
    return token.strip()


def read_json() -> Json:
    """Return the JSON body, inflated; 400 or 415 where it cannot be read."""
    if request.mimetype != "application/json":
        raise Problem(415, "unsupported_media_type")
    body = _inflate(MAX_BODY_BYTES)
    try:
        read: Json = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "not_json") from None
    return read


def read_object() -> dict[str, Json]:
    """Return the JSON body; 422 where it is not an object."""
    body = read_json()
    if not isinstance(body, dict):
        raise Problem(422, "invalid", [FieldError("", "not_object")])
    return body


def sent_items(body: dict[str, Json], name: str, most: int) -> list[Json]:
    """Return the items of a batch, or the body itself, which is one item; 422 for a wrong list."""
    if name not in body:
        return [body]
    items = body[name]
    if not isinstance(items, list):
        raise invalid(name, "not_list")
    if not 1 <= len(items) <= most:
        raise invalid(name, "wrong_length")
    return items


def sent_at(body: Mapping[str, Json]) -> datetime | None:
    """Return when the phone sent the body, by its clock; 422 for a text that is no time."""
    written = body.get("sent_at", request.headers.get("X-Sent-At"))
    try:
        return aware_time(written) if written is not None else None
    except ValidationError as error:
        raise invalid("sent_at", str(error.messages[0])) from None


def read_bytes(types: Container[str], refusal: str, most: int | None = None) -> bytes:
    """Return the raw body, inflated; 415 with the code `refusal` for other types."""
    if request.mimetype not in types:
        raise Problem(415, refusal)
    return _inflate(most or MAX_BODY_BYTES)


def _inflate(most: int) -> bytes:
    if request.content_length is not None and request.content_length > most:
        raise Problem(413, "too_large")
    try:
        body = request.stream.read(most + 1)
    except TimeoutError:
        raise Problem(408, "request_timeout") from None
    except (OSError, ParseException):  # a chunk with a wrong size, or cut
        raise Problem(400, "bad_request") from None
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


def as_attachment(content: bytes, kind: str, name: str, *, stored: bool = True) -> Response:
    """Return a file for download under a name; `stored`: whether caches may keep it."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    headers |= {} if stored else {"Cache-Control": "no-store"}
    return Response(content, content_type=kind, headers=headers)


def allow_any_origin(response: Response) -> Response:
    """Let pages of other sites read an answer; browsers leave out cookies and tokens."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "*"  # such as OData-MaxVersion
    return response


class Parser(FlaskParser):
    """Reads JSON by read_json: webargs ignores other content types and has no gzip."""

    def load_json(self, req: Request, schema: Schema) -> Json:
        return read_json()

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        by_location = error.messages_dict
        errors = [found for messages in by_location.values() for found in field_errors(messages)]
        raise Problem(422, "invalid", errors) from error


class Blueprint(SmorestBlueprint):  # type: ignore[misc] # flask-smorest brings no types
    """flask-smorest's blueprint below /api/v1, with a parser that answers errors as problems.

    `security` is that of all endpoints in the OpenAPI document that declare none of their own.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        parser: Parser | None = None,
        url_prefix: str = "/api/v1",
        security: list[dict[str, list[str]]] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, url_prefix=url_prefix, **options)
        self.ARGUMENTS_PARSER = parser or Parser()
        self.security = security

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Add a view, described with the security of the blueprint unless it has its own."""
        own = getattr(view_func, "_apidoc", {}).get("manual_doc", {})
        if self.security and "security" not in own:
            view_func = self.doc(security=self.security)(view_func)
        super().add_url_rule(rule, endpoint, view_func, **options)
