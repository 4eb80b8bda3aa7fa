"""Foreign formats: results of speed test clients on the command line, and of M-Lab's archive.

Ookla's own client (`--format=json`, `json-pretty`, `jsonl`) prints BYTES per second, speedtest-cli
(the Python one, `--json`, `--csv`) BITS per second, `librespeed-cli --json` Mbps; pings are in ms.
`ndt7-client -format=json` prints units. In M-Lab's archive (result files and rows of the public
table) each direction of an ndt7 test is a separate result; a pair of them is one test.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.measurements.imports.parsing import Entry, Lines, parse_objects, parse_records
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
    server,
    text,
)

MBPS_PER_BYTE_S, MBPS_PER_BIT_S = 8e-6, 1e-6
# Types of Ookla's progress lines; no set, because a damaged type may be an object.
_PROGRESS = ("testStart", "ping", "download", "upload")
_HEADER = "Server ID,Sponsor,Server Name,Timestamp,Distance,Ping,Download,Upload,Share,IP Address"
_NAMES = _HEADER.split(",")
_OLD_WIDTH = 8  # versions of speedtest-cli before 2.0 print neither Share nor IP Address
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


def from_ookla(source: dict[str, Any], options: ImportOptions) -> dict[str, Any] | None:
    """Translate a result; None for the progress lines of `jsonl`."""
    if source.get("type") in _PROGRESS:
        return None
    if source.get("type") != "result":
        error = text(source, "message") or text(source, "error") or "its type is not result"
        raise UnreadableRow(f"no result of a test: {error[:200]}")
    down, up = section(source, "download"), section(source, "upload")
    ping, host = section(source, "ping"), section(source, "server")
    vpn = section(source, "interface").get("isVpn")
    return payload(
        options,
        id=row_id("ookla", text(section(source, "result"), "id"), source),
        at=parse_time(source.get("timestamp"), "timestamp"),
        download=rate(number(down, "bandwidth", MBPS_PER_BYTE_S), number(down, "bytes")),
        upload=rate(number(up, "bandwidth", MBPS_PER_BYTE_S), number(up, "bytes")),
        ping=number(ping, "latency"),
        jitter_ms=number(ping, "jitter"),
        ping_download_ms=number(section(down, "latency"), "iqm"),
        ping_upload_ms=number(section(up, "latency"), "iqm"),
        loss_percent=number(source, "packetLoss"),
        data_used_mb=_sum(number(down, "bytes", 1e-6), number(up, "bytes", 1e-6)),
        duration_s=_sum(number(down, "elapsed", 1e-3), number(up, "elapsed", 1e-3)),
        isp=text(source, "isp"),
        vpn=vpn if isinstance(vpn, bool) else None,
        server=server(text(host, "name"), text(host, "id")),
    )


def from_librespeed(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    """Translate one object of `librespeed-cli --json`, which may print a list, one a server."""
    received, sent = number(source, "bytes_received"), number(source, "bytes_sent")
    return payload(
        options,
        id=row_id("librespeed", text(source, "share"), source),
        at=parse_time(source.get("timestamp"), "timestamp"),
        download=rate(number(source, "download"), received),
        upload=rate(number(source, "upload"), sent),
        ping=number(source, "ping"),
        jitter_ms=number(source, "jitter"),
        data_used_mb=_sum(received, sent, 1e6),
        isp=text(section(source, "client"), "org"),
        server=server(text(section(source, "server"), "name")),
    )


def from_speedtest_cli(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    """Translate the result of a run of `speedtest-cli --json`."""
    received, sent = number(source, "bytes_received"), number(source, "bytes_sent")
    host = section(source, "server")
    return payload(
        options,
        id=row_id("speedtest-cli", text(source, "share"), source),
        at=parse_time(source.get("timestamp"), "timestamp"),
        download=rate(number(source, "download", MBPS_PER_BIT_S), received),
        upload=rate(number(source, "upload", MBPS_PER_BIT_S), sent),
        ping=number(source, "ping"),
        data_used_mb=_sum(received, sent, 1e6),
        isp=text(section(source, "client"), "isp"),
        server=_server(text(host, "id"), text(host, "sponsor"), text(host, "name")),
    )


def read_speedtest_cli_csv(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read the output of `speedtest-cli --csv`, with or without its header."""
    for record in parse_records(lines, ","):
        if record.value is None or record.value[:3] != _NAMES[:3]:
            yield from record.rows(_from_cells, options)


def _from_cells(values: list[str], options: ImportOptions) -> dict[str, Any]:
    if len(values) not in (_OLD_WIDTH, len(_NAMES)):
        raise UnreadableRow(f"{len(values)} cells instead of {len(_NAMES)}")
    cells = dict(zip(_NAMES, values, strict=False))
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
    return server(", ".join(part for part in (sponsor, name) if part), id)


def _sum(down: float | None, up: float | None, divisor: float = 1.0) -> float | None:
    return None if down is None or up is None else (down + up) / divisor


def read_ndt7(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read client summaries; join M-Lab's downloads with their uploads."""
    pairs = Pairs(options)
    for found in parse_objects(lines):
        if found.value and "Key" in found.value and "Value" in found.value:
            continue  # an event before the summary
        if found.value and is_archive(found.value):
            yield from pairs.add(found)
        else:
            yield from found.rows(_from_ndt7_summary, options)
    yield from pairs.unpaired()


def _from_ndt7_summary(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
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
        mbps=_mbps(direction, last) if mbps is None else mbps,
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


def _mbps(direction: str, last: dict[str, Any]) -> float | None:
    moved = number(last, "BytesAcked" if direction == "Download" else "BytesReceived")
    elapsed = number(last, "ElapsedTime")
    return moved / elapsed * MBPS_PER_BYTE_US if moved and elapsed else None
