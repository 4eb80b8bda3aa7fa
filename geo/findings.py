"""The findings of a check, with their units and their place on a map."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shapely

from .checks import Report, another_list
from .gazetteer import GazetteerUnit
from .polygons import shapes_of

if TYPE_CHECKING:
    import geopandas

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
    found = {
        "another_list": _whole(report),
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


def _whole(report: Report) -> list[Finding]:
    if not another_list(report):
        return []
    return [Finding("another_list", figures={"unknown": len(report.unknown)})]


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
