"""Answers compressed for slow lines: a province's page shrinks to an eighth.

A proxy in front may do the same; this is for installations without one. A versioned answer keeps
its ETag as a weak one, as behind a proxy.
"""

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request

from backend.http import static_files

# Less than this fits into one packet as it is.
LEAST_BYTES = 1_400
# Half of zlib's way: 5 % larger than the best, at a third of the time.
LEVEL = 5
# Files of the pages are packed once in a process, as small as they get.
LEVEL_OF_FILES = 9
FILES_MOST = 256
TYPES = frozenset(
    {
        "application/geo+json", "application/javascript", "application/json",
        "application/manifest+json", "application/problem+json", "image/svg+xml", "text/css",
        "text/csv", "text/html", "text/javascript", "text/plain",
    }
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Pack whatever goes out and is worth it."""
    app.after_request(_pack)


def _pack(response: Response) -> Response:
    if response.mimetype not in TYPES or response.status_code != 200:
        return response
    response.vary.add("Accept-Encoding")
    taken = request.accept_encodings["gzip"] > 0 and request.method == "GET"
    if not taken or "Content-Encoding" in response.headers or "Range" in request.headers:
        return response
    packed = _file(response) if response.direct_passthrough else _body(response)
    if packed is not None:
        if response.direct_passthrough:
            response.response.close()  # type: ignore[union-attr] # the opened file
            response.direct_passthrough = False
        response.set_data(packed)
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)
    return response


def _body(response: Response) -> bytes | None:
    """A body that is all there; what is written while it is read goes out as it is."""
    if response.is_streamed or (response.content_length or 0) < LEAST_BYTES:
        return None
    return gzip.compress(response.get_data(), LEVEL, mtime=0)


def _file(response: Response) -> bytes | None:
    """A file of the pages, packed once; other files are data, large and of many kinds."""
    if request.endpoint != static_files.ENDPOINT or not request.view_args:
        return None
    path = static_files.FOLDER / request.view_args["filename"]
    return _packed(path, path.stat().st_mtime_ns)


@lru_cache(FILES_MOST)
def _packed(path: Path, changed_at: int) -> bytes:
    return gzip.compress(path.read_bytes(), LEVEL_OF_FILES, mtime=0)
