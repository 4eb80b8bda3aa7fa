"""Every parser of foreign input, with valid input and its errors."""

import io
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from backend.accounts.login_names import normalize
from backend.accounts.second_factor import decrypt, encrypt
from backend.campaign_setup.team_rows import TEAMS
from backend.campaign_setup.team_template import template
from backend.clock import utc_now
from backend.coverage.vnnic import reader as vnnic_reader
from backend.errors import Problem
from backend.fields import aware_time
from backend.mail import compose
from backend.measurements.imports import service as importing
from backend.measurements.imports.row import ImportOptions
from backend.measurements.recording import incoming
from backend.tables import reader as bulk_reader
from backend.tables import xlsx as bulk_xlsx
from config import settings
from geo import boundaries, catalogue
from geo.polygons import BoundaryError
from tests.tools.fuzzing.damage import inside, part_of

SEEDS = Path(__file__).parents[2] / "data" / "importers"
FORMATS = {
    "ndjson": "own.ndjson",
    "csv": "own.csv",
    "speedtest-cli": "speedtest-cli.json",
    "speedtest-cli-csv": "speedtest-cli.csv",
    "ookla": "ookla.jsonl",
    "librespeed": "librespeed.json",
    "ndt7": "ndt7.jsonl",
}
VNNIC = "Mã xã;Tên xã;Số mẫu;Tải xuống\n05443;Phan Đình Phùng;1.234;90,68\n".encode()
ATLAS = b'[{"code":"19","value":300,"download":90.5,"upload":40,"ping":21,"jitter":3}]'
WORKBOOK = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml",
            "xl/_rels/workbook.xml.rels", "[Content_Types].xml")  # fmt: skip
GEOJSON = b"""{"type":"FeatureCollection","features":[{"type":"Feature","id":"05443","properties":
{"code":"05443","name":"Phan"},"geometry":{"type":"Polygon","coordinates":[[[105.8,21.5],
[105.9,21.5],[105.9,21.6],[105.8,21.6],[105.8,21.5]]]}}]}"""
SETS = b'[a]\nfile = "a.geojson"\nsystem = "2025"\nvalid_from = 2025-07-01\nquality = "derived"\n'
NUMBERS = (b"1.234", b"1,5", b"12,5 Mbps", b"300", b"-")
MAIL = {"MAIL_FROM": "dosong@localhost"}


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser: name, function, valid input, and the errors that it may raise."""

    name: str
    parse: Callable[[bytes], object]
    seeds: Sequence[bytes]
    refusals: tuple[type[Exception], ...] = ()


def parsers() -> Iterator[Parser]:
    """Yield all parsers."""
    for form, name in FORMATS.items():
        yield Parser(f"import {form}", _imported(form), [(SEEDS / name).read_bytes()])
    yield Parser("sample", _sample, (SEEDS / "own.ndjson").read_bytes().splitlines(), (ValueError,))
    teams, book = template("csv"), template("xlsx")
    yield Parser(
        "teams.csv",
        partial(bulk_reader.read_csv, kind=TEAMS),
        [teams, teams.decode("utf-8-sig").encode("cp1258", "replace")],
        (Problem,),
    )
    read_xlsx = partial(bulk_xlsx.read_xlsx, kind=TEAMS)
    yield Parser("teams.xlsx", read_xlsx, [book], (Problem,))
    for part in WORKBOOK:
        parse = inside(book, part, read_xlsx)
        yield Parser(f"teams.xlsx: {part}", parse, [part_of(book, part)], (Problem,))
    yield Parser("vnnic", _vnnic, [VNNIC, ATLAS, book], (Problem,))
    yield Parser("vnnic figures", _figures, NUMBERS, (ValueError,))
    yield Parser("boundaries", _in_file("a.geojson", boundaries.read), [GEOJSON], (BoundaryError,))
    yield Parser("sets.toml", _in_folder(catalogue.read_catalogue), [SETS], (BoundaryError,))
    yield Parser("time", _text(aware_time), [b"2026-11-25T07:30:00+07:00"], (ValidationError,))
    yield Parser("name, as a mail's", _name, [b"hoa@example.vn", b"0912 345 678"])
    yield Parser(
        "seal", _text(lambda text: decrypt(text, 1, "key")), [encrypt("a", 1, "key").encode()]
    )
    yield Parser("settings", _settings, [f"{one.name}=1".encode() for one in settings.SETTINGS],
                 (settings.SettingError,))  # fmt: skip


def _imported(form: str) -> Callable[[bytes], object]:
    def parse(raw: bytes) -> object:
        lines = io.TextIOWrapper(io.BytesIO(raw), "utf-8", errors="surrogateescape", newline="")
        return list(importing.read(form, lines, ImportOptions()))

    return parse


def _text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda raw: parse(raw.decode("utf-8", "replace"))


def _sample(raw: bytes) -> object:
    try:
        item: Any = json.loads(raw)
    except RecursionError:  # handled by backend.http.requests
        return None
    return incoming.parse_item(item, utc_now(), "key")


def _vnnic(raw: bytes) -> object:
    return vnnic_reader.read_file(raw, "commune", str.isalpha)


def _figures(raw: bytes) -> object:
    text = raw.decode("utf-8", "replace")
    return vnnic_reader.parse_samples(text), vnnic_reader.parse_speed(text)


def _in_file(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def parse(raw: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(raw)
            return read(path)

    return parse


def _in_folder(read: Callable[[Path], object]) -> Callable[[bytes], object]:
    return _in_file("sets.toml", lambda path: read(path.parent))


def _name(raw: bytes) -> None:
    """Check that an accepted address is exactly one recipient of a mail."""
    name = normalize(raw.decode("utf-8", "replace"))
    if name is None or "@" not in name:
        return
    [address] = compose([name], "Đo Sóng", "text", MAIL)["To"].addresses
    assert address.addr_spec.casefold() == name


def _settings(raw: bytes) -> object:
    name, _, value = raw.decode("utf-8", "replace").partition("=")
    environment = {name: value, "SECRET_KEY": "key"} if name != "VAR_DIR" else {}
    return settings.read(environment | {"SECRET_KEY": "key"})
