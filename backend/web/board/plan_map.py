"""The plan of a day as a map: what communes need, which teams go there, where those are at home.

Teams go by their numbers in the table beside it. The drawing serves on paper and
without scripts; the same is told to the script that draws another.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.coverage.plan.service import Coordinates, PlanPlace
from backend.units.catalogue import ActiveSet
from backend.web.maps import outlines
from backend.web.maps.drawing import Map, area_map, plain_country
from backend.web.site.canvas import Box, Canvas

# A province's communes, and those of a few; more are no longer told apart on a drawing.
DRAWN_MOST = 600
# What a mark holds; the table has them all.
NUMBERS_MOST = 3


@dataclass(frozen=True, slots=True)
class PlanMarker:
    """A place of the plan, on the drawing and in degrees, with the numbers of its teams."""

    place: Coordinates
    at: tuple[int, int]
    numbers: tuple[int, ...]

    @property
    def label(self) -> str:
        shown = " ".join(map(str, self.numbers[:NUMBERS_MOST]))
        return shown if len(self.numbers) <= NUMBERS_MOST else f"{shown}…"


@dataclass(frozen=True, slots=True)
class PlanMap:
    """A drawn map of a plan, and what a script needs to draw its own."""

    drawn: Map
    digest: str  # of the boundary set
    quality: str
    stops: tuple[PlanMarker, ...]
    homes: tuple[PlanMarker, ...]  # of teams that go somewhere
    others: tuple[PlanMarker, ...]  # homes of the others
    ways: tuple[tuple[PlanMarker, PlanMarker], ...]  # from a home to a stop
    at: dict[str, tuple[int, int]]  # on the drawing, by the code of a commune somebody goes to
    scripted: dict[str, Any]


def plan_map(folder: Path, active: ActiveSet | None, plan: dict[str, Any]) -> PlanMap | None:
    """Draw a plan; None where no boundary set tells how the communes lie."""
    if active is None or not plan["area"]:
        return None
    drawn = _ground(folder, active, plan["area"])
    box, margin = drawn.box, 0.0 if drawn.whole else outlines.UNIT_MARGIN
    canvas = Canvas(box, margin)
    stops, homes = _stops(plan, canvas), _homes(plan, canvas)
    home_of = {number: home for home in homes for number in home.numbers}
    ways = dict.fromkeys(
        (home_of[number], stop) for stop in stops for number in stop.numbers if number in home_of
    )
    leaving = {home for home, _ in ways}
    return PlanMap(
        drawn=drawn,
        digest=active.digest,
        quality=active.quality,
        stops=stops,
        homes=tuple(home for home in homes if home in leaving),
        others=tuple(home for home in homes if home not in leaving),
        ways=tuple(ways),
        at={item["unit"]["code"]: canvas.at(place) for item, place, _ in _stays(plan)},
        scripted=_scripted(plan["area"], box, stops, homes, ways),
    )


def _ground(folder: Path, active: ActiveSet, area: list[PlanPlace]) -> Map:
    """The communes of the area; of a large one the provinces of the country, uncoloured."""
    if len(area) > DRAWN_MOST:
        return plain_country(folder, active)
    return area_map(folder, active, area) or plain_country(folder, active)


def _stays(plan: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Coordinates, int]]:
    """What teams are to do where, with the team's number; without a centre there is no place."""
    for number, team in enumerate(plan["teams"], 1):
        for item in team["items"]:
            if item["latitude"] is not None and item["longitude"] is not None:
                yield item, (item["longitude"], item["latitude"]), number


def _stops(plan: dict[str, Any], canvas: Canvas) -> tuple[PlanMarker, ...]:
    found: dict[Coordinates, list[int]] = defaultdict(list)
    for _, place, number in _stays(plan):
        found[place].append(number)
    return _markers(found, canvas)


def _homes(plan: dict[str, Any], canvas: Canvas) -> tuple[PlanMarker, ...]:
    found: dict[Coordinates, list[int]] = defaultdict(list)
    for number, team in enumerate(plan["teams"], 1):
        if team["id"] in plan["homes"]:
            found[plan["homes"][team["id"]]].append(number)
    return _markers(found, canvas)


def _markers(found: dict[Coordinates, list[int]], canvas: Canvas) -> tuple[PlanMarker, ...]:
    return tuple(PlanMarker(place, canvas.at(place), tuple(dict.fromkeys(numbers)))
                 for place, numbers in found.items())  # fmt: skip


def _scripted(
    area: Iterable[PlanPlace],
    box: Box,
    stops: Iterable[PlanMarker],
    homes: Iterable[PlanMarker],
    ways: Iterable[tuple[PlanMarker, PlanMarker]],
) -> dict[str, Any]:
    west, south, east, north = box
    return {
        "bounds": [[west, south], [east, north]],
        "figures": {one.code: [one.step, one.has, one.need] for one in area},
        "stops": [{"at": one.place, "label": one.label} for one in stops],
        "homes": [{"at": one.place, "label": one.label} for one in homes],
        "ways": [[home.place, stop.place] for home, stop in ways],
    }
