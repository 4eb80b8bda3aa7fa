"""Read the tables of the package vietnamadminunits as our rows."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

COLUMNS = (
    *("system", "level", "code", "name", "type", "province_code", "district_code"),
    *("latitude", "longitude", "area_km2"),
)
EXPECTED_VERSION = "1.0.4"  # SOURCES.md and the corrections below describe this one

# Corrections of the package's lists, described in geo/data/SOURCES.md.
CODES_2025 = {"06970": "06978"}  # Ba Chẽ: the first list's code was replaced
CENTRES: dict[tuple[str, str], tuple[float, float]] = {  # latitude, longitude
    ("2024", "22736"): (8.645, 111.92),  # thị trấn Trường Sa: Trường Sa Lớn
    ("2024", "22737"): (11.43, 114.33),  # xã Song Tử Tây
    ("2024", "22739"): (9.886, 114.33),  # xã Sinh Tồn
    ("2024", "576"): (8.645, 111.92),
    ("2024", "498"): (16.53, 111.61),
    ("2025", "22736"): (8.645, 111.92),
    ("2025", "20333"): (16.53, 111.61),
}

TYPES = ("Tỉnh", "Thành phố", "Quận", "Huyện", "Thị xã", "Thị trấn", "Phường", "Xã", "Đặc khu")

Row = dict[str, Any]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Registry:
    """The tables of the package as our rows."""

    units: dict[str, list[Row]]
    conversion: list[tuple[str, str, bool]]  # old code, new code, is the main successor
    boxes: dict[str, Box]  # south, west, north, east of a commune of 2024


def read() -> Registry:
    """Read the installed package; fail if it is another version than the one described."""
    if version("vietnamadminunits") != EXPECTED_VERSION:
        raise RuntimeError(f"vietnamadminunits {EXPECTED_VERSION} is needed: see SOURCES.md")
    spec = find_spec("vietnamadminunits")
    if spec is None or spec.origin is None:
        raise RuntimeError("vietnamadminunits is not installed (requirements-dev.txt)")
    folder = Path(spec.origin).parent / "data"
    with sqlite3.connect(f"file:{folder / 'dataset.db'}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        old = [dict(row) for row in database.execute("select * from admin_units_legacy")]
        new = [dict(row) for row in database.execute("select * from admin_units")]
    tables = json.loads((folder / "converter_2025.json").read_text(encoding="utf-8"))
    units = {"2024": _units_2024(old), "2025": _units_2025(new)}
    boxes = {row["wardCode"]: _box(row["wardBounds"]) for row in old if row["wardBounds"]}
    return Registry(units, sorted(_conversion(tables, old, new)), boxes)


def _units_2024(rows: list[Row]) -> list[Row]:
    provinces: dict[str, Row] = {}
    districts: dict[str, Row] = {}
    communes: dict[str, Row] = {}
    for row in rows:
        province, district, commune = row["provinceCode"], row["districtCode"], row["wardCode"]
        centre = row["provinceLat"], row["provinceLon"]
        provinces[province] = _row(
            "2024", "province", province, row["province"], province, "", centre
        )
        centre = row["districtLat"], row["districtLon"]
        name = row["district"]
        if commune is None:  # an island district without communes counts as one
            communes[district] = _row("2024", "commune", district, name, province, "", centre)
            continue
        districts[district] = _row("2024", "district", district, name, province, district, centre)
        centre = row["wardLat"], row["wardLon"]
        communes[commune] = _row(
            "2024", "commune", commune, row["ward"], province, district, centre
        )
    return [table[code] for table in (provinces, districts, communes) for code in sorted(table)]


def _units_2025(rows: list[Row]) -> list[Row]:
    provinces: dict[str, Row] = {}
    communes: dict[str, Row] = {}
    for row in rows:
        province = row["provinceCode"]
        code = _code_2025(row)
        centre = row["provinceLat"], row["provinceLon"]
        provinces[province] = _row(
            "2025", "province", province, row["province"], province, "", centre
        )
        centre = row["wardLat"], row["wardLon"]
        commune = _row("2025", "commune", code, row["ward"], province, "", centre)
        communes[code] = commune | {"area_km2": row["wardAreaKm2"]}
    return [table[code] for table in (provinces, communes) for code in sorted(table)]


def _row(
    system: str,
    level: str,
    code: str,
    name: str,
    province: str,
    district: str,
    centre: tuple[float | None, float | None],
) -> Row:
    latitude, longitude = CENTRES.get((system, code), centre)
    kind, name = _spelled(name)
    values = system, level, code, name, kind, province, district, latitude, longitude, None
    return dict(zip(COLUMNS, values, strict=True))


def _spelled(name: str) -> tuple[str, str]:
    """Return type and name; names begin with the type, a few in capitals."""
    kind = next(kind for kind in TYPES if name.casefold().startswith(f"{kind} ".casefold()))
    return kind, kind + name[len(kind) :]


def _conversion(
    tables: dict[str, Any], old: list[Row], new: list[Row]
) -> Iterator[tuple[str, str, bool]]:
    old_codes = {
        f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}": (
            row["wardCode"] or row["districtCode"]
        )
        for row in old
    }
    new_codes = {(row["provinceKey"], row["wardKey"]): _code_2025(row) for row in new}
    for province, whole in tables["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for successor, keys in whole.items():
            for key in keys:
                yield old_codes[key], new_codes[province, successor], True
    for province, divided in tables["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, successors in divided.items():
            for part in successors:
                main = bool(part["isDefaultNewWard"])
                yield old_codes[key], new_codes[province, part["newWardKey"]], main


def _code_2025(row: Row) -> str:
    code = str(row["wardCode"])
    return CODES_2025.get(code, code)


def _box(text: str) -> Box:
    (south, west), (north, east) = (map(float, corner.split(",")) for corner in text.split(" – "))
    return south, west, north, east
