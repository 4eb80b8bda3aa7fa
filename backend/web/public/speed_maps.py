"""Pictures of medians in classes: by unit, what changed since another month, by hour."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from backend.canvas import COUNTRY_BOX, Canvas
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics.answers import HourMedian, Week
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.quantiles import BANDS_MBPS
from backend.coverage.statistics.unit_medians import HIGHER, LOWER, SAME, UnitMedian
from backend.coverage.statistics.week_medians import METRIC as WEEK_METRIC
from backend.drawing import text_width
from backend.units import outlines
from backend.units.outlines import AT_SEA
from backend.web.maps.drawing import sea_on
from backend.web.maps.labels import overlap
from backend.web.public.speed_pictures import (
    HATCHED,
    Source,
    draw_picture,
    median_text,
    unit_of_metric,
)
from backend.web.site.pages import Translator

# Lower bounds of the classes from the second on. Downloads on mobile networks have VNNIC's.
CLASSES: dict[tuple[str, str], tuple[int, ...]] = {
    ("download_mbps", "mobile"): BANDS_MBPS,
    ("download_mbps", "fixed"): (60, 120, 180, 240, 300),
    ("upload_mbps", "mobile"): (10, 20, 30, 40, 60),
    ("upload_mbps", "fixed"): (30, 60, 120, 180, 240),
}
LATENCY_CLASSES = (20, 30, 40, 60, 100)
LOADED_CLASSES = (50, 100, 150, 250, 400)

# Width and height of the map at most, in units of the picture.
MAX_WIDTH, MAX_HEIGHT = 336.0, 430.0
LABEL_SIZES = (11, 9)
# A figure may be this much wider than its unit: over a border it is still read as its figure.
OVERHANG = 1.2
# Classes with dark text; the darker ones have light text.
DARK_TEXT = 3
SIGNS = {HIGHER: "+", LOWER: "−", SAME: "="}
ROLES = {HIGHER: "class5", LOWER: "class3", SAME: "class1"}


Class = tuple[str, str]  # its role, and what the legend says
FEW = HATCHED[1]


def bounds_of(metric: str, network: str) -> tuple[int, ...]:
    """Return the lower bounds of the classes of a metric, from the second on."""
    if metric == "ping_ms":
        return LATENCY_CLASSES
    return CLASSES.get((metric, network), LOADED_CLASSES)


def class_of(value: float, bounds: Sequence[int]) -> int:
    """Return the number of the class of a median, from 1 on."""
    return 1 + sum(value >= bound for bound in bounds)


def drawing_of(month: UnitMonth) -> outlines.Drawing | None:
    """Return the outlines of the provinces, or of the communes of a unit; None without any."""
    if month.boundaries is None:
        return None
    if month.unit is None:
        return outlines.country(month.boundaries)
    return outlines.inside(month.boundaries, month.unit)


def draw_medians(
    drawing: outlines.Drawing,
    units: Mapping[str, UnitMedian],
    metric: str,
    network: str,
    title: str,
    source: Source,
    translator: Translator,
) -> str:
    """Draw the median of each unit in classes, with its figure where there is room."""
    bounds = bounds_of(metric, network)
    medians = {code: leading(one.spread).value for code, one in units.items() if one.spread}
    return _draw(
        drawing,
        units,
        {code: f"class{class_of(value, bounds)}" for code, value in medians.items()},
        {code: translator.number(round(value)) for code, value in medians.items()},
        class_texts(bounds, metric, translator),
        title,
        [f"{o.unit.name}: {figure_text(o, translator)}" for o in units.values() if o.spread],
        translator,
        source=source,
        unit=unit_of_metric(metric),
        before=None,
    )


def draw_changes(
    drawing: outlines.Drawing,
    units: Mapping[str, UnitMedian],
    results: Mapping[str, str | None],
    title: str,
    before: str,
    source: Source,
    translator: Translator,
) -> str:
    """Draw whether the median of each unit differs from that of another month beyond chance."""
    known = {code: result for code, result in results.items() if result}
    names = {one: str(translator.label("median_change", one)) for one in (HIGHER, SAME, LOWER)}
    return _draw(
        drawing,
        units,
        {code: ROLES[result] for code, result in known.items()},
        {code: SIGNS[result] for code, result in known.items()},
        [(ROLES[one], f"{SIGNS[one]}  {name}") for one, name in names.items()],
        title,
        [f"{units[code].unit.name}: {names[result]}" for code, result in known.items()],
        translator,
        source=source,
        before=before,
    )


def _draw(
    drawing: outlines.Drawing,
    units: Mapping[str, UnitMedian],
    roles: Mapping[str, str],
    labels: Mapping[str, str],
    classes: Sequence[Class],
    title: str,
    described: Sequence[str],
    translator: Translator,
    **values: object,
) -> str:
    """Draw units by their roles, and a legend that says the number of units of each class."""
    counts = Counter(roles.get(code, FEW) for code in units)
    classes = [*classes, (FEW, str(translator.gettext("not enough samples")))]
    legend = [
        (role, f"{text}: {translator.ngettext('{n} unit', '{n} units', counts[role])}")
        for role, text in classes
    ]
    ground = make_ground(
        drawing, lambda code: roles.get(code, FEW), lambda code: labels.get(code, "")
    )
    values |= {"ground": ground, "classes": legend}
    return draw_picture("medians", title, described, translator, **values)


def class_texts(bounds: Sequence[int], metric: str, translator: Translator) -> list[Class]:
    """Return the roles of the classes of a map and what they say, the lowest first."""
    unit, number = unit_of_metric(metric), translator.number
    texts = [
        translator.gettext("below {high} {unit}", high=number(bounds[0]), unit=unit),
        *(
            translator.gettext("{low} to below {high} {unit}", low=number(low),
                               high=number(high), unit=unit)
            for low, high in pairwise(bounds)
        ),
        translator.gettext("{low} {unit} and more", low=number(bounds[-1]), unit=unit),
    ]  # fmt: skip
    return [(f"class{number}", str(text)) for number, text in enumerate(texts, 1)]


def figure_text(one: UnitMedian, translator: Translator) -> str:
    """Return a median with its interval."""
    assert one.spread
    return median_text(leading(one.spread), translator)


def make_ground(
    drawing: outlines.Drawing,
    role: Callable[[str], str],
    label: Callable[[str], str],
    over: Sequence[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return units with their roles and the labels that fit, the widest units first."""
    scale = min(MAX_WIDTH / drawing.width, MAX_HEIGHT / drawing.height)
    paths = {code: path for code, path in drawing.paths.items() if code not in AT_SEA}
    positions = {
        code: position for code, position in drawing.label_positions.items() if code in paths
    }
    parts: dict[str, str] = {}
    for code, path in paths.items():
        parts[role(code)] = parts.get(role(code), "") + path
    labels: list[tuple[float, float, str, int, str]] = []
    taken: list[tuple[float, float, float, float]] = []
    for code, (left, top, wide) in sorted(
        positions.items(), key=lambda one: (-one[1].width, one[0])
    ):
        text, x, y = label(code), left * scale, top * scale
        for size in LABEL_SIZES if text else ():
            half = text_width(text, size, bold=True) / 2
            box = (x - half, y - size / 2, x + half, y + size / 2)
            fits = 2 * half <= wide * scale * OVERHANG
            if fits and not any(overlap(box, other) for other in taken):
                taken.append(box)
                labels.append((x, y + size * 0.36, text, size, _text_role(role(code))))
                break
    return {
        "drawing": drawing,
        "whole": drawing.box == COUNTRY_BOX,  # the country, with its islands
        "scale": scale,
        "sea": sea_on(Canvas(COUNTRY_BOX)),
        "parts": [*parts.items(), *over],  # role, and the path of what has it
        "labels": labels,  # place, text, size and role
    }


def _text_role(role: str) -> str:
    return "paper" if role[-1:].isdigit() and int(role[-1]) > DARK_TEXT else "ink"


def draw_week_medians(
    week: Week,
    network: str,
    source: Source,
    translator: Translator,
) -> str:
    """Draw the median download of each hour of the week as bars in the classes of maps."""
    bounds = bounds_of(WEEK_METRIC, network)

    def bar(one: HourMedian | None) -> tuple[float, str]:
        number = class_of(one["median"], bounds) if one else 0
        return (number / (len(bounds) + 1), _bar_role(number)) if one else HATCHED

    return draw_picture(
        "hours",
        translator.gettext("Median download by hour and weekday"),
        [
            f"{translator.label('weekday_short', str(day))} {hour}h:"
            f" {translator.decimal(one['median'])}"
            f" ({translator.span(one['median_low'], one['median_high'])})"
            for day, row in enumerate(week, 1)
            for hour, one in enumerate(row)
            if one
        ],
        translator,
        source=source,
        bars=[[bar(one) for one in row] for row in week],
        classes=[
            (_bar_role(number), text)
            for number, (_, text) in enumerate(class_texts(bounds, WEEK_METRIC, translator), 1)
        ],
    )


def _bar_role(number: int) -> str:
    """Return the role of a class where its height says it: the palest would hardly be seen."""
    return f"class{max(number, DARK_TEXT)}"
