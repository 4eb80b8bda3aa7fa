"""Hooks of schemathesis that set the token of each call."""

import os
import secrets
from functools import cache
from typing import Any
from urllib.parse import urlencode

import schemathesis
from hypothesis import strategies as st

from tests.tools.fuzzing.person import register

URL, ADMIN = os.environ["FUZZ_URL"], os.environ["FUZZ_ADMIN"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Set a device's or an admin's token where needed; calls that end it get a new device's."""
    if "{token}" in case.operation.path and secrets.randbelow(10):
        case.path_parameters["token"] = token()
    security = case.operation.definition.raw.get("security")
    if not security:
        return
    if any("session" in one for one in security):
        case.headers["Authorization"] = f"Bearer {ADMIN}"
        return
    ends = (case.operation.method.lower(), case.operation.path) == ENDING
    case.headers["Authorization"] = f"Bearer {register(URL) if ends else token()}"


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Skip long queries: gunicorn answers 414 before they reach the API."""
    return len(urlencode(query or {}, doseq=True)) < MAX_QUERY


# A PDF's header and random bytes: schemathesis has no strategy for PDF files.
schemathesis.openapi.media_type("application/pdf", st.binary().map(b"%PDF-1.7\n".__add__))
# gunicorn reads 4,094 bytes of a request's first line.
MAX_QUERY = 3_500
# The call after which the token of its device is no longer valid.
ENDING = ("delete", "/api/v1/devices/me")


@cache
def token() -> str:
    """Return the token of the device of all calls."""
    return register(URL)
