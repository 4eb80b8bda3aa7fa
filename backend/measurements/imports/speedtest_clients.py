"""Results of the command line clients of Ookla, LibreSpeed and speedtest-cli.

Ookla's own client (`--format=json`, `json-pretty`, `jsonl`) prints BYTES per second, speedtest-cli
(the Python one, `--json`, `--csv`) BITS per second, `librespeed-cli --json` Mbps; pings are in ms.
"""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.parsing import Lines, parse_records
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
