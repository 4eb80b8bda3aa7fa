"""The files of pages: their address names the edition of them all, so browsers keep them for ever.

The edition stands in the path: what a script imports and a stylesheet loads, by addresses relative
to its own, is of the same edition, without a list of names and without a build.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory, url_for
from werkzeug.routing import BaseConverter

FOLDER = Path(__file__).parents[1] / "static"
ENDPOINT = "static"
# What is named by what is in it need not be asked for again; no cache keeps it longer than a year.
FOR_EVER = "public, max-age=31536000, immutable"
EDITION_LETTERS = 16


class EditionConverter(BaseConverter):
    """The part of an address that names an edition; no folder of ours has such a name."""

    regex = f"[0-9a-f]{{{EDITION_LETTERS}}}"


def init_app(app: Flask) -> None:
    """Give every file an address with its edition, and one without for who cannot know it."""
    app.url_map.converters["edition"] = EditionConverter
    app.add_url_rule("/static/<edition:edition>/<path:filename>", ENDPOINT, _send)
    app.add_url_rule("/static/<path:filename>", ENDPOINT, _send)
    app.url_defaults(_name_edition)


def address(filename: str) -> str:
    """The address of a file as it is now."""
    return url_for(ENDPOINT, filename=filename)


@cache
def current_edition() -> str:
    """A digest of all files by name and content: some milliseconds, once in a process."""
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
    """A file; another edition than ours, in the minutes of an upgrade, is kept by nobody."""
    response = send_from_directory(FOLDER, filename)
    if edition == current_edition():
        response.headers["Cache-Control"] = FOR_EVER
    return response
