"""speedtest-cli (the Python one): `--json` and `--csv`, rates in BITS per second, ping in ms."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines, bad_bytes
from backend.measurements.imports.objects import translate_objects
from backend.measurements.imports.row import (
    ImportOptions,
    Row,
    UnreadableRow,
    number,
    parse_time,
    payload,
    rate,
    row_id,
    section,
    text,
)
from backend.measurements.imports.table import Record, records

MBPS_PER_BIT_S = 1e-6
_HEADER = "Server ID,Sponsor,Server Name,Timestamp,Distance,Ping,Download,Upload,Share,IP Address"
_NAMES = _HEADER.split(",")
_OLD_WIDTH = 8  # versions before 2.0 print neither Share nor IP Address


def read_json(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read the output of one or several runs of `speedtest-cli --json`."""
    return translate_objects(lines, options, _to_payload)


def read_csv(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read the output of `speedtest-cli --csv`, with or without its header."""
    for record in records(lines, ","):
        if record.error is not None:
            yield Row(record.line, None, record.error, record.raw)
        elif record.cells[:3] != _NAMES[:3]:
            yield _row(record, options)


def _to_payload(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    received, sent = number(source, "bytes_received"), number(source, "bytes_sent")
    server = section(source, "server")
    return payload(
        options,
        id=row_id("speedtest-cli", text(source, "share"), source),
        at=parse_time(source.get("timestamp"), "timestamp"),
        download=rate(number(source, "download", MBPS_PER_BIT_S), received),
        upload=rate(number(source, "upload", MBPS_PER_BIT_S), sent),
        ping=number(source, "ping"),
        data_used_mb=None if received is None or sent is None else (received + sent) / 1e6,
        isp=text(section(source, "client"), "isp"),
        server=_server(text(server, "id"), text(server, "sponsor"), text(server, "name")),
    )


def _row(record: Record, options: ImportOptions) -> Row:
    try:
        if bad_bytes(record.raw):
            raise UnreadableRow("bytes that are not UTF-8")
        if len(record.cells) not in (_OLD_WIDTH, len(_NAMES)):
            raise UnreadableRow(f"{len(record.cells)} cells instead of {len(_NAMES)}")
        cells = dict(zip(_NAMES, record.cells, strict=False))
        return Row(record.line, _from_cells(cells, options), None, record.raw)
    except UnreadableRow as error:
        return Row(record.line, None, str(error), record.raw)


def _from_cells(cells: dict[str, str], options: ImportOptions) -> dict[str, Any]:
    rates = {name: _float(cells, name) for name in ("Ping", "Download", "Upload")}
    return payload(
        options,
        id=row_id("speedtest-cli", cells.get("Share"), cells),
        at=parse_time(cells["Timestamp"], "Timestamp"),
        download=rate(number(rates, "Download", MBPS_PER_BIT_S), None),
        upload=rate(number(rates, "Upload", MBPS_PER_BIT_S), None),
        ping=number(rates, "Ping"),
        server=_server(cells["Server ID"], cells["Sponsor"], cells["Server Name"]),
    )


def _float(cells: dict[str, str], name: str) -> float:
    try:
        return float(cells[name])
    except ValueError:
        raise UnreadableRow(f"{name} {cells[name][:60]!r} is not a number") from None


def _server(id: str | None, sponsor: str | None, name: str | None) -> dict[str, str] | None:
    title = ", ".join(part for part in (sponsor, name) if part)
    found = {"id": id, "name": title}
    return {field: value for field, value in found.items() if value} or None
