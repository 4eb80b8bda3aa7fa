"""The project's own formats: NDJSON with a payload of the API per line, and CSV.

The CSV has flattened payloads, with dots in the names of nested columns.
"""

import math
import re
from collections.abc import Iterable, Iterator
from functools import partial

from backend.fields import Json
from backend.measurements.imports.foreign import OF_PHONE_APP, PHONE_APP_REFUSED
from backend.measurements.imports.parsing import Lines, parse_records
from backend.measurements.imports.row import ImportOptions, Row, UnreadableRow, parse_time, row_id

# Required columns of the CSV.
NEEDED = ("measured_at", "status", "download_mbps", "upload_mbps", "ping_ms")
# Empty cells of these columns are null, because the API requires the key; others are left out.
NULLABLE = ("download_mbps", "upload_mbps", "ping_ms", "location")
# Longer than any number that Python writes; also prevents the parsing of huge integers.
MAX_NUMBER_CHARS = 40
_FLAGS = {"network.roaming", "location.is_mock", "vpn", "metered"}
_FLAG_WORDS = {"true": True, "1": True, "false": False, "0": False}
_MEASURED = re.compile(
    r"_(mbps|ms|mb|s|m|mps|dbm|db|percent)$"
    r"|^location\.(latitude|longitude)$|^cell\.(identity|physical_id)$"
)
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d{1,3})?")


def complete_payload(source: dict[str, Json], options: ImportOptions) -> dict[str, Json]:
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
        body["location"] = options.location
    if body.get("source") in ("import", "app"):  # the source of a row is the import
        del body["source"]
    return body


def _is_uuid(own_id: str | None) -> bool:
    """Return whether an id is a UUID, which is then kept as written."""
    return own_id is not None and row_id("", own_id, None) == own_id.lower()


def read_csv(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read rows under a header that names the columns, in any order."""
    header: list[str] = []
    for record in parse_records(lines):
        if header or record.value is None:
            yield from record.rows(partial(_from_cells, header), options)
            continue
        header = [name.strip() for name in record.value]
        if problem := _header_problem(header):
            yield Row(record.line, None, problem, record.raw)
            return


def _header_problem(header: list[str]) -> str | None:
    if set(header) >= OF_PHONE_APP:
        return PHONE_APP_REFUSED
    if missing := [name for name in NEEDED if name not in header]:
        return (
            f"the header lacks {', '.join(missing)}: for the CSV of another program choose"
            " --format librespeed-csv, ookla-csv or speedtest-cli-csv"
        )
    if len(set(header)) < len(header) or "" in header:
        return "the header has a column twice, or one without a name"
    parents = {name.rsplit(".", 1)[0] for name in header if "." in name}
    if clash := sorted(parents & set(header)) + [name for name in header if name.count(".") > 1]:
        return f"the header's {clash[0]} is no column: dotted names have two parts"
    return None


def _from_cells(header: list[str], cells: list[str], options: ImportOptions) -> dict[str, Json]:
    if len(cells) != len(header):
        raise UnreadableRow(f"{len(cells)} cells, but the header has {len(header)}")
    return complete_payload(_nest(zip(header, cells, strict=True)), options)


def _nest(cells: Iterable[tuple[str, str]]) -> dict[str, Json]:
    body: dict[str, Json] = dict.fromkeys(NULLABLE)
    for name, cell in cells:
        if cell == "":
            continue
        parent, _, leaf = name.rpartition(".")
        if not parent:
            body[leaf] = _value(name, cell)
        else:
            outer = body.get(parent)
            body[parent] = {**(outer if isinstance(outer, dict) else {}), leaf: _value(name, cell)}
    return body


def _value(name: str, cell: str) -> bool | int | float | str:
    if name in _FLAGS:
        if cell.strip().lower() not in _FLAG_WORDS:
            raise UnreadableRow(f"{name} {cell[:60]!r} is neither true nor false")
        return _FLAG_WORDS[cell.strip().lower()]
    if not _MEASURED.search(name):
        return cell
    read = _NUMBER.fullmatch(cell.strip())
    if not read or len(cell) > MAX_NUMBER_CHARS or not math.isfinite(float(read[0])):
        raise UnreadableRow(f"{name} {cell[:60]!r} is not a number (with a decimal point)")
    return float(read[0]) if read[1] or read[2] else int(read[0])
