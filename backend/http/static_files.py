"""Static files under a path with a digest of all files, which browsers cache for a year.

The digest is in the path: relative imports of scripts and stylesheets stay within one edition,
without a build.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory, url_for
from werkzeug.routing import BaseConverter

FOLDER = Path(__file__).parents[1] / "static"
ENDPOINT = "static"
# A year is the longest time that caches use.
IMMUTABLE = "public, max-age=31536000, immutable"
EDITION_LETTERS = 16


class EditionConverter(BaseConverter):
    """The edition in a path; no folder of static files has such a name."""

    regex = f"[0-9a-f]{{{EDITION_LETTERS}}}"


def init_app(app: Flask) -> None:
    """Serve files under a path with the edition, and under one without for fixed addresses."""
    app.url_map.converters["edition"] = EditionConverter
    app.add_url_rule("/static/<edition:edition>/<path:filename>", ENDPOINT, _send)
    app.add_url_rule("/static/<path:filename>", ENDPOINT, _send)
    app.add_url_rule("/robots.txt", "robots", _send, defaults={"filename": "robots.txt"})
    app.url_defaults(_name_edition)


def address(filename: str) -> str:
    """Return the URL of the present edition of a file."""
    return url_for(ENDPOINT, filename=filename)


@cache
def current_edition() -> str:
    """Return a digest of names and contents of all files, computed once in a process."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(FOLDER)} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:EDITION_LETTERS]


def _name_edition(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == ENDPOINT:
        values.setdefault("edition", current_edition())


def _send(filename: str, edition: str | None = None) -> Response:
    """Send a file; other editions, requested during an upgrade, are not cached."""
    response = send_from_directory(FOLDER, filename)
    if edition == current_edition():
        response.headers["Cache-Control"] = IMMUTABLE
    return response
