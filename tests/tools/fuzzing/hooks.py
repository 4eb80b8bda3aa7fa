"""Hooks of schemathesis that set the token of each call."""

import os
from functools import cache
from typing import Any
from urllib.parse import urlencode

import schemathesis
from hypothesis import strategies as st

from tests.tools.fuzzing.person import register

URL, ADMIN = os.environ["FUZZ_URL"], os.environ["FUZZ_ADMIN"]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Set a device's or an admin's token where needed; withdrawals get a new device's."""
    security = case.operation.definition.raw.get("security")
    if not security:
        return
    if any("session" in one for one in security):
        case.headers["Authorization"] = f"Bearer {ADMIN}"
        return
    withdraws = (case.operation.method.lower(), case.operation.path) == ("delete", ONCE)
    case.headers["Authorization"] = f"Bearer {register(URL) if withdraws else token()}"


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Skip long queries: gunicorn answers 414 before they reach the API."""
    return len(urlencode(query or {}, doseq=True)) < QUERY_MOST


# A PDF's header and random bytes: schemathesis has no strategy for PDF files.
schemathesis.openapi.media_type("application/pdf", st.binary().map(b"%PDF-1.7\n".__add__))
# gunicorn reads 4,094 bytes of a request's first line.
QUERY_MOST = 3_500
ONCE = "/api/v1/devices/me"


@cache
def token() -> str:
    """Return the token of the device of all calls."""
    return register(URL)
