"""Ookla's own CLI: `--format=json`, `json-pretty` and `jsonl`; bandwidth in BYTES per second."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines
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

MBPS_PER_BYTE_S = 8e-6
# Types of progress lines; no set, because a damaged type may be an object.
_PROGRESS = ("testStart", "ping", "download", "upload")


def read(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read results; the progress lines of `jsonl` are skipped."""
    return translate_objects(lines, options, _to_payload)


def _to_payload(source: dict[str, Any], options: ImportOptions) -> dict[str, Any] | None:
    if source.get("type") in _PROGRESS:
        return None
    if source.get("type") != "result":
        error = text(source, "message") or text(source, "error") or "its type is not result"
        raise UnreadableRow(f"no result of a test: {error[:200]}")
    down, up = section(source, "download"), section(source, "upload")
    ping, server = section(source, "ping"), section(source, "server")
    vpn = section(source, "interface").get("isVpn")
    return payload(
        options,
        id=row_id("ookla", text(section(source, "result"), "id"), source),
        at=parse_time(source.get("timestamp"), "timestamp"),
        download=_rate(down),
        upload=_rate(up),
        ping=number(ping, "latency"),
        jitter_ms=number(ping, "jitter"),
        loss_percent=number(source, "packetLoss"),
        data_used_mb=_sum(down, up, "bytes", 1e-6),
        duration_s=_sum(down, up, "elapsed", 1e-3),
        isp=text(source, "isp"),
        vpn=vpn if isinstance(vpn, bool) else None,
        server={
            name: value
            for name, value in (("id", text(server, "id")), ("name", text(server, "name")))
            if value
        }
        or None,
    )


def _rate(direction: dict[str, Any]) -> float | None:
    return rate(number(direction, "bandwidth", MBPS_PER_BYTE_S), number(direction, "bytes"))


def _sum(down: dict[str, Any], up: dict[str, Any], name: str, factor: float) -> float | None:
    first, second = number(down, name, factor), number(up, name, factor)
    return None if first is None or second is None else first + second
