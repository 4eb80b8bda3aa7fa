"""Each thing that a check found, with the units that it is about and the place on a map."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shapely

from .checks import Report, another_list
from .gazetteer import GazetteerUnit
from .polygons import shapes_of

if TYPE_CHECKING:
    import geopandas

# These forbid loading a set; the others are for a person to look at. In the order of weight.
FORBIDDING = ("another_list", "twice", "malformed", "invalid", "away")
KINDS = (
    *FORBIDDING, "unknown", "missing", "overlap", "gap", "strayed", "adrift", "area", "repaired",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or strange with a boundary set."""

    kind: str
    codes: tuple[str, ...] = ()
    shape: Any = None  # where: a polygon or a point in degrees; None where nobody can tell
    figures: dict[str, float | str] = field(default_factory=dict)

    @property
    def forbids(self) -> bool:
        """Whether a set with this cannot be loaded."""
        return self.kind in FORBIDDING


def findings(
    report: Report, gdf: "geopandas.GeoDataFrame", known: Sequence[GazetteerUnit]
) -> list[Finding]:
    """Place what a report names.

    Parameters
    ----------
    report : Report
        What ``geo.checks.check`` found.
    gdf, known
        What it was found in.

    Returns
    -------
    list of Finding
        By kind in the order of ``KINDS``, within a kind as the report has them.
    """
    place = _Places(gdf, known)
    found = {
        "another_list": _whole(report),
        "twice": place.units("twice", report.duplicates),
        "malformed": place.units("malformed", report.malformed),
        "invalid": place.units("invalid", report.invalid),
        "away": place.units("away", report.away),
        "unknown": place.units("unknown", report.unknown),
        "missing": place.centres("missing", report.missing),
        "overlap": (place.shared(*pair) for pair in report.overlaps),
        "gap": (Finding("gap", shape=gap, figures={"km2": km2}) for km2, gap in report.gaps),
        "strayed": (
            Finding("strayed", pair, place.centre(pair[0])) for pair in report.strayed
        ),
        "adrift": place.centres("adrift", report.adrift),
        "area": (
            Finding("area", (code,), place.unit(code), {"km2": here, "published_km2": there})
            for code, here, there in report.areas_off
        ),
        "repaired": (
            Finding("repaired", (code,), place.unit(code), {"why": why})
            for code, why in report.repaired.items()
        ),
    }  # fmt: skip
    return [one for kind in KINDS for one in found[kind]]


def _whole(report: Report) -> list[Finding]:
    if not another_list(report):
        return []
    return [Finding("another_list", figures={"unknown": len(report.unknown)})]


class _Places:
    """Where units of a set, and those of the list, lie."""

    def __init__(self, gdf: "geopandas.GeoDataFrame", known: Sequence[GazetteerUnit]) -> None:
        self._shapes: dict[str, list[Any]] = {}
        for code, shape in zip(gdf["code"], shapes_of(gdf), strict=True):
            self._shapes.setdefault(str(code), []).append(shape)
        self._known = {unit.code: unit for unit in known if unit.level == "commune"}

    def unit(self, code: str) -> Any:
        """The polygon of a code; of one that comes twice both."""
        parts = self._shapes[code]
        return parts[0] if len(parts) == 1 else shapely.GeometryCollection(parts)

    def units(self, kind: str, codes: Iterable[str]) -> Iterator[Finding]:
        """One finding for each code of the set."""
        return (Finding(kind, (code,), self.unit(code)) for code in dict.fromkeys(codes))

    def centre(self, code: str) -> Any:
        """The known centre of a listed unit, where there is one."""
        unit = self._known[code]
        if unit.latitude is None or unit.longitude is None:
            return None
        return shapely.Point(unit.longitude, unit.latitude)

    def centres(self, kind: str, codes: Iterable[str]) -> Iterator[Finding]:
        """One finding for each code of the list."""
        return (Finding(kind, (code,), self.centre(code)) for code in codes)

    def shared(self, one: str, other: str, km2: float) -> Finding:
        """What two units have in common."""
        shape = shapely.intersection(self.unit(one), self.unit(other))
        return Finding("overlap", (one, other), shape, {"km2": km2})
