"""Pictures of a unit's speeds: quantiles by operator and technology, months, hours of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product
from typing import Any

from backend.accounts.access import PUBLIC, Actor
from backend.clock import local_day
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics.answers import SpeedStatistics
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.intervals import Estimate
from backend.coverage.statistics.release_rules import COUNTRY_PROVINCES
from backend.coverage.statistics.service import released_months, unit_hours, unit_statistics
from backend.coverage.statistics.stored import Spread
from backend.database.extensions import setting
from backend.drawing import draw as draw_template
from backend.drawing import ticks
from backend.web.site.pages import Translator
from backend.web.site.schemas import PICTURE_METRICS

Item = Mapping[str, Any]

GENERATIONS = ("4G", "5G")
# The largest operators; the table of the page has all of them.
MAX_OPERATORS = 5
MONTHS = 12
# Steps of a cell by its share of the largest: bars that grow, in two colours.
STEPS = (0.25, 0.5, 0.75, 1.0)
HATCHED = (1.0, "hatched")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a picture and of its table: an operator and technology."""

    name: str
    item: Item


@dataclass(frozen=True, slots=True)
class Month:
    """The medians of a month by technology; None: too few samples, or not published."""

    month: str
    medians: dict[str | None, Estimate | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """A median with its limits, and the range from p10 to p90."""

    median: float
    limits: tuple[float, float]
    range: tuple[float, float] | None

    @property
    def furthest(self) -> float:
        """The largest of them."""
        values: list[float] = [self.median, *self.limits, *(self.range or ())]
        return max(values)


@dataclass(frozen=True, slots=True)
class Source:
    """What the lines above and below a picture say."""

    unit: str
    month: str
    network: str
    n: int
    devices: int | None
    released: date
    demo: bool
    minimum: int = 30  # the least effective n of a median


def pictured(
    month: UnitMonth, items: Sequence[Item], actor: Actor, translator: Translator
) -> dict[str, Any]:
    """Return what pictures show of a month and of those before it, as tables."""
    rows = rows_of(items, month.network, translator)
    metrics = [one for one in PICTURE_METRICS if any(row.item[one] for row in rows)]
    few = month.unit is None and not items
    medians = [] if few else months_of(released_months(month, actor, MONTHS), "download_mbps")
    return {"rows": rows, "medians": medians, "metrics": metrics}


def rows_of(items: Sequence[Item], network: str, translator: Translator) -> list[Row]:
    """Return the totals and the largest operators, mobile ones with 4G and 5G apart."""
    by_key = {(one["operator"], one["technology"]): one for one in items}
    totals = [one for one in items if one["operator"] and not one["technology"]]
    named = [one for one in totals if one["operator"] != "unknown"]
    largest = sorted(named, key=lambda one: -one["n"])[:MAX_OPERATORS]
    operators = (None, *(one["operator"] for one in largest))
    mobile = network == "mobile"
    keys: list[tuple[str | None, str | None]] = [(None, None)] if mobile else []
    keys += product(operators, GENERATIONS if mobile else (None,))
    everybody = str(translator.gettext("All operators"))
    return [
        Row(" · ".join(filter(None, (operator or everybody, technology))), row)
        for operator, technology in keys
        if (row := by_key.get((operator, technology)))
    ]


def draw(
    kind: str, month: UnitMonth, metric: str, actor: Actor, translator: Translator
) -> str | None:
    """Draw a picture of a unit's release, the same for everybody; None without figures.

    It travels on without the page: so it shows no figures that the public does not see, and no
    country of few provinces.
    """
    statistics = unit_statistics(month, PUBLIC)
    source = source_in(month, statistics, translator)
    if source is None:
        return None
    if kind == "week":
        hours = unit_hours(month, PUBLIC)["hours"]
        return draw_week(hours, source, translator) if hours else None
    if is_part_of_country(statistics):
        return None
    if kind == "months":
        months = months_of(released_months(month, actor, MONTHS), metric)
        return draw_months(months, metric, source, translator) if months else None
    rows = rows_of(statistics["items"], month.network, translator)
    return draw_speeds(rows, metric, source, translator)


def is_part_of_country(statistics: SpeedStatistics) -> bool:
    """Return whether figures of the country rest on too few provinces to speak of it."""
    provinces = statistics["provinces"]
    return provinces is not None and provinces < COUNTRY_PROVINCES


def draw_picture(
    kind: str, title: Any, described: Sequence[str], translator: Translator, **values: Any
) -> str:
    """Return the SVG of a template of pictures, described for readers who do not see it."""
    values |= {"title": str(title), "described": "; ".join(described)}
    return draw_template(f"web/pictures/{kind}.svg", **translator.template_values(), **values)


def source_in(
    month: UnitMonth,
    statistics: Item,
    translator: Translator,
    operator: str | None = None,
    technology: str | None = None,
) -> Source | None:
    """Return the source of a release's operator and technology, by default of all; None without."""
    wanted = operator, technology
    items = statistics["items"]
    row = next((o for o in items if (o["operator"], o["technology"]) == wanted), None)
    made_at = (statistics["release"] or {}).get("made_at")
    if row is None or made_at is None:
        return None
    released = local_day(datetime.fromisoformat(made_at))
    return source_of(month, row, released, translator, demo=statistics["demo"])


def source_of(
    month: UnitMonth,
    row: Mapping[str, Any],
    released: date,
    translator: Translator,
    *,
    demo: bool,
) -> Source:
    """Return what the lines of a picture say of the samples of a row."""
    return Source(
        place_name(month, translator),
        translator.month(month.month),
        str(translator.label("network", month.network)),
        row["n"],
        row["devices"],
        released,
        demo,
        setting("MINIMUM_N"),
    )


def place_name(month: UnitMonth, translator: Translator) -> str:
    """Return the name of a unit, or of the country."""
    return month.unit.name if month.unit else str(translator.gettext("The whole country"))


def draw_speeds(
    rows: Sequence[Row], metric: str, source: Source, translator: Translator
) -> str | None:
    """Draw bars from p10 to p90 with the median and its interval; None without any median."""
    bars = [
        (row.name, _figures(row, row.item[metric], translator), _bar(row.item[metric]))
        for row in rows
    ]
    known = [bar for *_, bar in bars if bar]
    if not known:
        return None
    unit = unit_of_metric(metric)
    lines = [f"{name}: {figures}" for name, figures, _ in bars]
    return draw_picture(
        "speeds",
        translator.gettext(
            "{metric} by operator and technology",
            metric=translator.label("picture_metric", metric),
        ),
        [f"{translator.gettext('Median')} ({unit}). {lines[0]}", *lines[1:]],
        translator,
        source=source,
        bars=bars,
        unit=unit,
        marks=ticks(max(bar.furthest for bar in known)),
    )


def _bar(spread: Spread | None) -> Bar | None:
    if spread is None:
        return None
    median, p10, p90 = leading(spread), spread["p10"], spread["p90"]
    return Bar(
        median.value, (median.low, median.high), None if p10 is None or p90 is None else (p10, p90)
    )


def _figures(row: Row, spread: Spread | None, translator: Translator) -> str:
    if spread is None:
        n = translator.ngettext("{n} sample", "{n} samples", row.item["n"])
        return str(translator.gettext("not enough samples") + f" ({n})")
    return f"{median_text(leading(spread), translator)}, n = {translator.number(spread['n'])}"


def median_text(median: Estimate, translator: Translator) -> str:
    """Return a median with its interval."""
    return f"{translator.decimal(median.value)} ({translator.span(median.low, median.high)})"


def unit_of_metric(metric: str) -> str:
    """Return the unit of a metric as pages write it."""
    return "ms" if metric.endswith("_ms") else "Mbps"


def months_of(months: Sequence[tuple[str, Sequence[Item]]], metric: str) -> list[Month]:
    """Return the medians of months, of 4G and 5G apart where there are any.

    Empty where fewer than two months have a median.
    """
    names: tuple[str | None, ...] = GENERATIONS
    if all(one["technology"] not in GENERATIONS for _, items in months for one in items):
        names = (None,)
    found = []
    for month, items in months:
        spreads = {one["technology"]: one[metric] for one in items}
        given = {name: spreads.get(name) for name in names}
        found.append(Month(month, {name: one and leading(one) for name, one in given.items()}))
    return found if sum(any(one.medians.values()) for one in found) > 1 else []


def draw_months(
    months: Sequence[Month], metric: str, source: Source, translator: Translator
) -> str:
    """Draw the median of each month with its interval, 4G and 5G apart on mobile networks."""
    known = [
        (f"{translator.month(one.month)} {technology or ''}".strip(), median)
        for one in months
        for technology, median in one.medians.items()
        if median
    ]
    return draw_picture(
        "months",
        translator.gettext(
            "{median}, month by month", median=translator.label("median_map", metric)
        ),
        [f"{name}: {median_text(median, translator)}" for name, median in known],
        translator,
        source=source,
        months=months,
        unit=unit_of_metric(metric),
        marks=ticks(max(max(one.value, one.high) for _, one in known)),
    )


def draw_week(hours: Sequence[Sequence[int]], source: Source, translator: Translator) -> str:
    """Draw the counted samples of each hour of the week as bars that grow with them."""
    largest = max(map(max, hours)) or 1

    def bar(n: int) -> tuple[float, str]:
        number = next(at for at, step in enumerate(STEPS, 1) if n <= step * largest)
        return number / len(STEPS), "pale" if number <= len(STEPS) // 2 else "accent"

    return draw_picture(
        "week",
        translator.gettext("Counted samples by hour and weekday"),
        [
            f"{translator.label('weekday_short', str(day))}: {translator.number(sum(row))}"
            for day, row in enumerate(hours, 1)
        ],
        translator,
        source=source,
        largest=largest,
        bars=[[bar(n) if n else HATCHED for n in row] for row in hours],
    )
