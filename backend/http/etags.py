"""Optimistic concurrency: a thing's version is its ETag, and a change names the version it saw.

`If-Match` may name several versions. Figures have none: their tag is a digest of themselves.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, request

from backend.errors import Problem

# What the OpenAPI document says of operations that want or tell a version.
WANTED: list[dict[str, Any]] = [
    {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "schema": {"type": "string"},
        "description": "The ETag of the version that you saw",
    }
]
TOLD: dict[str, Any] = {"ETag": {"schema": {"type": "string"}, "description": "The version"}}

# None: the request tells no version.
Expected = frozenset[str] | None


def expected() -> Expected:
    """The versions that `If-Match` names.

    Weak ones too: a proxy marks a tag weak when it compresses an answer. `*` names none: it would
    overwrite what another person just changed.
    """
    return frozenset(request.if_match.as_set(include_weak=True)) or None


def must_match(versions: Expected, version: int) -> None:
    """428 where a change tells no version, 412 where it tells another than the present one."""
    if versions is None:
        raise Problem(428, "precondition_required")
    if str(version) not in versions:
        raise stale()


def stale() -> Problem:
    """Somebody else changed it first."""
    return Problem(412, "precondition_failed")


def answered(told: Mapping[str, Any], status: int = 200) -> Any:
    """The answer about a thing with its version as ETag; 304 where the client holds that one."""
    version = str(told["version"])
    headers = {"ETag": f'"{version}"'}
    if request.method in ("GET", "HEAD") and request.if_none_match.contains_weak(version):
        return Response(status=304, headers=headers)
    return told, status, headers


def ended(told: Mapping[str, Any] | None) -> Any:
    """The answer to the end of a thing: how it stands from now on, or 204 where it is gone."""
    return Response(status=204) if told is None else answered(told)


def answered_figures(told: Mapping[str, Any], kind: str = "application/json") -> Response:
    """Figures as JSON; only that they are the same as before, where the client has them."""
    return unless_known(Response(orjson.dumps(told), content_type=kind))


def tag_of(content: bytes) -> str:
    """The tag of what has no version: of the content itself."""
    return hashlib.sha256(content).hexdigest()[:32]


def unless_known(response: Response) -> Response:
    """Say 304 where the client holds this very answer."""
    response.set_etag(tag_of(response.get_data()), weak=True)
    # What a person may see is theirs, and each language has its words.
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Authorization"
    response.make_conditional(request)
    return response
