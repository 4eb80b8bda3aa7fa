"""The project's own NDJSON: one payload of the API per line."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines
from backend.measurements.imports.objects import translate_objects
from backend.measurements.imports.row import ImportOptions, Row, UnreadableRow, parse_time, row_id


def read(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read payloads of the API."""
    return translate_objects(lines, options, complete)


def complete(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    """Add defaults to an own payload; its own values have priority."""
    parse_time(source.get("measured_at"), "measured_at")
    network = source.get("network") or {}
    if not isinstance(network, dict):
        raise UnreadableRow("network is not an object")
    own_id = source.get("id")
    if own_id is not None and not isinstance(own_id, str):
        raise UnreadableRow(f"id {str(own_id)[:60]!r} is not a string")
    body = dict(source)
    body["id"] = own_id if _is_uuid(own_id) else row_id("own", own_id, source)
    body["network"] = network if network.get("kind") else {**network, "kind": options.kind}
    if body.get("location") is None:
        body["location"] = options.place()
    body.setdefault("source", "import")
    return body


def _is_uuid(own_id: str | None) -> bool:
    """Return whether an id is a UUID, which is then kept as written."""
    return own_id is not None and row_id("", own_id, None) == own_id.lower()
