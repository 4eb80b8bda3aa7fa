"""Foreign formats: results of speed test clients on the command line.

Ookla's own client (`--format=json`, `json-pretty`, `jsonl`, `csv`) prints BYTES per second,
speedtest-cli (the Python one, `--json`, `--csv`) BITS per second, `librespeed-cli` (`--json`,
`--csv`) Mbps; pings are in ms. `ndt7-client -format=json` prints units.
"""

from collections.abc import Iterator, Sequence
from functools import partial

from backend.fields import Json
from backend.measurements.imports.parsing import Lines, Translate, parse_records
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
# Columns of CSV without a header. Before 2.0 speedtest-cli printed neither of its last two.
SPEEDTEST_CLI = (
    *("Server ID", "Sponsor", "Server Name", "Timestamp", "Distance", "Ping", "Download"),
    *("Upload", "Share", "IP Address"),
)
LIBRESPEED = (
    *("Timestamp", "Server Name", "Address", "Ping", "Jitter", "Download", "Upload", "Share", "IP"),
)
OOKLA = ("server name", "server id")  # the others need a header, as the time does
# Of the file that Speedtest's app for phones mails; its times are local ones of the phone.
OF_PHONE_APP = {"Date", "ConnType", "Lat", "Lon"}
PHONE_APP_REFUSED = (
    "the CSV of the Speedtest app for phones has no time zone, and not how exact a position is, so"
    " no commune can be told: measure with the page /do, or import what Ookla's client prints"
)
_MBPS = {"bit/s": 1e-6, "kbit/s": 1e-3, "mbit/s": 1.0, "mbps": 1.0, "gbit/s": 1e3}
_MS = {"us": 1e-3, "µs": 1e-3, "ms": 1.0, "s": 1e3}
# Neither ndt7-client nor Ookla's CSV has a time; scripts that collect them add one by such a name.
_TIMES = ("TestTime", "StartTime", "Timestamp", "timestamp", "time")


def from_ookla(source: dict[str, Json], options: ImportOptions) -> dict[str, Json] | None:
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


def from_librespeed(source: dict[str, Json], options: ImportOptions) -> dict[str, Json]:
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


def from_speedtest_cli(source: dict[str, Json], options: ImportOptions) -> dict[str, Json]:
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


class _Cells(dict[str, str]):
    """The cells of a record by the names of their columns."""

    def __missing__(self, name: str) -> str:
        raise UnreadableRow(f"no column {name}")


def read_csv(
    lines: Lines, options: ImportOptions, columns: Sequence[str], translate: Translate
) -> Iterator[Row]:
    """Read CSV with these columns, or with those that its header names."""
    first = set(columns[:2])
    for record in parse_records(lines):
        if record.value is not None and set(record.value) >= OF_PHONE_APP:
            yield Row(record.line, None, PHONE_APP_REFUSED, record.raw)
            return
        if record.value is not None and first <= set(record.value):
            columns = record.value
        else:
            yield from record.rows(partial(_from_cells, columns, translate), options)


def _from_cells(
    columns: Sequence[str], translate: Translate, values: list[str], options: ImportOptions
) -> dict[str, Json] | None:
    if len(values) > len(columns) and columns is not OOKLA:
        raise UnreadableRow(f"{len(values)} cells instead of {len(columns)}")
    return translate(_Cells(zip(columns, values, strict=False)), options)


def speedtest_cli_cells(cells: _Cells, options: ImportOptions) -> dict[str, Json]:
    """Translate a record of `speedtest-cli --csv`."""
    result: dict[str, Json] = {
        "timestamp": cells["Timestamp"],
        "server": {
            "id": cells["Server ID"], "sponsor": cells["Sponsor"], "name": cells["Server Name"],
        },
        **{name.lower(): _float(cells, name) for name in ("Ping", "Download", "Upload")},
    }  # fmt: skip
    own_id = row_id("speedtest-cli", cells.get("Share"), cells)
    return from_speedtest_cli(result, options) | {"id": own_id}


def librespeed_cells(cells: _Cells, options: ImportOptions) -> dict[str, Json]:
    """Translate a record of `librespeed-cli --csv`."""
    result: dict[str, Json] = {
        "timestamp": cells["Timestamp"],
        "server": {"name": cells["Server Name"]},
        "share": cells.get("Share"),
        **{name.lower(): _float(cells, name) for name in ("Ping", "Jitter", "Download", "Upload")},
    }
    return from_librespeed(result, options)


def ookla_cells(cells: _Cells, options: ImportOptions) -> dict[str, Json] | None:
    """Translate a record of Ookla's `speedtest --format=csv`, to which a script added the time."""
    time = next((cells[name] for name in _TIMES if cells.get(name)), None)
    if time is None:
        raise UnreadableRow(
            "Ookla's CSV has no time: run the client with --format=json; or with --output-header,"
            " and add a column timestamp"
        )
    down, up = (_ookla_direction(cells, name) for name in ("download", "upload"))
    ping: Json = {"latency": _float(cells, "idle latency"), "jitter": _float(cells, "idle jitter")}
    result: dict[str, Json] = {
        "type": "result", "timestamp": time, "ping": ping, "download": down, "upload": up,
        "server": {"id": cells["server id"], "name": cells["server name"]},
        "result": {"id": cells["share url"].rpartition("/")[2]},
    }  # fmt: skip
    return from_ookla(result, options)


def _ookla_direction(cells: _Cells, name: str) -> Json:
    return {
        "bandwidth": _float(cells, name),
        "bytes": _float(cells, f"{name} bytes"),
        "latency": {"iqm": _float(cells, f"{name} latency")},
    }


def _float(cells: _Cells, name: str) -> float:
    try:
        return float(cells[name])
    except ValueError:
        raise UnreadableRow(f"{name} {cells[name][:60]!r} is not a number") from None


def _server(id: str | None, sponsor: str | None, name: str | None) -> dict[str, str] | None:
    return server(", ".join(part for part in (sponsor, name) if part), id)


def _sum(down: float | None, up: float | None, divisor: float = 1.0) -> float | None:
    return None if down is None or up is None else (down + up) / divisor


def from_ndt7(source: dict[str, Json], options: ImportOptions) -> dict[str, Json] | None:
    """Translate a summary of `ndt7-client`; None for the events before it."""
    if "Key" in source and "Value" in source:
        return None
    down, up = section(source, "Download"), section(source, "Upload")
    if not down and not up:
        raise UnreadableRow("no summary of ndt7-client")
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


def _quantity(pair: dict[str, Json], units: dict[str, float]) -> float | None:
    """Convert a value with its unit; the client prints 0 without a unit for a missing value."""
    value, unit = number(pair, "Value"), text(pair, "Unit")
    if value is None or (value == 0 and unit is None):
        return None
    if unit is None or unit.lower() not in units:
        raise UnreadableRow(f"the unit {str(unit)[:20]!r} is none of {', '.join(units)}")
    return value * units[unit.lower()]
