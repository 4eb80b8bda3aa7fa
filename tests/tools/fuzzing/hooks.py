"""What schemathesis is told before each call: whose token to send."""

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
    """Send a device's token, or an admin's, where one is wanted; a withdrawal's is of its own."""
    wanted = case.operation.definition.raw.get("security")
    if not wanted:
        return
    if any("session" in one for one in wanted):
        case.headers["Authorization"] = f"Bearer {ADMIN}"
        return
    withdraws = (case.operation.method.lower(), case.operation.path) == ("delete", ONCE)
    case.headers["Authorization"] = f"Bearer {register(URL) if withdraws else token()}"


@schemathesis.hook
def filter_query(context: Any, query: Any) -> bool:
    """Leave out what never reaches the API: gunicorn answers 414 to it in its own words."""
    return len(urlencode(query or {}, doseq=True)) < QUERY_MOST


# What a PDF's first bytes are, and then anything: schemathesis knows no such files itself.
schemathesis.openapi.media_type("application/pdf", st.binary().map(b"%PDF-1.7\n".__add__))
# gunicorn reads 4,094 bytes of a request's first line.
QUERY_MOST = 3_500
ONCE = "/api/v1/devices/me"


@cache
def token() -> str:
    """The token of the device that is used throughout."""
    return register(URL)
