"""Requests: language, time, bearer token and bodies; files as answers."""

import gzip
import io
import json
import zlib
from collections.abc import Container
from datetime import datetime
from typing import Any

from flask import Response, current_app, request

from backend.errors import FieldError, Problem
from backend.i18n.catalogues import Language, pick


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


def read_json() -> Any:
    """Return the JSON body, inflated; 400 or 415 where it cannot be read."""
    if request.mimetype != "application/json":
        raise Problem(415, "unsupported_media_type")
    body = _inflate(current_app.config["MAX_BODY_BYTES"])
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise Problem(400, "not_json") from None


def read_object() -> dict[str, Any]:
    """Return the JSON body; 422 where it is not an object."""
    body = read_json()
    if not isinstance(body, dict):
        raise Problem(422, "invalid", [FieldError("", "not_object")])
    return body


def read_bytes(types: Container[str], refusal: str, most: int | None = None) -> bytes:
    """Return the raw body, inflated; 415 with the code `refusal` for other types."""
    if request.mimetype not in types:
        raise Problem(415, refusal)
    return _inflate(most or current_app.config["MAX_BODY_BYTES"])


def _inflate(most: int) -> bytes:
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


def as_attachment(content: bytes, kind: str, name: str) -> Response:
    """Return a file for download under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=kind, headers=headers)
