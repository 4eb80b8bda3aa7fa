"""librespeed-cli `--json`: one object or a list of them (one a server), rates in Mbps already."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines
from backend.measurements.imports.objects import translated
from backend.measurements.imports.row import (
    Given,
    Row,
    key,
    measured,
    moment,
    number,
    payload,
    section,
    text,
)


def read(lines: Lines, given: Given) -> Iterator[Row]:
    """Read what `librespeed-cli --json` printed, run after run."""
    return translated(lines, given, _translate)


def _translate(source: dict[str, Any], given: Given) -> dict[str, Any]:
    received, sent = number(source, "bytes_received"), number(source, "bytes_sent")
    server = {"name": text(section(source, "server"), "name")}
    return payload(
        given,
        id=key("librespeed", text(source, "share"), source),
        at=moment(source.get("timestamp"), "timestamp"),
        download=measured(number(source, "download"), received),
        upload=measured(number(source, "upload"), sent),
        ping=number(source, "ping"),
        jitter_ms=number(source, "jitter"),
        data_used_mb=None if received is None or sent is None else (received + sent) / 1e6,
        isp=text(section(source, "client"), "org"),
        server=server if server["name"] else None,
    )
