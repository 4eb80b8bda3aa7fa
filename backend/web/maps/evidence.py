"""The samples of a signal as a drawing: where they lie, and when they were taken."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TypedDict, TypeVar

from backend.canvas import SIDE, Canvas
from backend.clock import VIETNAM, month_end
from backend.coverage.signals.evidence import EvidenceUnit, ShownSample, SignalEvidence
from backend.units.catalogue import ActiveSet
from backend.units.service import UnitRow, find
from backend.web.maps.drawing import MapDrawing, plain_country, unit_map

Row = TypeVar("Row", ShownSample, EvidenceUnit)
# Units of the drawing: one sample is visible on a phone, and many do not cover the commune.
MIN_RADIUS, MAX_RADIUS, RADIUS_STEP = 16, 90, 7
MAX_NAMES = 6
# The part of the drawing that is shown: wider than the samples, never closer than some streets.
AROUND, MIN_VIEW, VIEW_SHAPE = 1.7, 420, 1.7
# A way of more phones is a tangle.
MAX_WAYS = 3
DAY_WIDTH = 20
MAX_TICKS = 8


@dataclass(frozen=True, slots=True)
class Dot:
    """Samples at one place of the drawing."""

    x: int
    y: int
    radius: int
    n: int
    counted: bool  # whether any of them counts


class EvidenceMap(TypedDict):
    """The drawing of a signal's samples."""

    drawn: MapDrawing
    dots: list[Dot]
    ways: list[str]  # of phones: points of polylines
    codes: frozenset[str]  # of the communes
    names: list[tuple[int, int, str]]  # of communes, with their places
    view: tuple[int, int, int, int]  # left, top, width and height of the part shown
    scale: float  # of lines and dots in this part


class TimeChart(TypedDict):
    """The samples of a signal by day and hour."""

    width: int
    dots: list[tuple[float, float, bool]]  # place, and whether it counts
    ticks: list[tuple[float, int]]  # place and day of the month


def evidence_map(active: ActiveSet | None, evidence: SignalEvidence) -> EvidenceMap | None:
    """Draw the samples of a signal, the ways of its phones, and its communes."""
    if active is None or not evidence.units:
        return None
    drawn = _ground(active, evidence)
    canvas = Canvas(drawn.box, drawn.margin)
    dots = _places(evidence.samples, canvas) or [
        Dot(*at, _radius(one["n"]), one["n"], counted=True)
        for one, at in _placed(evidence.units, canvas)
    ]
    view = _view(drawn, dots)
    return {
        "drawn": drawn,
        "dots": dots,
        "ways": _ways(evidence.samples, canvas),
        "codes": frozenset(one["code"] for one in evidence.units),
        "names": [(*at, one["name"]) for one, at in _placed(evidence.units[:MAX_NAMES], canvas)],
        "view": view,
        "scale": view[2] / SIDE,  # of lines and dots in this part
    }


def _view(drawn: MapDrawing, dots: Sequence[Dot]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the part around the samples, as wide as a panel."""
    if not dots:
        return 0, 0, drawn.width, drawn.height
    left, right = min(dot.x for dot in dots), max(dot.x for dot in dots)
    top, bottom = min(dot.y for dot in dots), max(dot.y for dot in dots)
    wide = max((right - left) * AROUND, (bottom - top) * AROUND * VIEW_SHAPE, MIN_VIEW)
    wide = min(round(wide), round(max(drawn.width, drawn.height * VIEW_SHAPE)))
    high = round(wide / VIEW_SHAPE)
    return (left + right - wide) // 2, (top + bottom - high) // 2, wide, high


def _ground(active: ActiveSet, evidence: SignalEvidence) -> MapDrawing:
    unit = _smallest(evidence)
    drawn = unit and unit_map(active, unit, {}, {})
    return drawn or plain_country(active)


def _smallest(evidence: SignalEvidence) -> UnitRow | None:
    """Return the commune of the samples, else their province; None if they have several."""
    day = month_end(evidence.item["month"])
    first = find(day, evidence.units[0]["code"], "commune")
    if len(evidence.units) == 1:
        return first
    one_province = len({one["province_id"] for one in evidence.units}) == 1
    return find(day, first.province_code, "province") if one_province else None


def _places(samples: Iterable[ShownSample], canvas: Canvas) -> list[Dot]:
    """Return a dot for each rounded position, the largest first so that none is covered."""
    totals: Counter[tuple[int, int]] = Counter()
    counted: Counter[tuple[int, int]] = Counter()
    for one, at in _placed(samples, canvas):
        totals[at] += 1
        counted[at] += one["counted"]
    return [Dot(*at, _radius(n), n, counted[at] > 0) for at, n in totals.most_common()]


def _placed(rows: Iterable[Row], canvas: Canvas) -> Iterator[tuple[Row, tuple[int, int]]]:
    """Yield samples or communes that have a position, with their place on the drawing."""
    for row in rows:
        if row["latitude"] is not None and row["longitude"] is not None:
            yield row, canvas.at((row["longitude"], row["latitude"]))


def _radius(n: int) -> int:
    return min(round(MIN_RADIUS + RADIUS_STEP * sqrt(n - 1)), MAX_RADIUS)


def _ways(samples: Iterable[ShownSample], canvas: Canvas) -> list[str]:
    """Return the way of each phone in the order of its samples, of few phones."""
    trails: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for one, at in _placed(samples, canvas):
        trails[one["device"]].append(at)
    if len(trails) > MAX_WAYS:
        return []
    return [
        " ".join(f"{x},{y}" for x, y in points) for points in trails.values() if len(points) > 1
    ]


def time_chart(evidence: SignalEvidence) -> TimeChart | None:
    """Draw the samples by day and hour of Vietnam; None without times."""
    if not evidence.samples:
        return None
    place = {day: n for n, (day, _) in enumerate(evidence.days)}
    dots = []
    for one in evidence.samples:
        at = one["measured_at"].astimezone(VIETNAM)
        if at.date() in place:
            hour = at.hour + at.minute / 60
            dots.append(((place[at.date()] + 0.5) * DAY_WIDTH, hour * 10, one["counted"]))
    every = -(-len(place) // MAX_TICKS)
    ticks = [((n + 0.5) * DAY_WIDTH, day.day) for day, n in place.items() if n % every == 0]
    return {"width": len(place) * DAY_WIDTH, "dots": dots, "ticks": ticks}
