"""Ookla's own CLI: `--format=json`, `json-pretty` and `jsonl`; bandwidth in BYTES per second."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines
from backend.measurements.imports.objects import translated
from backend.measurements.imports.row import (
    Given,
    Row,
    Unreadable,
    key,
    measured,
    moment,
    number,
    payload,
    section,
    text,
)

MBPS_PER_BYTE_S = 8e-6
# What jsonl prints on the way to the result; no set, since a damaged type may be an object.
_PROGRESS = ("testStart", "ping", "download", "upload")


def read(lines: Lines, given: Given) -> Iterator[Row]:
    """Read results; the progress lines of `jsonl` are passed over."""
    return translated(lines, given, _translate)


def _translate(source: dict[str, Any], given: Given) -> dict[str, Any] | None:
    if source.get("type") in _PROGRESS:
        return None
    if source.get("type") != "result":
        said = text(source, "message") or text(source, "error") or "its type is not result"
        raise Unreadable(f"no result of a test: {said[:200]}")
    down, up = section(source, "download"), section(source, "upload")
    ping, server = section(source, "ping"), section(source, "server")
    vpn = section(source, "interface").get("isVpn")
    return payload(
        given,
        id=key("ookla", text(section(source, "result"), "id"), source),
        at=moment(source.get("timestamp"), "timestamp"),
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
    return measured(number(direction, "bandwidth", MBPS_PER_BYTE_S), number(direction, "bytes"))


def _sum(down: dict[str, Any], up: dict[str, Any], name: str, factor: float) -> float | None:
    first, second = number(down, name, factor), number(up, name, factor)
    return None if first is None or second is None else first + second
