"""Optimistic concurrency by ETags: a change names the versions that the client has seen.

The tag of a row is its version, the tag of computed answers a digest of their content.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Response, request
from flask.typing import ResponseReturnValue

from backend.errors import Problem

# For the OpenAPI document.
IF_MATCH_PARAMETER: list[dict[str, Any]] = [
    {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "schema": {"type": "string"},
        "description": "The ETag of the version that you saw",
    }
]
ETAG_HEADER: dict[str, Any] = {"ETag": {"schema": {"type": "string"}, "description": "The version"}}

# Versions by If-Match; None: the request has no such header.
Expected = frozenset[str] | None


def expected() -> Expected:
    """Return the versions in `If-Match`.

    Weak tags count too: a proxy that compresses an answer makes its tag weak. `*` names no version:
    it would overwrite a change by another person.
    """
    return frozenset(request.if_match.as_set(include_weak=True)) or None


def must_match(versions: Expected, version: int) -> None:
    """Raise 428 for a change without versions, 412 where the present version is not among them."""
    if versions is None:
        raise Problem(428, "precondition_required")
    if str(version) not in versions:
        raise stale()


def stale() -> Problem:
    """Return the problem of a change to an outdated version."""
    return Problem(412, "precondition_failed")


def with_etag(answer: Mapping[str, Any], status: int = 200) -> ResponseReturnValue:
    """Return an answer with its version as ETag; 304 where the client has that version."""
    version = str(answer["version"])
    headers = {"ETag": f'"{version}"'}
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(version):
        return Response(status=304, headers=headers)
    return answer, status, headers


def with_etag_or_204(answer: Mapping[str, Any] | None) -> ResponseReturnValue:
    """Return the answer to ending a row: its new state, or 204 where it was deleted."""
    return Response(status=204) if answer is None else with_etag(answer)


def with_digest(answer: Mapping[str, Any], kind: str = "application/json") -> Response:
    """Return an answer as JSON with a digest as ETag; 304 where the client has it."""
    return with_content_tag(Response(orjson.dumps(answer), content_type=kind))


def with_known_tag(
    tag: str, encode: Callable[[], bytes], kind: str = "application/json"
) -> Response:
    """Return JSON whose tag is known before it is encoded; 304 where the client has it."""
    response = Response(content_type=kind)
    response.set_etag(tag, weak=True)
    if request.if_none_match.contains_weak(tag):
        response.status_code = 304
    else:
        response.set_data(encode())
    return _personal(response)


def content_tag(content: bytes) -> str:
    """Return a digest of content as a tag."""
    return hashlib.sha256(content).hexdigest()[:32]


def with_content_tag(response: Response) -> Response:
    """Add a digest of the content as ETag; 304 where the client has it."""
    response.set_etag(content_tag(response.get_data()), weak=True)
    _personal(response).make_conditional(request)
    return response


def _personal(response: Response) -> Response:
    """Add that an answer depends on the person and the language."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Authorization"
    return response
