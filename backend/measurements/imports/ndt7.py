"""ndt7: the summary of `ndt7-client -format=json`, and M-Lab's result files and table rows."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports import ndt7_archive
from backend.measurements.imports.lines import Lines
from backend.measurements.imports.objects import parse_objects
from backend.measurements.imports.row import (
    ImportOptions,
    Row,
    UnreadableRow,
    number,
    parse_time,
    payload,
    row_id,
    section,
    text,
)

_MBPS = {"bit/s": 1e-6, "kbit/s": 1e-3, "mbit/s": 1.0, "mbps": 1.0, "gbit/s": 1e3}
_MS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
# ndt7-client prints no time; scripts that collect its summaries add one by such a name.
_TIMES = ("TestTime", "StartTime", "Timestamp", "timestamp", "time")


def read(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read client summaries; join M-Lab's downloads with their uploads."""
    pairs = ndt7_archive.Pairs(options)
    for found in parse_objects(lines):
        if found.value is None:
            yield Row(found.line, None, found.error, found.raw)
        elif "Key" in found.value and "Value" in found.value:
            continue  # an event before the summary
        elif ndt7_archive.is_archive(found.value):
            yield from pairs.add(found.line, found.raw, found.value)
        else:
            yield _row(found.line, found.raw, found.value, options)
    yield from pairs.unpaired()


def _row(line: int, raw: str, source: dict[str, Any], options: ImportOptions) -> Row:
    try:
        return Row(line, _summary(source, options), None, raw)
    except UnreadableRow as error:
        return Row(line, None, str(error), raw)


def _summary(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    down, up = section(source, "Download"), section(source, "Upload")
    if not down and not up:
        raise UnreadableRow("neither an ndt7 summary nor an ndt7 result file")
    time = next((source[name] for name in _TIMES if source.get(name)), None)
    if time is None:
        raise UnreadableRow("an ndt7-client summary has no time: add it to each as StartTime")
    nested = "Throughput" in down or "Throughput" in up
    latency = section(down, "Latency") or section(source, "MinRTT") or section(source, "RTT")
    server = text(source, "ServerFQDN") or text(source, "Server")
    return payload(
        options,
        id=row_id("ndt7", text(down, "UUID") or text(source, "DownloadUUID"), source),
        at=parse_time(time, "the time"),
        download=_quantity(section(down, "Throughput") if nested else down, _MBPS),
        upload=_quantity(section(up, "Throughput") if nested else up, _MBPS),
        ping=_quantity(latency, _MS),
        server={"name": server} if server else None,
    )


def _quantity(pair: dict[str, Any], units: dict[str, float]) -> float | None:
    """Convert a value with its unit; the client prints 0 without a unit for a missing value."""
    value, unit = number(pair, "Value"), text(pair, "Unit")
    if value is None or (value == 0 and unit is None):
        return None
    if unit is None or unit.lower() not in units:
        raise UnreadableRow(f"the unit {str(unit)[:20]!r} is none of {', '.join(units)}")
    return value * units[unit.lower()]
