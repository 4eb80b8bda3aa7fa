"""Check a boundary set before it is loaded, and place the findings on a map."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from .gazetteer import GazetteerUnit
from .polygons import Shapes, in_degrees, in_square_metres, shapes_of

if TYPE_CHECKING:
    import geopandas

# Vietnam with Hoàng Sa and Trường Sa and some sea, degrees: west, south, east, north.
VIETNAM = (101.0, 5.0, 119.0, 24.5)
MIN_KNOWN = 0.5  # with a smaller share in the list, the set is of another system or column
AREA_TOLERANCE = 0.05  # measured area against the published one
MIN_OVERLAP_KM2 = 0.01  # smaller ones are counted in the total, not named
SHOWN = 10  # examples a line


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a check. Areas in km², codes as text.

    ``problems`` forbid loading; ``notes`` are information.
    """

    units: int
    codes: int  # different ones
    by_type: dict[str, int]
    by_province: dict[str, int]
    missing: list[str]  # in the list, not in the set
    unknown: list[str]  # in the set, not in the list
    duplicates: list[str]
    repaired: dict[str, str]  # code to reason
    invalid: list[str]
    overlap_km2: float
    overlaps: list[tuple[str, str, float]]  # pairs, the largest first
    gap_km2: float
    gaps: list[tuple[float, shapely.Polygon]]  # km² and where, in degrees; the largest first
    strayed: list[tuple[str, str]]  # a known centre of the first lies in the second
    adrift: list[str]  # the known centre lies in no unit
    areas_off: list[tuple[str, float, float]]  # code, measured, published
    malformed: list[str]  # codes that are not digits
    away: list[str]  # outside Vietnam
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check(gdf: "geopandas.GeoDataFrame", known: Sequence[GazetteerUnit]) -> Report:
    """Check a boundary set against itself and against the list of units.

    Parameters
    ----------
    gdf : geopandas.GeoDataFrame
        As ``geo.boundaries.read`` returns it: ``code``, ``geometry``, EPSG:4326; ``type`` and
        ``province_code`` if there.
    known : sequence of GazetteerUnit
        The list of its date; only communes are used.

    Returns
    -------
    Report
        Overlaps and gaps are measured in an equal-area projection. A gap is land enclosed by
        units; ground between the set and the sea or a neighbouring country is not found.

    Notes
    -----
    Takes about 9 s for the 3,321 communes of 2025 with 2.4 million vertices, and five times that
    for the derived sets of 2024, whose neighbours do not share their vertices.
    """
    communes = {unit.code: unit for unit in known if unit.level == "commune"}
    codes = [str(code) for code in gdf["code"]]
    shapes = shapes_of(gdf)
    sound = shapely.is_valid(shapes)
    invalid = [code for code, good in zip(codes, sound, strict=True) if not good]
    flat = in_square_metres(gdf) if not invalid else np.array([], dtype=object)
    overlaps = _overlaps(flat, codes)
    gaps = _gaps(flat)
    strayed, adrift = _centres(shapes, codes, communes) if not invalid else ([], [])
    report = Report(
        units=len(codes),
        codes=len(set(codes)),
        by_type=_counts(gdf, "type"),
        by_province=_counts(gdf, "province_code"),
        missing=sorted(set(communes) - set(codes)),
        unknown=sorted(set(codes) - set(communes)),
        duplicates=sorted(code for code, times in Counter(codes).items() if times > 1),
        repaired=dict(gdf.attrs.get("repaired", {})),
        invalid=invalid,
        overlap_km2=sum(area for *_, area in overlaps),
        overlaps=[pair for pair in overlaps if pair[2] >= MIN_OVERLAP_KM2],
        gap_km2=sum(hole.area for hole in gaps) / 1e6,
        gaps=[(hole.area / 1e6, where) for hole, where in zip(gaps, in_degrees(gaps), strict=True)],
        strayed=strayed,
        adrift=adrift,
        areas_off=_areas_off(flat, codes, communes),
        malformed=[code for code in codes if not (code.isascii() and code.isdigit())],
        away=_away(shapes, codes),
    )
    report.problems.extend(_problems(report))
    report.notes.extend(_notes(report))
    return report


def to_text(report: Report) -> str:
    """Write a report for a terminal: counts, problems, notes."""
    lines = [f"{report.units} units"]
    for title, counts in (("type", report.by_type), ("province", report.by_province)):
        if counts:
            lines.append(f"by {title}: " + ", ".join(f"{k or '?'} {v}" for k, v in counts.items()))
    lines += [f"PROBLEM: {problem}" for problem in report.problems]
    lines += [f"note: {note}" for note in report.notes]
    if not report.problems and not report.notes:
        lines.append("nothing found")
    return "\n".join(lines)


def _counts(gdf: "geopandas.GeoDataFrame", column: str) -> dict[str, int]:
    return dict(sorted(Counter(gdf[column].astype(str)).items())) if column in gdf else {}


def _overlaps(flat: Shapes, codes: list[str]) -> list[tuple[str, str, float]]:
    """Return pairs that share an area, in km². Only units with unmatched edges can overlap."""
    suspects = np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(flat)))
    shapes = flat[suspects]
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = first < second
    first, second = first[pairs], second[pairs]
    areas = shapely.area(shapely.intersection(shapes[first], shapes[second])) / 1e6
    found = [
        (codes[suspects[i]], codes[suspects[j]], float(area))
        for i, j, area in zip(first, second, areas, strict=True)
        if area > 0
    ]
    return sorted(found, key=lambda pair: (-pair[2], pair[:2]))


def _gaps(flat: Shapes) -> list[shapely.Polygon]:
    """Return the holes in the union of all units, in metres, the largest first."""
    parts = shapely.get_parts(shapely.union_all(flat))
    holes = [shapely.Polygon(hole) for part in parts for hole in part.interiors]
    return sorted(holes, key=lambda hole: -float(hole.area))


def _centres(
    shapes: Shapes, codes: list[str], communes: dict[str, GazetteerUnit]
) -> tuple[list[tuple[str, str]], list[str]]:
    known = [unit for unit in communes.values() if unit.latitude is not None]
    points = shapely.points(
        np.array([unit.longitude for unit in known], dtype=float),
        np.array([unit.latitude for unit in known], dtype=float),
    )
    found: dict[str, list[str]] = {}
    for i, j in shapely.STRtree(shapes).query(points, predicate="intersects").T:
        found.setdefault(known[i].code, []).append(codes[j])
    present = set(codes)
    strayed = [
        (code, min(units))
        for code, units in sorted(found.items())
        if code in present and code not in units
    ]
    adrift = (unit.code for unit in known if unit.code in present and unit.code not in found)
    return strayed, sorted(adrift)


def _areas_off(
    flat: Shapes, codes: list[str], communes: dict[str, GazetteerUnit]
) -> list[tuple[str, float, float]]:
    off = []
    for code, shape in zip(codes, flat, strict=False):
        published = communes[code].area_km2 if code in communes else None
        measured = float(shapely.area(shape)) / 1e6
        if published and abs(measured / published - 1) > AREA_TOLERANCE:
            off.append((code, round(measured, 2), published))
    return off


def _away(shapes: Shapes, codes: list[str]) -> list[str]:
    west, south, east, north = shapely.bounds(shapes).T
    box = VIETNAM
    far = (west < box[0]) | (south < box[1]) | (east > box[2]) | (north > box[3])
    return [code for code, wrong in zip(codes, far, strict=True) if wrong]


def another_list(report: Report) -> bool:
    """Return whether most codes are unlisted: another system of units, or another column."""
    return len(report.unknown) > (1 - MIN_KNOWN) * report.codes


def _problems(report: Report) -> list[str]:
    found = []
    if report.duplicates:
        found.append(f"{_some(report.duplicates)}: codes that occur twice")
    if report.malformed:
        bad = [code or "(empty)" for code in report.malformed]
        found.append(f"{_some(bad)}: codes that are not digits")
    if report.invalid:
        found.append(f"{_some(report.invalid)}: invalid geometries")
    if another_list(report):
        found.append(
            f"{len(report.unknown)} of {report.units} codes are not in the list: "
            "another system of units, or another column?"
        )
    if report.away:
        found.append(f"{_some(report.away)}: outside Vietnam (wrong CRS, or axes swapped?)")
    return found


def _notes(report: Report) -> list[str]:
    overlaps = [f"{a}/{b} {area:.2f}" for a, b, area in report.overlaps]
    strayed = [f"{code} in {where}" for code, where in report.strayed]
    off = [f"{code} {here:g} against {there:g}" for code, here, there in report.areas_off]
    repaired = [f"{code} ({why})" for code, why in report.repaired.items()]
    lines = (
        (report.missing, "listed units without a polygon"),
        (report.unknown, "units that are not in the list"),
        (repaired, "invalid geometries, repaired (make_valid)"),
        (overlaps, f"overlaps (km²), {report.overlap_km2:.2f} km² with the small ones"),
        (strayed, "known centres in another unit"),
        (off, "areas (km²) over 5 % from the published ones"),
    )
    notes = [f"{title}: {_some(found)}" for found, title in lines if found]
    if report.gaps:
        notes.append(f"gaps: {len(report.gaps)}, {report.gap_km2:.2f} km² in all")
    if report.adrift:
        notes.append(f"known centres in no unit: {len(report.adrift)}")
    return notes


def _some(found: list[str]) -> str:
    more = f" … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{len(found)} ({', '.join(found[:SHOWN])}{more})"


# These forbid loading a set; the others are information. In the order of weight.
FORBIDDING = ("another_list", "twice", "malformed", "invalid", "away")
KINDS = (
    *FORBIDDING, "unknown", "missing", "overlap", "gap", "strayed", "adrift", "area", "repaired",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem or peculiarity of a boundary set."""

    kind: str
    codes: tuple[str, ...] = ()
    shape: Any = None  # a polygon or a point in degrees; None if unknown
    figures: dict[str, float | str] = field(default_factory=dict)

    @property
    def forbids(self) -> bool:
        """Whether a set with this finding cannot be loaded."""
        return self.kind in FORBIDDING


def findings(
    report: Report, gdf: "geopandas.GeoDataFrame", known: Sequence[GazetteerUnit]
) -> list[Finding]:
    """Return the findings of a report with their places.

    Parameters
    ----------
    report : Report
        The result of ``geo.checks.check``.
    gdf, known
        Its arguments.

    Returns
    -------
    list of Finding
        By kind in the order of ``KINDS``, within a kind as the report has them.
    """
    shapes = _Shapes(gdf, known)
    another = Finding("another_list", figures={"unknown": len(report.unknown)})
    found = {
        "another_list": [another] if another_list(report) else [],
        "twice": shapes.units("twice", report.duplicates),
        "malformed": shapes.units("malformed", report.malformed),
        "invalid": shapes.units("invalid", report.invalid),
        "away": shapes.units("away", report.away),
        "unknown": shapes.units("unknown", report.unknown),
        "missing": shapes.centres("missing", report.missing),
        "overlap": (shapes.shared(*pair) for pair in report.overlaps),
        "gap": (Finding("gap", shape=gap, figures={"km2": km2}) for km2, gap in report.gaps),
        "strayed": (
            Finding("strayed", pair, shapes.centre(pair[0])) for pair in report.strayed
        ),
        "adrift": shapes.centres("adrift", report.adrift),
        "area": (
            Finding("area", (code,), shapes.unit(code), {"km2": here, "published_km2": there})
            for code, here, there in report.areas_off
        ),
        "repaired": (
            Finding("repaired", (code,), shapes.unit(code), {"why": why})
            for code, why in report.repaired.items()
        ),
    }  # fmt: skip
    return [one for kind in KINDS for one in found[kind]]


class _Shapes:
    """Polygons of the units of a set, and centres of listed units."""

    def __init__(self, gdf: "geopandas.GeoDataFrame", known: Sequence[GazetteerUnit]) -> None:
        self._shapes: dict[str, list[Any]] = {}
        for code, shape in zip(gdf["code"], shapes_of(gdf), strict=True):
            self._shapes.setdefault(str(code), []).append(shape)
        self._known = {unit.code: unit for unit in known if unit.level == "commune"}

    def unit(self, code: str) -> Any:
        """Return the polygon of a code, or all of a duplicate code."""
        parts = self._shapes[code]
        return parts[0] if len(parts) == 1 else shapely.GeometryCollection(parts)

    def units(self, kind: str, codes: Iterable[str]) -> Iterator[Finding]:
        """Yield a finding for each code of the set."""
        return (Finding(kind, (code,), self.unit(code)) for code in dict.fromkeys(codes))

    def centre(self, code: str) -> Any:
        """Return the known centre of a listed unit, if any."""
        unit = self._known[code]
        if unit.latitude is None or unit.longitude is None:
            return None
        return shapely.Point(unit.longitude, unit.latitude)

    def centres(self, kind: str, codes: Iterable[str]) -> Iterator[Finding]:
        """Yield a finding for each code of the list."""
        return (Finding(kind, (code,), self.centre(code)) for code in codes)

    def shared(self, one: str, other: str, km2: float) -> Finding:
        """Return the overlap of two units."""
        shape = shapely.intersection(self.unit(one), self.unit(other))
        return Finding("overlap", (one, other), shape, {"km2": km2})
