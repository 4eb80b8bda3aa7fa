"""The project's own NDJSON: one payload of the API on each line."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines
from backend.measurements.imports.objects import translated
from backend.measurements.imports.row import Given, Row, Unreadable, key, moment


def read(lines: Lines, given: Given) -> Iterator[Row]:
    """Read payloads as the API takes them."""
    return translated(lines, given, complete)


def complete(source: dict[str, Any], given: Given) -> dict[str, Any]:
    """Give an own payload what an import may leave out; what it says itself always stands."""
    moment(source.get("measured_at"), "measured_at")
    network = source.get("network") or {}
    if not isinstance(network, dict):
        raise Unreadable("network is not an object")
    own_id = source.get("id")
    if own_id is not None and not isinstance(own_id, str):
        raise Unreadable(f"id {str(own_id)[:60]!r} is not a text")
    body = dict(source)
    body["id"] = own_id if _is_key(own_id) else key("own", own_id, source)
    body["network"] = network if network.get("kind") else {**network, "kind": given.kind}
    if body.get("location") is None:
        body["location"] = given.place()
    body.setdefault("source", "import")
    return body


def _is_key(own_id: str | None) -> bool:
    """Whether it is a UUID already, whose writing is then kept as it was sent."""
    return own_id is not None and key("", own_id, None) == own_id.lower()
