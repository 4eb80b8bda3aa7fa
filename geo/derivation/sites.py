"""Known centres and boxes of communes of the package vietnamadminunits, as arrays for cells."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .outline import KM_PER_DEGREE

UNIT_COLUMNS = (
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
        provinces[province] = _row("2024", "province", province, row, "province")
        if commune is None:  # an island district without communes counts as one
            communes[district] = _row("2024", "commune", district, row, "district")
            continue
        districts[district] = _row("2024", "district", district, row, "district", district)
        communes[commune] = _row("2024", "commune", commune, row, "ward", district)
    return [table[code] for table in (provinces, districts, communes) for code in sorted(table)]


def _units_2025(rows: list[Row]) -> list[Row]:
    provinces: dict[str, Row] = {}
    communes: dict[str, Row] = {}
    for row in rows:
        province, code = row["provinceCode"], _code_2025(row)
        provinces[province] = _row("2025", "province", province, row, "province")
        commune = _row("2025", "commune", code, row, "ward")
        communes[code] = commune | {"area_km2": row["wardAreaKm2"]}
    return [table[code] for table in (provinces, communes) for code in sorted(table)]


def _row(system: str, level: str, code: str, source: Row, prefix: str, district: str = "") -> Row:
    """Return our row of the unit whose columns in the package begin with a prefix."""
    centre = source[f"{prefix}Lat"], source[f"{prefix}Lon"]
    latitude, longitude = CENTRES.get((system, code), centre)
    kind, name = _spelled(source[prefix])
    values = (system, level, code, name, kind, source["provinceCode"], district, latitude,
              longitude, None)  # fmt: skip
    return dict(zip(UNIT_COLUMNS, values, strict=True))


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


Floats = NDArray[np.float64]

FAR = {"498", "22736", "22737", "22739", "20333"}  # Hoàng Sa and Trường Sa: drawn apart
UNKNOWN_AREA_KM2 = 50.0  # where the package has none (two communes)
# A centre farther from its successor's than this many times the root of the successor's area was
# geocoded to another place (1 % of them): the successor's centre is used instead.
MAX_OFFSET = 2.0
# A box this much smaller or larger than the commune's likely area is that of a point of interest
# or of the whole district: replaced by a square of GUESSED_BOX times that area.
SMALLEST_BOX = 0.2
LARGEST_BOX = 20.0
GUESSED_BOX = 1.8
JITTER = 0.15  # of the root of the area, to part centres that coincide


@dataclass(frozen=True)
class New:
    """Communes of 2025: codes, centres in degrees, areas in km²."""

    codes: list[str]
    longitude: Floats
    latitude: Floats
    area: Floats


@dataclass(frozen=True)
class Old:
    """Communes of 2024: codes, successor (index into New), point, box centre and half sizes."""

    codes: list[str]
    successor: NDArray[np.int64]
    longitude: Floats
    latitude: Floats
    box_longitude: Floats
    box_latitude: Floats
    half_width: Floats  # km
    half_height: Floats  # km
    area: Floats  # likely, km²


def new_sites(registry: Registry) -> New:
    """Return the communes of 2025 except the far islands."""
    rows = [row for row in _communes(registry, "2025") if row["code"] not in FAR]
    area = [row["area_km2"] or UNKNOWN_AREA_KM2 for row in rows]
    return New(
        [row["code"] for row in rows],
        np.array([row["longitude"] for row in rows]),
        np.array([row["latitude"] for row in rows]),
        np.array(area),
    )


def old_sites(registry: Registry, new: New) -> Old:
    """Return the communes of 2024 except the far islands, with areas guessed by successors."""
    rows = [row for row in _communes(registry, "2024") if row["code"] not in FAR]
    codes = [row["code"] for row in rows]
    position = {code: i for i, code in enumerate(new.codes)}
    main = {a: position[b] for a, b, is_main in registry.conversion if is_main and b in position}
    successor = np.array([main[code] for code in codes])
    sharing = Counter(successor.tolist())
    area = new.area[successor] / np.array([sharing[i] for i in successor.tolist()])
    longitude, latitude = _points(rows, successor, new)
    longitude, latitude = _parted(longitude, latitude, area)
    box = _boxes(registry, codes, longitude, latitude, area)
    return Old(codes, successor, longitude, latitude, *box, area)


def _communes(registry: Registry, system: str) -> list[dict[str, Any]]:
    return [row for row in registry.units[system] if row["level"] == "commune"]


def _points(
    rows: list[dict[str, Any]], successor: NDArray[np.int64], new: New
) -> tuple[Floats, Floats]:
    longitude = np.array([row["longitude"] for row in rows], dtype=float)
    latitude = np.array([row["latitude"] for row in rows], dtype=float)
    there = new.longitude[successor], new.latitude[successor]
    east = (longitude - there[0]) * KM_PER_DEGREE * np.cos(np.radians(latitude))
    north = (latitude - there[1]) * KM_PER_DEGREE
    # "not <=" so that a missing centre is replaced too
    lost = ~(np.hypot(east, north) <= MAX_OFFSET * np.sqrt(new.area[successor]))
    return np.where(lost, there[0], longitude), np.where(lost, there[1], latitude)


def _parted(longitude: Floats, latitude: Floats, area: Floats) -> tuple[Floats, Floats]:
    """Move every centre but the first of coinciding ones, in turns of the golden angle."""
    seen: Counter[tuple[float, float]] = Counter()
    longitude, latitude = longitude.copy(), latitude.copy()
    for i in range(len(area)):
        place = (float(longitude[i]), float(latitude[i]))
        turn = seen[place]
        seen[place] += 1
        if turn:
            step = JITTER * area[i] ** 0.5 * turn**0.5 / KM_PER_DEGREE
            longitude[i] += step * np.cos(2.39996 * turn) / np.cos(np.radians(latitude[i]))
            latitude[i] += step * np.sin(2.39996 * turn)
    return longitude, latitude


def _boxes(
    registry: Registry, codes: list[str], longitude: Floats, latitude: Floats, area: Floats
) -> tuple[Floats, Floats, Floats, Floats]:
    none = (np.nan,) * 4
    south, west, north, east = np.array([registry.boxes.get(code, none) for code in codes]).T
    x, y = (west + east) / 2, (south + north) / 2
    half_width = (east - west) / 2 * KM_PER_DEGREE * np.cos(np.radians(latitude))
    half_height = (north - south) / 2 * KM_PER_DEGREE
    ratio = 4 * half_width * half_height / area
    far = np.hypot(x - longitude, y - latitude) * KM_PER_DEGREE > 4 * np.sqrt(area) + 5
    bad = ~((ratio >= SMALLEST_BOX) & (ratio <= LARGEST_BOX)) | far
    half = np.sqrt(area * GUESSED_BOX) / 2
    return (
        np.where(bad, longitude, x),
        np.where(bad, latitude, y),
        np.where(bad, half, half_width),
        np.where(bad, half, half_height),
    )
