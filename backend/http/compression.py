"""gzip compression of answers, for installations without a proxy that compresses.

A province's page shrinks to an eighth. ETags become weak, as behind a proxy.
"""

import gzip
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, request

from backend.http import static_files

# Less fits into one packet.
MIN_BYTES = 1_400
# 5 % larger than the best level, in a third of the time.
LEVEL = 5
# Static files are compressed once in a process.
LEVEL_OF_FILES = 9
MAX_FILES = 256
TYPES = frozenset(
    {
        "application/geo+json", "application/javascript", "application/json",
        "application/manifest+json", "application/problem+json", "image/svg+xml", "text/css",
        "text/csv", "text/html", "text/javascript", "text/plain",
    }
)  # fmt: skip


def init_app(app: Flask) -> None:
    """Compress answers of suitable type and size."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype not in TYPES or response.status_code != 200:
        return response
    response.vary.add("Accept-Encoding")
    accepted = request.accept_encodings["gzip"] > 0 and request.method == "GET"
    if not accepted or "Content-Encoding" in response.headers or "Range" in request.headers:
        return response
    compressed = None
    if not response.direct_passthrough:  # streams are sent as they are
        if not response.is_streamed and (response.content_length or 0) >= MIN_BYTES:
            compressed = gzip.compress(response.get_data(), LEVEL, mtime=0)
    elif request.endpoint == static_files.ENDPOINT and request.view_args:
        path = static_files.FOLDER / request.view_args["filename"]
        compressed = _compress_file(path, path.stat().st_mtime_ns)
    if compressed is not None:
        if response.direct_passthrough:
            response.response.close()  # type: ignore[union-attr] # the opened file
            response.direct_passthrough = False
        response.set_data(compressed)
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)
    return response


@lru_cache(MAX_FILES)
def _compress_file(path: Path, changed_at: int) -> bytes:
    return gzip.compress(path.read_bytes(), LEVEL_OF_FILES, mtime=0)
