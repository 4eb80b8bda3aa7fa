"""The plan of a day as a map: needs of communes, destinations and homes of teams.

Markers have the teams' numbers of the table. The drawing is for paper and pages without scripts;
the script map gets the same data.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from backend.canvas import Box, Canvas
from backend.coverage.plan.service import Coordinates, PlanPlace
from backend.units.catalogue import ActiveSet
from backend.web.maps.drawing import MapDrawing, Names, area_map, plain_country

# Communes on a drawing: those of a few provinces; more are too small.
MAX_DRAWN = 600
# Team numbers on a marker; the table has all.
MAX_NUMBERS = 3


# Parts of the drawing on slips, in its units: the least width, the margin around stops, and the
# width in relation to the height.
MIN_VIEW, VIEW_MARGIN, VIEW_SHAPE = 420, 130, 1.5

View = tuple[int, int, int, int]  # left, top, width, height


@dataclass(frozen=True, slots=True)
class PlanMarker:
    """A place of the plan, in degrees and on the drawing, with the numbers of its teams."""

    place: Coordinates
    at: tuple[int, int]
    numbers: tuple[int, ...]

    @property
    def label(self) -> str:
        shown = " ".join(map(str, self.numbers[:MAX_NUMBERS]))
        return shown if len(self.numbers) <= MAX_NUMBERS else f"{shown}…"


class ScriptedMarker(TypedDict):
    """A marker of the script map."""

    at: Coordinates
    label: str


class ScriptedPlan(TypedDict):
    """What the script map draws: the same as the drawing."""

    bounds: list[list[float]]  # south-west and north-east, in degrees
    figures: dict[str, list[int]]  # by code of a commune: step, samples that it has and needs
    stops: list[ScriptedMarker]
    homes: list[ScriptedMarker]
    ways: list[list[Coordinates]]  # from a home to a stop


@dataclass(frozen=True, slots=True)
class PlanMap:
    """A plan on a drawing, and the data of its script map."""

    drawn: MapDrawing
    digest: str  # of the boundary set
    quality: str
    stops: tuple[PlanMarker, ...]
    homes: tuple[PlanMarker, ...]
    ways: list[tuple[PlanMarker, PlanMarker]]  # from a home to a stop
    at: dict[str, tuple[int, int]]  # the place of each destination, by code
    views: dict[int, View]  # the part with the home and the stops of each team
    scripted: ScriptedPlan


def plan_map(active: ActiveSet | None, plan: Mapping[str, Any], names: Names) -> PlanMap | None:
    """Draw a plan, with the data of the script map; None without a boundary set.

    The names are those of provinces, by code.
    """
    if active is None or not plan["area"]:
        return None
    drawn = area_map(active, plan["area"], names) if len(plan["area"]) <= MAX_DRAWN else None
    drawn = drawn or plain_country(active, names)  # a large area: the provinces without figures
    box = drawn.box
    canvas = Canvas(box, drawn.margin)
    stops = _markers(((place, number) for _, place, number in _stays(plan)), canvas)
    home_by_team, numbered = plan["homes"], enumerate(plan["teams"], 1)
    homes = _markers(
        ((home_by_team[team["id"]], n) for n, team in numbered if team["id"] in home_by_team),
        canvas,
    )
    home_of = {number: home for home in homes for number in home.numbers}
    ways = dict.fromkeys(
        (home_of[number], stop)
        for stop in stops
        for number in stop.numbers
        if number in home_of and home_of[number].place != stop.place  # else it stays at home
    )
    homes = tuple(dict.fromkeys(home for home, _ in ways))
    return PlanMap(
        drawn=drawn,
        digest=active.digest,
        quality=active.quality,
        stops=stops,
        homes=homes,
        ways=list(ways),
        at={item["unit"]["code"]: canvas.at(place) for item, place, _ in _stays(plan)},
        views=_views(plan, canvas),
        scripted=_scripted(plan["area"], box, stops, homes, ways),
    )


def _views(plan: Mapping[str, Any], canvas: Canvas) -> dict[int, View]:
    """Return the part of the drawing with the home and the stops of each team."""
    views = {}
    places = defaultdict(list)
    for _, place, number in _stays(plan):
        places[plan["teams"][number - 1]["id"]].append(canvas.at(place))
    for team, stops in places.items():
        home = [canvas.at(plan["homes"][team])] if team in plan["homes"] else []
        xs, ys = zip(*stops, *home, strict=True)
        wide = max(MIN_VIEW, max(xs) - min(xs) + 2 * VIEW_MARGIN)
        wide = max(wide, round((max(ys) - min(ys) + 2 * VIEW_MARGIN) * VIEW_SHAPE))
        high = round(wide / VIEW_SHAPE)
        middle = (min(xs) + max(xs)) // 2, (min(ys) + max(ys)) // 2
        views[team] = (middle[0] - wide // 2, middle[1] - high // 2, wide, high)
    return views


def _stays(plan: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Coordinates, int]]:
    """Yield items of the plan with a position, their coordinates and the team's number."""
    for number, team in enumerate(plan["teams"], 1):
        for item in team["items"]:
            if item["latitude"] is not None and item["longitude"] is not None:
                yield item, (item["longitude"], item["latitude"]), number


def _markers(places: Iterable[tuple[Coordinates, int]], canvas: Canvas) -> tuple[PlanMarker, ...]:
    """Return a marker for each place with the numbers of its teams."""
    numbers_of: dict[Coordinates, list[int]] = defaultdict(list)
    for place, number in places:
        numbers_of[place].append(number)
    return tuple(PlanMarker(place, canvas.at(place), tuple(dict.fromkeys(numbers)))
                 for place, numbers in numbers_of.items())  # fmt: skip


def _scripted(
    area: Iterable[PlanPlace],
    box: Box,
    stops: Iterable[PlanMarker],
    homes: Iterable[PlanMarker],
    ways: Iterable[tuple[PlanMarker, PlanMarker]],
) -> ScriptedPlan:
    west, south, east, north = box
    return {
        "bounds": [[west, south], [east, north]],
        "figures": {place.code: [place.step, place.has, place.need] for place in area},
        "stops": [{"at": marker.place, "label": marker.label} for marker in stops],
        "homes": [{"at": marker.place, "label": marker.label} for marker in homes],
        "ways": [[home.place, stop.place] for home, stop in ways],
    }
