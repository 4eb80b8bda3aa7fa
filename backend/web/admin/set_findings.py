"""Findings of a check of a boundary set, stored as a table, a map and close-ups.

The job that checks writes them once into VAR_DIR; pages only read them.
"""

import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from backend.canvas import COUNTRY_BOX, Canvas, clip
from backend.errors import or_404
from backend.units import outlines
from backend.web.maps.drawing import Sea, sea_on
from geo.checks import KINDS, VIETNAM, Finding
from geo.gazetteer import GazetteerUnit

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from shapely.geometry.base import BaseGeometry

FOLDER = "checks"  # in VAR_DIR
# Stored findings of each kind; the report counts all.
MAX_FINDINGS = 40
# Margin of a close-up: part of the longer side, least degrees (half a kilometre, or an overlap of a
# few metres would fill the page), degrees around a point.
AROUND, MIN_AROUND, AROUND_POINT = 0.5, 0.005, 0.06
# Tolerance as part of the longer side of a close-up, like that of a unit in `outlines`.
TOLERANCE = 0.0015
RETENTION_S = 90 * 86_400.0


class NamedCode(TypedDict):
    """A commune of a finding; the name is empty where none is known."""

    code: str
    name: str


class FoundRow(TypedDict):
    """A finding as a row of the table."""

    n: int  # in the list
    kind: str
    forbids: bool  # whether the set cannot be used with it
    units: list[NamedCode]
    figures: Mapping[str, float | str]
    at: tuple[float, float] | None  # longitude and latitude; null: without a position
    spot: tuple[int, int] | None  # on the drawing of the country; null: outside of it


class CommuneAround(NamedCode):
    """A commune around a finding, drawn."""

    path: str
    at: tuple[int, int]  # of its name


class CloseUp(TypedDict):
    """A finding drawn with the communes around it; units of the drawing."""

    width: int
    height: int
    around: list[CommuneAround]
    own: str  # path of the finding's shape
    spot: tuple[int, int]


class FoundList(TypedDict):
    """The findings of a check, with the outlines of the provinces."""

    items: list[FoundRow]
    coast: list[str]


class CountryDrawing(TypedDict):
    """The drawing of the country under the findings, in its units."""

    width: int
    height: int
    sea: Sea


class ShownCheck(TypedDict):
    """The findings of a check as its page shows them."""

    found: FoundList | None  # null: no longer kept
    near: CloseUp | None  # of the chosen finding
    n: int | None  # the chosen finding
    drawn: CountryDrawing
    kinds: Sequence[str]


def store_findings(
    folder: Path, frame: "GeoDataFrame", known: Sequence[GazetteerUnit], findings: Sequence[Finding]
) -> dict[str, int]:
    """Store findings, and remove those of old checks; return their number by kind."""
    for old in folder.parent.glob("*"):
        if re.fullmatch("[0-9]+", old.name) and time.time() - old.stat().st_mtime > RETENTION_S:
            shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier run of the same job
    folder.mkdir(parents=True)
    writer = _FindingWriter(frame, known)
    counts: Counter[str] = Counter()
    items: list[FoundRow] = []
    for one in findings:
        counts[one.kind] += 1
        if counts[one.kind] <= MAX_FINDINGS:
            item = writer.finding(len(items) + 1, one)
            if item["spot"]:
                _write(folder / f"{item['n']}.json", writer.close_up(one))
            items.append(item)
    _write(folder / "all.json", {"items": items, "coast": writer.coast()})
    return dict(counts)


def show_check(var_dir: Path, job_id: int, n: int | None) -> ShownCheck:
    """Return the findings of a check, and the close-up of one; 404 for one without a position.

    Nothing where it is no longer kept.
    """
    folder = var_dir / FOLDER / str(job_id)
    found, near = _read(folder / "all.json"), None
    if n is not None:
        near = or_404(_read(folder / f"{n}.json"))
    canvas = Canvas(COUNTRY_BOX)
    return {
        "found": json.loads(found) if found else None,
        "near": json.loads(near) if near else None,
        "n": n,
        "drawn": {"width": canvas.width, "height": canvas.height, "sea": sea_on(canvas)},
        "kinds": KINDS,
    }


class _FindingWriter:
    """Conversion of findings to rows with names, and to drawings."""

    def __init__(self, frame: "GeoDataFrame", known: Sequence[GazetteerUnit]) -> None:
        import shapely

        self._names = {unit.code: unit.name for unit in known if unit.level == "commune"}
        self._names |= {code: name for code, name in zip(frame["code"], frame["name"], strict=True)
                        if name}  # fmt: skip
        here = shapely.contains(shapely.box(*VIETNAM), frame.geometry.values)
        self._communes = frame[here].reset_index(drop=True)
        self._tree = shapely.STRtree(self._communes.geometry.values)
        self._country = Canvas(COUNTRY_BOX)

    def coast(self) -> list[str]:
        """Return the outlines of the provinces."""
        rows = self._communes
        shapes = zip(rows["code"], rows["province_code"], rows.geometry, strict=True)
        return list(outlines.provinces(list(shapes)).paths.values())

    def finding(self, n: int, one: Finding) -> FoundRow:
        """Return a row of the table; `spot` is its position on the drawing of the country."""
        at = None if one.shape is None else one.shape.representative_point()
        inside = (
            at is not None
            and COUNTRY_BOX[0] < at.x < COUNTRY_BOX[2]
            and COUNTRY_BOX[1] < at.y < COUNTRY_BOX[3]
        )
        return {
            "n": n,
            "kind": one.kind,
            "forbids": one.forbids,
            "units": [{"code": code, "name": self._names.get(code, "")} for code in one.codes],
            "figures": one.figures,
            "at": at and (at.x, at.y),
            "spot": self._country.at((at.x, at.y)) if at and inside else None,
        }

    def close_up(self, one: Finding) -> CloseUp:
        """Draw a finding with the communes around it."""
        import shapely

        west, south, east, north = one.shape.bounds
        least = AROUND_POINT if one.shape.geom_type == "Point" else MIN_AROUND
        margin = max(AROUND * max(east - west, north - south), least)
        box = (west - margin, south - margin, east + margin, north + margin)
        canvas, tolerance = Canvas(box), TOLERANCE * max(box[2] - box[0], box[3] - box[1])

        def cut(shape: "BaseGeometry") -> "BaseGeometry":
            return clip(shapely.simplify(shape, tolerance), box)

        rows = self._communes.iloc[sorted(self._tree.query(shapely.box(*box)))]
        parts = zip(rows["code"], map(cut, rows.geometry), strict=True)
        around: list[CommuneAround] = [
            {"code": code, "name": self._names.get(code, ""), "path": canvas.path(part),
             "at": _centre(canvas, part)}
            for code, part in parts if not part.is_empty
        ]  # fmt: skip
        return {
            "width": canvas.width,
            "height": canvas.height,
            "around": around,
            "own": canvas.path(cut(one.shape)),
            "spot": _centre(canvas, one.shape),
        }


def _centre(canvas: Canvas, shape: "BaseGeometry") -> tuple[int, int]:
    point = shape.representative_point()
    return canvas.at((point.x, point.y))


def _write(path: Path, content: FoundList | CloseUp) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
