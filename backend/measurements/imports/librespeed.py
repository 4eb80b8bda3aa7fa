"""librespeed-cli `--json`: one object or a list of them (one a server), rates in Mbps already."""

from collections.abc import Iterator
from typing import Any

from backend.measurements.imports.lines import Lines
from backend.measurements.imports.objects import translate_objects
from backend.measurements.imports.row import (
    ImportOptions,
    Row,
    number,
    parse_time,
    payload,
    rate,
    row_id,
    section,
    text,
)


def read(lines: Lines, options: ImportOptions) -> Iterator[Row]:
    """Read the output of one or several runs of `librespeed-cli --json`."""
    return translate_objects(lines, options, _to_payload)


def _to_payload(source: dict[str, Any], options: ImportOptions) -> dict[str, Any]:
    received, sent = number(source, "bytes_received"), number(source, "bytes_sent")
    server = {"name": text(section(source, "server"), "name")}
    return payload(
        options,
        id=row_id("librespeed", text(source, "share"), source),
        at=parse_time(source.get("timestamp"), "timestamp"),
        download=rate(number(source, "download"), received),
        upload=rate(number(source, "upload"), sent),
        ping=number(source, "ping"),
        jitter_ms=number(source, "jitter"),
        data_used_mb=None if received is None or sent is None else (received + sent) / 1e6,
        isp=text(section(source, "client"), "org"),
        server=server if server["name"] else None,
    )
