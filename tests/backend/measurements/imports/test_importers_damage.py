"""Damaged files cost their damaged rows only; whatever is read back is what was written."""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from backend.measurements.imports import service as importing
from backend.measurements.imports.own import NEEDED
from backend.measurements.imports.parsing import open_source
from backend.measurements.imports.service import FORMATS
from tests.support.importers import DATA, FIELD, NOTHING, rows, sample, values


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_bom_crlf_and_blank_lines(format: str) -> None:
    suffix = {"ndjson": "own.ndjson", "csv": "own.csv"}[format]
    plain = sample(format, suffix)
    text = (DATA / suffix).read_text("utf-8")
    damaged = "\ufeff\r\n" + text.replace("\n", "\r\n") + "\r\n\r\n"
    read = rows(format, damaged)
    assert [row.line for row in read] == [row.line + 1 for row in plain]
    assert [row.error for row in read] == [row.error for row in plain]
    assert read[1].payload == plain[1].payload


def test_bytes_that_are_not_utf8_cost_their_row_only() -> None:
    good = (DATA / "own.ndjson").read_bytes().splitlines()[0]
    bad = good.replace(b"Viettel", "Viêtel".encode("latin-1"))
    read = rows("ndjson", bad + b"\n" + good)
    assert [row.error for row in read] == ["bytes that are not UTF-8", None]
    assert read[0].raw.encode("utf-8", "surrogateescape") == bad
    strict = io.TextIOWrapper(io.BytesIO(bad), "utf-8")
    (row,) = importing.read("ndjson", strict, NOTHING)
    assert row.error is not None and row.error.startswith("not UTF-8 near here")


@pytest.mark.parametrize("format", FORMATS)
def test_utf16_is_named(format: str) -> None:
    (row,) = rows(format, '{"a": 1}'.encode("utf-16"))
    assert row.error == "the file is UTF-16: save it as UTF-8"


def test_a_cut_off_object_costs_itself_only() -> None:
    good = (DATA / "own.ndjson").read_text("utf-8").splitlines()[0]
    read = rows("ndjson", good[:90] + "\n" + good + "\n" + good[:50])
    assert [row.error for row in read] == [
        "incomplete: another object begins on line 2",
        None,
        "incomplete: the file ends inside it",
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ('{"measured_at": NaN}', "not JSON: NaN is not a JSON number"),
        ('{"download_mbps": 1e999}', "not JSON: 1e999 is too large"),
        ('{"comment": "\\ud83d"}', "half a character (a lone surrogate)"),
        ("[1, 2]", "not JSON: Extra data (character 2)"),
        (
            "2026-11-30T09:12:33+07:00,Hà Nội,192.0.2.1,12.1,1.2,48.20,12.10,,9,8",
            "not JSON: Extra data (character 5): is it CSV? choose a --format …csv",
        ),
        ('{"measured_at": 5}', "measured_at is missing: the time of the test"),
        ('{"measured_at": "2024-11-15T09:12:33+07:00", "network": 4}', "network is not an object"),
        ('{"measured_at": "2024-11-15T09:12:33+07:00", "id": 4}', "id '4' is not a string"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested too deeply"),
    ],
)
def test_a_bad_object_is_a_row_with_its_reason(line: str, error: str) -> None:
    (row,) = rows("ndjson", line)
    assert (row.payload, row.error) == (None, error)


@pytest.mark.parametrize("value", ["-1", "true", '"fast"', "1" + "0" * 400])
def test_a_foreign_number_is_checked(value: str) -> None:
    line = '{"timestamp": "2024-11-15T02:12:33Z", "type": "result", "ping": {"latency": 1}, '
    (row,) = rows("ookla", line + f'"download": {{"bandwidth": {value}, "bytes": {value}}}}}')
    assert row.payload is None and row.error is not None


ANY = ("{}", "[]", "[1]", '{"a": 1}', "null", "1e3", "true", '""')
FIELDS = ("type", "timestamp", "id", "ping", "server", "result", "Client", "UUID", "download")


@pytest.mark.parametrize("format", FORMATS)
def test_a_value_of_any_kind_is_refused_plainly(format: str) -> None:
    for name, value in product(FIELDS, ANY):
        for line in (f'{{"{name}": {value}}}', f'{{"type": "result", "{name}": {value}}}'):
            assert all(row.payload is None or row.error is None for row in rows(format, line))


def test_a_semicolon_file_is_read_and_a_wrong_header_named() -> None:
    header = "measured_at;status;download_mbps;upload_mbps;ping_ms"
    (row,) = rows("csv", f"{header}\n2024-11-15T09:12:33+07:00;finished;1.5;2;3\n")
    assert values(row) == (1.5, 2, 3)
    (wrong,) = rows("csv", "Server ID,Sponsor\n1,2\n")
    assert wrong.error is not None and wrong.error.startswith("the header lacks measured_at")


def test_a_quote_never_closed_does_not_swallow_the_file() -> None:
    text = (DATA / "own.csv").read_text("utf-8")
    header, tail = text.split("\n", 1)
    read = rows("csv", f'{header}\n"{"x," * 100_000}\n{tail}')
    assert read[0].error is not None and read[0].error.startswith("not CSV")
    assert len([row for row in read if row.payload]) == 2


def test_gzip_is_read_and_its_end_missed(tmp_path: Path) -> None:
    packed = gzip.compress((DATA / "ndt7.jsonl").read_bytes())
    (tmp_path / "whole.json.gz").write_bytes(packed)
    (tmp_path / "cut.json.gz").write_bytes(packed[:-20])
    for name, last in (
        ("whole.json.gz", "an ndt7-client summary"),
        ("cut.json.gz", "the file cannot"),
    ):
        with open_source(tmp_path / name) as stream:
            read = list(importing.read("ndt7", stream, NOTHING))
        assert read[-1].error is not None and read[-1].error.startswith(last)


class Counted(io.StringIO):
    """A stream that knows how much of it was asked for."""

    taken = 0

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        text = super().readline(-1 if size is None else size)
        self.taken += len(text)
        return text


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_rows_come_while_the_file_is_read(format: str) -> None:
    name = {"ndjson": "own.ndjson", "csv": "own.csv"}[format]
    text = (DATA / name).read_text("utf-8")
    stream = Counted(text + "\n" * 5000)
    next(iter(importing.read(format, stream, NOTHING)))
    assert stream.taken < len(text)


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
number = st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9, allow_nan=False)
kinds = st.sampled_from(["mobile", "wifi", "ethernet", "unknown"])
network = {
    "mnc": st.sampled_from(["01", "04", "65535"]),
    "operator": text,
    "signal_dbm": st.integers(-140, -40),
    "roaming": st.booleans(),
}
location = {
    "latitude": st.floats(-90, 90),
    "longitude": st.floats(-180, 180),
}
payloads = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str) | st.uuids().map(lambda key: str(key).upper()),
        "measured_at": st.datetimes(timezones=st.timezones()).map(lambda when: when.isoformat()),
        "status": st.sampled_from(["finished", "failed", "aborted"]),
        "download_mbps": st.none() | number,
        "upload_mbps": st.none() | number,
        "ping_ms": st.none() | number,
        "network": st.fixed_dictionaries({"kind": kinds}, optional=network),
        "location": st.none()
        | st.fixed_dictionaries(location, optional={"is_mock": st.booleans()}),
        "source": st.just("manual"),
    },
    optional={"comment": text, "vpn": st.booleans(), "server": st.fixed_dictionaries({"id": text})},
)


def flat(body: dict[str, Any], parent: str = "") -> Iterator[tuple[str, Any]]:
    """A payload by the names of columns, a dot for each level."""
    for name, value in body.items():
        if isinstance(value, dict):
            yield from flat(value, f"{parent}{name}.")
        else:
            yield f"{parent}{name}", value


def cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def own_csv(bodies: list[dict[str, Any]]) -> str:
    """Payloads as the project's own CSV has them."""
    lines = [dict(flat(body)) for body in bodies]
    names = list(dict.fromkeys([*NEEDED, *(name for line in lines for name in line)]))
    names = [name for name in names if name != "location"]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([cell(line.get(name)) for name in names] for line in lines)
    return out.getvalue()


@pytest.mark.slow
@drawn(st.lists(payloads, max_size=5))
@settings(max_examples=60)
def test_own_csv_round_trip(bodies: list[dict[str, Any]]) -> None:
    read = rows("csv", own_csv(bodies))
    assert [row.error for row in read] == [None] * len(bodies)
    assert [row.payload for row in read] == bodies


@drawn(st.lists(payloads, max_size=5), st.booleans())
@settings(max_examples=60)
def test_own_ndjson_round_trip(bodies: list[dict[str, Any]], escaped: bool) -> None:
    source = "\n".join(json.dumps(body, ensure_ascii=escaped) for body in bodies)
    assert [row.payload for row in rows("ndjson", source)] == bodies


@pytest.mark.slow
@drawn(st.sampled_from(FORMATS), st.binary(max_size=300) | st.text(max_size=300))
@settings(max_examples=200)
def test_no_content_raises(format: str, content: str | bytes) -> None:
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    for row in rows(format, content, FIELD):
        assert (row.payload is None) != (row.error is None)
