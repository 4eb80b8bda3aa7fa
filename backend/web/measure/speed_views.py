"""Endpoints of the speed test, served by the app or by a separate process (SPEED_PORT)."""

import time
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from backend.errors import Problem
from backend.fields import QueryWhole, Strict, Text
from backend.http.blueprint import Parser
from backend.http.requests import clock_now
from backend.web.measure.speed import TRANSFER_MOST, TransferLimiter, client_keys, discard, noise

speed_bp = Blueprint("speed", __name__)
arguments = Parser().use_args

# The test may run against another host (SPEED_URL), and the page reads the timing of transfers.
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Server-Timing, Retry-After",
    "Timing-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # nginx passes bytes on as they come
}


class TransferSchema(Strict):
    """The size of a transfer, and the name of the phone chosen by the page."""

    bytes = QueryWhole(0, TRANSFER_MOST, required=True)
    phone = Text(most=40, load_default=None)


class SentSchema(TransferSchema):
    """A transfer whose size is that of its body."""

    bytes = QueryWhole(0, TRANSFER_MOST, load_default=0)


def new_transfer_limiter(
    config: Mapping[str, Any], processes: int | None = None
) -> TransferLimiter:
    """Return the limiter of one process: its share of the slots, at most half its threads."""
    share = config["SPEED_AT_ONCE"] // (processes or config["WEB_CONCURRENCY"])
    at_once = share if processes else min(share, config["WEB_THREADS"] // 2)
    return TransferLimiter(max(1, at_once), config["SPEED_GB_PER_HOUR"] * 1_000_000_000)


@speed_bp.after_request
def _for_any_page(response: Response) -> Response:
    response.headers.update(OPEN_TO_ALL)
    return response


@speed_bp.get("/do/down")
@arguments(TransferSchema, location="query")
def send_down(query: dict[str, Any]) -> Response:
    """Send the requested number of incompressible bytes."""
    finish = _start_transfer(query["bytes"], query["phone"])
    answer = Response(noise(query["bytes"]), content_type="application/octet-stream")
    answer.content_length = query["bytes"]
    answer.call_on_close(finish)
    return _timed(answer)


@speed_bp.post("/do/up")
@arguments(SentSchema, location="query")
def take_up(query: dict[str, Any]) -> Response:
    """Receive a body and discard it."""
    size = request.content_length
    if size is None or size > TRANSFER_MOST:
        raise Problem(413 if size else 411, "too_large" if size else "length_required")
    finish = _start_transfer(size, query["phone"])
    try:
        discard(request.stream)
    finally:
        finish()
    return _timed(Response(status=204))


def _start_transfer(size: int, phone: str | None) -> Any:
    """Acquire a slot for a transfer; a ping without bytes needs none."""
    if not size:
        return lambda: None
    limiter: TransferLimiter = current_app.extensions["transfer_limiter"]
    return limiter.acquire(client_keys(request.remote_addr or "", phone), size, clock_now())


def _timed(answer: Response) -> Response:
    """Add the server's time, which is not part of the line's time."""
    took_ms = (time.perf_counter() - g.began) * 1e3
    answer.headers["Server-Timing"] = f"cfRequestDuration;dur={took_ms:.3f}"
    return answer
