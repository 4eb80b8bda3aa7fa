"""Pictures of medians in classes: by unit, what changed since another month, by hour."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from backend.canvas import COUNTRY_BOX, Canvas, rings
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.quantiles import BANDS_MBPS
from backend.coverage.statistics.unit_medians import HIGHER, LOWER, SAME, UnitMedian
from backend.coverage.statistics.week_medians import METRIC as WEEK_METRIC
from backend.units import outlines
from backend.web.maps.drawing import Sea, inset_coast, sea_on
from backend.web.maps.labels import overlap
from backend.web.public.speed_pictures import (
    Source,
    WeekGrid,
    begin,
    end,
    median_text,
    unit_of_metric,
)
from backend.web.site.pages import Translator
from backend.web.site.pictures import (
    BOLD,
    MARGIN,
    SMALL,
    WIDTH,
    Area,
    Areas,
    Picture,
    Rect,
    Words,
    text_width,
)

# Lower bounds of the classes from the second on. Downloads on mobile networks have VNNIC's.
CLASSES: dict[tuple[str, str], tuple[int, ...]] = {
    ("download_mbps", "mobile"): BANDS_MBPS,
    ("download_mbps", "fixed"): (60, 120, 180, 240, 300),
    ("upload_mbps", "mobile"): (10, 20, 30, 40, 60),
    ("upload_mbps", "fixed"): (30, 60, 120, 180, 240),
}
LATENCY_CLASSES = (20, 30, 40, 60, 100)
LOADED_CLASSES = (50, 100, 150, 250, 400)

# Height of the map at most, and of the inset with the islands.
HEIGHT_MOST, INSET_HEIGHT = 430.0, 104.0
LEGEND_ROW, SWATCH = 16.0, 11.0
LABEL_SIZES = (11, 9)
# A figure may be this much wider than its unit: over a border it is still read as its figure.
OVERHANG = 1.2
# Classes with dark text; the darker ones have light text.
DARK_TEXT = 3
SIGNS = {HIGHER: "+", LOWER: "−", SAME: "="}
ROLES = {HIGHER: "class5", LOWER: "class3", SAME: "class1"}


@dataclass(frozen=True, slots=True)
class Ground:
    """The outlines of the units of a map."""

    drawing: outlines.Drawing
    whole: bool  # the country, with its islands
    coast: tuple[str, ...]  # of the country, for the inset


@dataclass(frozen=True, slots=True)
class Class:
    """A class of a map: how it is drawn, and what the legend says."""

    role: str
    text: str
    hatched: bool = False


def bounds_of(metric: str, network: str) -> tuple[int, ...]:
    """Return the lower bounds of the classes of a metric, from the second on."""
    if metric == "ping_ms":
        return LATENCY_CLASSES
    return CLASSES.get((metric, network), LOADED_CLASSES)


def class_of(value: float, bounds: Sequence[int]) -> int:
    """Return the number of the class of a median, from 1 on."""
    return 1 + sum(value >= bound for bound in bounds)


def ground_of(folder: Path, month: UnitMonth) -> Ground | None:
    """Return the outlines of the provinces, or of the communes of a unit; None without any."""
    if month.boundaries is None:
        return None
    country = outlines.country(folder, month.boundaries)
    if month.unit is None:
        return Ground(country, True, ())
    drawing = outlines.inside(folder, month.boundaries, month.unit)
    return Ground(drawing, False, inset_coast(country)) if drawing else None


def draw_medians(
    ground: Ground,
    units: Mapping[str, UnitMedian],
    metric: str,
    network: str,
    title: str,
    source: Source,
    translator: Translator,
) -> Picture:
    """Draw the median of each unit in classes, with its figure where there is room."""
    bounds = bounds_of(metric, network)
    classes = [
        Class(f"class{number}", text)
        for number, text in enumerate(class_texts(bounds, metric, translator), 1)
    ]
    few = Class("soft", str(translator.gettext("not enough samples")), True)
    medians = {code: leading(one.spread).value for code, one in units.items() if one.spread}
    found = {code: classes[class_of(value, bounds) - 1] for code, value in medians.items()}
    described = [
        f"{one.unit.name}: {figure_text(one, translator)}" for one in units.values() if one.spread
    ]
    picture = begin(title, "; ".join(described), source, translator)

    def label(code: str) -> str:
        value = medians.get(code)
        return "" if value is None else translator.number(round(value))

    draw_ground(picture, ground, lambda code: found.get(code, few), label)
    counts = Counter(found.get(code, few) for code in units)
    draw_legend(picture, ground, _with_counts([*classes, few], counts, translator))
    how = translator.gettext(
        "Each figure is the median of the unit in {unit}: half of the samples are higher. Hatched:"
        " fewer than {n} effective samples, or of too few people to publish.",
        unit=unit_of_metric(metric),
        n=source.minimum,
    )
    return end(picture, str(how), source, translator)


def draw_changes(
    ground: Ground,
    units: Mapping[str, UnitMedian],
    results: Mapping[str, str | None],
    title: str,
    before: str,
    source: Source,
    translator: Translator,
) -> Picture:
    """Draw whether the median of each unit differs from that of another month beyond chance."""
    classes = {
        result: Class(
            ROLES[result], f"{SIGNS[result]}  {translator.label('median_change', result)}"
        )
        for result in (HIGHER, SAME, LOWER)
    }
    few = Class("soft", str(translator.gettext("not enough samples")), True)
    described = [
        f"{units[code].unit.name}: {translator.label('median_change', result)}"
        for code, result in results.items()
        if result
    ]
    picture = begin(title, "; ".join(described), source, translator)

    def class_at(code: str) -> Class:
        result = results.get(code)
        return classes[result] if result else few

    def label(code: str) -> str:
        result = results.get(code)
        return SIGNS[result] if result else ""

    draw_ground(picture, ground, class_at, label)
    counts = Counter(class_at(code) for code in units)
    draw_legend(picture, ground, _with_counts([*classes.values(), few], counts, translator))
    how = translator.gettext(
        "Compared with {month}. A unit is marked higher or lower only where the difference is"
        " beyond chance: tested for all units together, so that at most one in twenty marks is"
        " wrong. Hatched: one of the months has too few samples, or is not published.",
        month=before,
    )
    return end(picture, str(how), source, translator)


def class_texts(bounds: Sequence[int], metric: str, translator: Translator) -> list[str]:
    """Return what the classes of a map say, the lowest first."""
    unit, number = unit_of_metric(metric), translator.number
    return [
        str(translator.gettext("below {high} {unit}", high=number(bounds[0]), unit=unit)),
        *(
            str(translator.gettext("{low} to below {high} {unit}", low=number(low),
                                   high=number(high), unit=unit))
            for low, high in pairwise(bounds)
        ),
        str(translator.gettext("{low} {unit} and more", low=number(bounds[-1]), unit=unit)),
    ]  # fmt: skip


def figure_text(one: UnitMedian, translator: Translator) -> str:
    """Return a median with its interval, which releases before version 1.1 lack."""
    assert one.spread
    return median_text(leading(one.spread), translator)


def _with_counts(
    classes: Sequence[Class], counts: Mapping[Class, int], translator: Translator
) -> list[Class]:
    """Return classes whose texts say the number of their units."""
    return [
        replace(
            one, text=f"{one.text}: {translator.ngettext('{n} unit', '{n} units', counts[one])}"
        )
        for one in classes
    ]


def draw_ground(
    picture: Picture,
    ground: Ground,
    class_at: Callable[[str], Class],
    label: Callable[[str], str],
    over: Sequence[Area] = (),
) -> None:
    """Draw units with their classes, what lies over them, labels, and the country's islands."""
    drawing = ground.drawing
    scale = min((WIDTH - 2 * MARGIN) / drawing.width, HEIGHT_MOST / drawing.height)
    left = (WIDTH - drawing.width * scale) / 2
    top = picture.height + 4
    parts = [Area(path, "line") for path in drawing.around.values()]
    # What lies inside of another unit comes after it.
    for code in sorted(drawing.paths, key=lambda one: (-_extent(drawing.paths[one]), one)):
        kind = class_at(code)
        parts.append(Area(drawing.paths[code], kind.role, kind.hatched))
    parts += over
    clip = (0.0, 0.0, float(drawing.width), float(drawing.height))
    picture.add(Areas((left, top), scale, tuple(parts), clip))
    taken: list[tuple[float, float, float, float]] = []
    rooms = {code: room for code, room in drawing.rooms.items() if code in drawing.paths}
    for code, (x, y, wide) in sorted(rooms.items(), key=lambda one: (-one[1][2], one[0])):
        text = label(code)
        for size in LABEL_SIZES if text else ():
            half = text_width(text, size, BOLD) / 2
            middle = (left + x * scale, top + y * scale)
            box = (middle[0] - half, middle[1] - size / 2, middle[0] + half, middle[1] + size / 2)
            fits = 2 * half <= wide * scale * OVERHANG
            if fits and not any(overlap(box, other) for other in taken):
                taken.append(box)
                role = _text_role(class_at(code).role)
                baseline = middle[1] + size * 0.36
                picture.add(Words(middle[0], baseline, text, size, role, BOLD, "middle"))
                break
    if ground.whole:
        _sea(picture, sea_on(Canvas(COUNTRY_BOX)), (left, top), scale)
    picture.height = top + drawing.height * scale + 8


def _extent(path: str) -> int:
    """Return the area of the box around a path."""
    points = [point for ring in rings(path) for point in ring]
    if not points:
        return 0
    xs, ys = zip(*points, strict=True)
    return int((max(xs) - min(xs)) * (max(ys) - min(ys)))


def _text_role(role: str) -> str:
    return "ink" if role[-1:].isdigit() and int(role[-1]) <= DARK_TEXT else "paper"


def _sea(
    picture: Picture, sea: Sea, corner: tuple[float, float], scale: float, size: int = 9
) -> None:
    """Write the names of the islands and the sea, and mark the islands."""
    left, top = corner
    for mark in sea.marks:
        for x, y in mark.islands:
            picture.add(Rect(left + x * scale - 0.8, top + y * scale - 0.8, 1.6, 1.6, "accent"))
        for number, line in enumerate(mark.lines):
            at = (left + mark.at[0] * scale, top + mark.at[1] * scale + number * size * 1.2)
            picture.add(Words(*at, line, size, "ink", anchor="middle"))
    x, y = sea.name.at
    picture.add(Words(left + x * scale, top + y * scale, sea.name.lines[0], size, "soft",
                      anchor="middle"))  # fmt: skip


def draw_legend(picture: Picture, ground: Ground, classes: Sequence[Class]) -> None:
    """Write what each class means, and beside them the islands if the map does not show them."""
    top = picture.height
    for number, one in enumerate(classes):
        y = top + LEGEND_ROW * number
        picture.add(Rect(MARGIN, y, SWATCH * 1.6, SWATCH, one.role, one.hatched))
        picture.add(Words(MARGIN + SWATCH * 1.6 + 6, y + SWATCH - 1, one.text, SMALL))
    picture.height = top + LEGEND_ROW * len(classes)
    if not ground.whole:
        sea = sea_on(Canvas(COUNTRY_BOX))
        inset_left, inset_top, wide, high = sea.inset
        scale = INSET_HEIGHT / high
        corner = (WIDTH - MARGIN - wide * scale, top)
        clip = (float(inset_left), float(inset_top), float(wide), float(high))
        coast = tuple(Area(path, "line") for path in ground.coast)
        picture.add(Areas(corner, scale, coast, clip))
        shifted = (corner[0] - inset_left * scale, corner[1] - inset_top * scale)
        _sea(picture, sea, shifted, scale, size=7)
        picture.height = max(picture.height, top + INSET_HEIGHT + 4)


def draw_week_medians(
    week: Sequence[Sequence[Mapping[str, float] | None]],
    network: str,
    source: Source,
    translator: Translator,
) -> Picture:
    """Draw the median download of each hour of the week as bars in the classes of maps."""
    bounds = bounds_of(WEEK_METRIC, network)
    days = [str(translator.label("weekday_short", str(day))) for day in range(1, 8)]
    title = str(translator.gettext("Median download by hour and weekday"))
    described = [
        f"{day} {hour}h: {translator.decimal(one['median'])}"
        f" ({translator.span(one['median_low'], one['median_high'])})"
        for day, row in zip(days, week, strict=True)
        for hour, one in enumerate(row)
        if one
    ]
    picture = begin(title, "; ".join(described), source, translator)
    grid = WeekGrid(picture, days)
    for day, row in enumerate(week):
        for hour, one in enumerate(row):
            if one is None:
                grid.hatch(day, hour)
                continue
            number = class_of(one["median"], bounds)
            grid.bar(day, hour, number / (len(bounds) + 1), _bar_role(number))
    grid.close()
    top, texts = picture.height + 6, class_texts(bounds, WEEK_METRIC, translator)
    for number, text in enumerate(texts, 1):
        bottom = top + LEGEND_ROW * number - 4
        high = SWATCH * number / len(texts)
        picture.add(Rect(MARGIN, bottom - high, SWATCH, high, _bar_role(number)))
        picture.add(Words(MARGIN + SWATCH + 8, bottom - 1, text, SMALL))
    picture.height = top + LEGEND_ROW * len(texts)
    how = translator.gettext(
        "The higher a bar, the higher the median download of this hour of the weekday. Hatched:"
        " fewer than {n} effective samples, or of too few people to publish.",
        n=source.minimum,
    )
    return end(picture, str(how), source, translator)


def _bar_role(number: int) -> str:
    """Return the role of a class where its height says it: the palest would hardly be seen."""
    return f"class{max(number, DARK_TEXT)}"
