"""ndt7: the summary of `ndt7-client -format=json`, and M-Lab's result files and table rows.

In M-Lab's archive each direction is a separate result; a pair of them is one test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.measurements.imports.parsing import Entry, Lines, parse_objects
from backend.measurements.imports.row import (
    ImportOptions,
    Row,
    UnreadableRow,
    number,
    parse_time,
    payload,
    row_id,
    section,
    server,
    text,
)

_MBPS = {"bit/s": 1e-6, "kbit/s": 1e-3, "mbit/s": 1.0, "mbps": 1.0, "gbit/s": 1e3}
_MS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
# ndt7-client prints no time; scripts that collect its summaries add one by such a name.
_TIMES = ("TestTime", "StartTime", "Timestamp", "timestamp", "time")
# A direction takes 10 s and the next begins at once; with a longer gap they are two tests.
PAIR_WITHIN = timedelta(seconds=60)
# Characters of unpaired directions in memory: some hundred files with all snapshots, or a hundred
# thousand rows of the table.
MAX_WAITING_CHARS = 64 * 1024 * 1024
MBPS_PER_BYTE_US = 8.0  # a byte in a microsecond is 8 Mbit/s
MS_PER_US = 1e-3


def read(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read client summaries; join M-Lab's downloads with their uploads."""
    pairs = Pairs(options)
    for found in parse_objects(lines):
        if found.value and "Key" in found.value and "Value" in found.value:
            continue  # an event before the summary
        if found.value and is_archive(found.value):
            yield from pairs.add(found)
        else:
            yield from found.rows(_summary, options)
    yield from pairs.unpaired()


def _summary(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    down, up = section(source, "Download"), section(source, "Upload")
    if not down and not up:
        raise UnreadableRow("neither an ndt7 summary nor an ndt7 result file")
    time = next((source[name] for name in _TIMES if source.get(name)), None)
    if time is None:
        raise UnreadableRow("an ndt7-client summary has no time: add it to each as StartTime")
    nested = "Throughput" in down or "Throughput" in up
    latency = section(down, "Latency") or section(source, "MinRTT") or section(source, "RTT")
    return payload(
        options,
        id=row_id("ndt7", text(down, "UUID") or text(source, "DownloadUUID"), source),
        at=parse_time(time, "the time"),
        download=_quantity(section(down, "Throughput") if nested else down, _MBPS),
        upload=_quantity(section(up, "Throughput") if nested else up, _MBPS),
        ping=_quantity(latency, _MS),
        server=server(text(source, "ServerFQDN") or text(source, "Server")),
    )


def _quantity(pair: dict[str, Any], units: dict[str, float]) -> float | None:
    """Convert a value with its unit; the client prints 0 without a unit for a missing value."""
    value, unit = number(pair, "Value"), text(pair, "Unit")
    if value is None or (value == 0 and unit is None):
        return None
    if unit is None or unit.lower() not in units:
        raise UnreadableRow(f"the unit {str(unit)[:20]!r} is none of {', '.join(units)}")
    return value * units[unit.lower()]


@dataclass(frozen=True, slots=True)
class Half:
    """One direction of a test."""

    line: int
    raw: str
    direction: str
    client: str
    server: str | None
    at: datetime
    result_id: str
    mbps: float | None
    ping_ms: float | None


def is_archive(source: dict[str, Any]) -> bool:
    """Return whether an object is a result file of the server or a row of the public table."""
    if isinstance(source.get("raw"), dict) and isinstance(source.get("a"), dict):
        return True
    return "StartTime" in source and "ClientIP" in source and "ServerPort" in source


class Pairs:
    """Joins downloads and uploads of the same client, in any order."""

    def __init__(self, options: ImportOptions) -> None:
        self._options = options
        self._waiting: dict[str, Half] = {}
        self._chars = 0

    def add(self, found: Entry) -> Iterator[Row]:
        """Add one direction; yield the test if it is complete, and directions without a pair."""
        try:
            half = _half(found.line, found.raw, found.value)
        except UnreadableRow as error:
            yield Row(found.line, None, str(error), found.raw)
            return
        other = self._pop(half.client)
        if other and other.direction != half.direction and abs(other.at - half.at) <= PAIR_WITHIN:
            yield self._joined(other, half)
            return
        if other:
            yield _unpaired(other)
        self._waiting[half.client] = half
        self._chars += len(half.raw)
        while self._chars > MAX_WAITING_CHARS and (oldest := self._pop(next(iter(self._waiting)))):
            yield _unpaired(oldest)

    def _pop(self, client: str) -> Half | None:
        half = self._waiting.pop(client, None)
        self._chars -= len(half.raw) if half else 0
        return half

    def unpaired(self) -> Iterator[Row]:
        """Yield the remaining directions without a pair."""
        for half in self._waiting.values():
            yield _unpaired(half)
        self._waiting.clear()

    def _joined(self, one: Half, two: Half) -> Row:
        down, up = (one, two) if one.direction == "Download" else (two, one)
        body = payload(
            self._options,
            id=row_id("ndt7", down.result_id, None),
            at=min(one.at, two.at),
            download=down.mbps,
            upload=up.mbps,
            ping=down.ping_ms if down.ping_ms is not None else up.ping_ms,
            server=server(down.server),
        )
        return Row(one.line, body, None, f"{one.raw}\n{two.raw}")


def _unpaired(half: Half) -> Row:
    missing = "upload" if half.direction == "Download" else "download"
    error = f"only one direction: no {missing} of the same client within a minute"
    return Row(half.line, None, error, half.raw)


def _half(line: int, raw: str, source: dict[str, Any]) -> Half:
    summary, result = section(source, "a"), source.get("raw") or source
    direction = "Download" if result.get("Download") else "Upload"
    body = section(result, direction)
    client = text(result, "ClientIP")
    if not body or client is None:
        raise UnreadableRow("neither Download nor Upload in the result, or no ClientIP")
    last = _last_snapshot(body)
    result_id = text(summary, "UUID") or text(body, "UUID") or text(source, "id")
    if result_id is None:
        raise UnreadableRow("the result has no UUID")
    mbps = number(summary, "MeanThroughputMbps")
    ping = number(summary, "MinRTT")
    return Half(
        line=line,
        raw=raw,
        direction=direction,
        client=client,
        server=text(result, "ServerIP"),
        at=parse_time(_time(summary, result, body), "the start"),
        result_id=result_id,
        mbps=_rate(direction, last) if mbps is None else mbps,
        ping_ms=number(last, "MinRTT", MS_PER_US) if ping is None else ping,
    )


def _time(summary: dict[str, Any], result: dict[str, Any], body: dict[str, Any]) -> Any:
    """Return the start; the public table has times such as `2024-11-15 02:12:33 UTC`."""
    found = body.get("StartTime") or result.get("StartTime") or summary.get("TestTime")
    return found.replace(" UTC", "Z") if isinstance(found, str) else found


def _last_snapshot(body: dict[str, Any]) -> dict[str, Any]:
    """Return the kernel's counters at the end of the transfer; times in microseconds."""
    snapshots = body.get("ServerMeasurements")
    if not isinstance(snapshots, list):
        return {}
    kernel = [shot.get("TCPInfo") for shot in snapshots if isinstance(shot, dict)]
    return next((found for found in reversed(kernel) if isinstance(found, dict)), {})


def _rate(direction: str, last: dict[str, Any]) -> float | None:
    moved = number(last, "BytesAcked" if direction == "Download" else "BytesReceived")
    elapsed = number(last, "ElapsedTime")
    return moved / elapsed * MBPS_PER_BYTE_US if moved and elapsed else None
