"""Pictures of a unit's speeds: quantiles by operator and technology, months, hours of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.intervals import Estimate
from backend.coverage.statistics.release import DAY_HOURS
from backend.coverage.statistics.service import unit_hours, unit_months, unit_statistics
from backend.database.extensions import setting
from backend.drawing import ticks
from backend.web.site.pages import Translator
from backend.web.site.pictures import (
    BOLD,
    MARGIN,
    SMALL,
    TEXT,
    TITLE,
    WIDTH,
    Line,
    Picture,
    Rect,
    Words,
)

Item = dict[str, Any]

KINDS = ("speeds", "months", "week")
LICENCE = "CC BY 4.0"
GENERATIONS = ("4G", "5G")
# The largest operators; the table of the page has all of them.
OPERATORS_MOST = 5
ROW, BAR, BAND = 42.0, 14.0, 8.0  # heights
MONTHS = 12
PLOT, AXIS = 150.0, 34.0  # height of the plot of months, width of its axis
MARK = 7.0
CELL_HEIGHT, DAY_WIDTH = 19.0, 30.0
# Steps of a cell by its share of the largest: squares that grow, in two colours.
STEPS = (0.25, 0.5, 0.75, 1.0)


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
class Source:
    """What the lines below a picture say."""

    unit: str
    month: str
    network: str
    n: int
    devices: int | None
    released: date | None  # None: exact and live, or counts that are always public
    demo: bool
    minimum: int = 30  # the least effective n of a median


def rows_of(items: Sequence[Item], network: str, translator: Translator) -> list[Row]:
    """Return the totals and the largest operators, mobile ones with 4G and 5G apart."""
    by_key = {(one["operator"], one["technology"]): one for one in items}
    operators = sorted(
        (
            one
            for one in items
            if one["operator"] not in (None, "unknown") and not one["technology"]
        ),
        key=lambda one: -one["n"],
    )[:OPERATORS_MOST]
    names = [
        (None, translator.gettext("All operators")),
        *((o["operator"],) * 2 for o in operators),
    ]
    kinds = (*((one, one) for one in GENERATIONS),) if network == "mobile" else ((None, None),)
    keys = [(None, None)] * (network == "mobile") + [
        (operator, technology) for operator, _ in names for technology, _ in kinds
    ]
    called = dict(names)
    return [
        Row(" · ".join(filter(None, (str(called[key[0]]), key[1]))), by_key[key])
        for key in keys
        if key in by_key
    ]


def draw(
    kind: str, month: UnitMonth, metric: str, actor: Actor, translator: Translator
) -> Picture | None:
    """Draw a picture of a unit's month as an actor may see it; None without figures."""
    statistics = unit_statistics(month, actor)
    whole = next((o for o in statistics["items"] if not (o["operator"] or o["technology"])), None)
    release = statistics["release"] or {"made_at": None}
    if whole is None:
        return None
    released = release["made_at"] and local_day(datetime.fromisoformat(release["made_at"]))
    source = source_of(month, whole, released, translator, demo=statistics["demo"])
    if kind == "week":
        hours = unit_hours(month, actor)["hours"]
        return draw_week(hours, source, translator) if hours else None
    if kind == "months":
        months = months_of(unit_months(month, actor, MONTHS), metric)
        return draw_months(months, metric, source, translator) if months else None
    rows = rows_of(statistics["items"], month.network, translator)
    return draw_speeds(rows, metric, source, translator)


def source_of(
    month: UnitMonth,
    row: Mapping[str, Any],
    released: date | None,
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


def begin(title: str, description: str, source: Source, translator: Translator) -> Picture:
    return head(
        title, description, (source.unit, source.month, source.network), translator,
        demo=source.demo,
    )  # fmt: skip


def head(
    title: str,
    description: str,
    about: tuple[str, str, str],
    translator: Translator,
    *,
    demo: bool,
) -> Picture:
    """Begin a picture with its title and what it is about: unit, month as MM/YYYY, network."""
    unit, month, network = about
    picture = Picture(f"{title}, {unit}, {month}", description)
    picture.write(title, TITLE, "ink", BOLD)
    named = translator.gettext("Month {month}", month=month)
    picture.write(f"{unit} · {named} · {network}", TEXT)
    if demo:
        picture.write(str(translator.gettext("SAMPLE DATA, not real")), TEXT, "demo", BOLD)
    picture.space(8)
    return picture


def end(picture: Picture, how: str, source: Source, translator: Translator) -> Picture:
    picture.space(4)
    picture.write(how)
    samples = translator.ngettext("{n} counted sample", "{n} counted samples", source.n)
    devices = ""
    if source.devices is not None:
        devices = ", " + translator.ngettext("{n} device", "{n} devices", source.devices)
    status = (
        translator.gettext("published on {day}, {licence}", day=translator.day(source.released),
                           licence=LICENCE)
        if source.released
        else translator.gettext("live figures, not published")
    )  # fmt: skip
    picture.write(str(translator.gettext("Source: Đo Sóng; {of}; {status}.", of=samples + devices,
                                         status=status)))  # fmt: skip
    return picture


def draw_speeds(
    rows: Sequence[Row], metric: str, source: Source, translator: Translator
) -> Picture | None:
    """Draw bars from p10 to p90 with the median and its interval; None without any median."""
    spreads = [(row, row.item[metric]) for row in rows]
    known = [spread for _, spread in spreads if spread]
    if not known:
        return None
    title = str(translator.label("picture_speeds", metric))
    picture = begin(title, _described(spreads, metric, translator), source, translator)
    marks = ticks(max(_furthest(spread) for spread in known))
    width = WIDTH - 2 * MARGIN

    def at(value: float) -> float:
        return MARGIN + width * value / marks[-1]

    top = picture.height + SMALL + 6
    bottom = top + ROW * len(spreads)
    for mark in marks:
        anchor = "start" if mark == 0 else "end" if mark == marks[-1] else "middle"
        text = translator.number(mark)
        if mark == 0:
            text += f" {unit_of_metric(metric)}"
        picture.add(
            Line((at(mark), top), (at(mark), bottom), "line"),
            Words(at(mark), top - 5, text, SMALL, "soft", anchor=anchor),
        )
    for number, (row, spread) in enumerate(spreads):
        y = top + ROW * number + 16
        picture.add(Words(MARGIN, y, row.name, TEXT, weight=BOLD))
        picture.add(*_bar(y + 5, spread, at, translator))
        picture.add(Words(WIDTH - MARGIN, y, _figures(row, spread, translator), SMALL, "soft",
                          anchor="end"))  # fmt: skip
    picture.height = bottom
    how = translator.gettext(
        "Pale bar: the middle four fifths of the samples, without the lowest and the highest"
        " tenth. Dark line: median; dark band: its confidence interval (95 %). Hatched: not enough"
        " samples."
    )
    return end(picture, str(how), source, translator)


def _bar(y: float, spread: Mapping[str, Any] | None, at: Any, translator: Translator) -> list[Any]:
    if spread is None:
        return [Rect(MARGIN, y, 60, BAR, "soft", hatched=True)]
    median, shapes = leading(spread), []
    if spread["p10"] is not None and spread["p90"] is not None:
        left, right = at(spread["p10"]), at(spread["p90"])
        shapes.append(Rect(left, y, right - left, BAR, "pale"))
    if limits := _limits(median):
        left, right = map(at, limits)
        shapes.append(Rect(left, y + (BAR - BAND) / 2, right - left, BAND, "accent"))
    x = at(median.value)
    return [*shapes, Line((x, y - 2), (x, y + BAR + 2), "ink", 2.5)]


def _figures(row: Row, spread: Mapping[str, Any] | None, translator: Translator) -> str:
    if spread is None:
        n = translator.ngettext("{n} sample", "{n} samples", row.item["n"])
        return str(translator.gettext("not enough samples") + f" ({n})")
    return f"{median_text(leading(spread), translator)}, n = {translator.number(spread['n'])}"


def median_text(median: Estimate, translator: Translator) -> str:
    """Return a median with its interval, which releases before version 1.1 lack."""
    text = translator.decimal(median.value)
    limits = _limits(median)
    return f"{text} ({translator.span(*limits)})" if limits else text


def _limits(median: Estimate) -> tuple[float, float] | None:
    low: float | None = median.low
    high: float | None = median.high
    return None if low is None or high is None else (low, high)


def _furthest(spread: Mapping[str, Any]) -> float:
    median = leading(spread)
    return max(spread["p90"] or 0, *(_limits(median) or ()), median.value)


def _described(spreads: Sequence[tuple[Row, Any]], metric: str, translator: Translator) -> str:
    lines = [f"{row.name}: {_figures(row, spread, translator)}" for row, spread in spreads]
    return f"{translator.gettext('Median')} ({unit_of_metric(metric)}). " + "; ".join(lines)


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
) -> Picture:
    """Draw the median of each month with its interval, 4G and 5G apart on mobile networks."""
    series = tuple(months[0].medians)
    title = str(translator.label("picture_months", metric))
    lines = [
        f"{translator.month(one.month)} {technology or ''}".strip()
        + f": {median_text(median, translator)}"
        for one in months
        for technology, median in one.medians.items()
        if median
    ]
    picture = begin(title, "; ".join(lines), source, translator)
    known = [median for one in months for median in one.medians.values() if median]
    marks = ticks(max(max([one.value, *(_limits(one) or ())]) for one in known))
    top = picture.height + SMALL + 8
    bottom, left = top + PLOT, MARGIN + AXIS
    for mark in marks:
        y = bottom - PLOT * mark / marks[-1]
        picture.add(
            Line((left, y), (WIDTH - MARGIN, y), "line"),
            Words(left - 5, y + 4, translator.number(mark), SMALL, "soft", anchor="end"),
        )
    picture.add(Words(MARGIN, top - 9, unit_of_metric(metric), SMALL, "soft"))
    step = (WIDTH - MARGIN - left) / len(months)
    for number, (month, medians) in enumerate((one.month, one.medians) for one in months):
        middle = left + step * (number + 0.5)
        picture.add(Words(middle, bottom + 14, month[5:], SMALL, "soft", anchor="middle"))
        first = number == 0 and not months[1].month.endswith("-01")
        if first or month.endswith("-01"):
            picture.add(Words(middle, bottom + 27, month[:4], SMALL, "soft", anchor="middle"))
        for place, technology in enumerate(series):
            one = medians[technology]
            x = middle + step * (place - (len(series) - 1) / 2) / 2.2
            if one is None:
                picture.add(Rect(x - 3, bottom - 8, 6, 8, "soft", hatched=True))
                continue
            y = bottom - PLOT * one.value / marks[-1]
            if limits := _limits(one):
                ends = [(x, bottom - PLOT * limit / marks[-1]) for limit in limits]
                picture.add(Line(ends[0], ends[1], "accent" if place == 0 else "ink", 2))
            # A square for the first series, a flat bar for the second: not by colour alone.
            high = MARK if place == 0 else MARK / 2
            role = "accent" if place == 0 else "ink"
            picture.add(Rect(x - MARK / 2, y - high / 2, MARK, high, role))
    picture.height = bottom + 30
    named = ""
    if len(series) > 1:
        named = str(translator.gettext("Square: 4G; flat mark: 5G.")) + " "
    how = translator.gettext(
        "Line: confidence interval of the median (95 %); where two lines overlap, the months may"
        " not differ. Hatched: not enough samples, or not published."
    )
    return end(picture, named + str(how), source, translator)


def draw_week(hours: Sequence[Sequence[int]], source: Source, translator: Translator) -> Picture:
    """Draw the counted samples of each hour of the week as squares that grow with them."""
    largest = max(map(max, hours)) or 1
    days = [str(translator.label("weekday_short", str(day))) for day in range(1, 8)]
    title = str(translator.gettext("Counted samples by hour and weekday"))
    sums = [f"{day}: {translator.number(sum(row))}" for day, row in zip(days, hours, strict=True)]
    picture = begin(title, "; ".join(sums), source, translator)
    grid = WeekGrid(picture, days)
    for day, row in enumerate(hours):
        for hour, n in enumerate(row):
            if not n:
                grid.hatch(day, hour)
                continue
            number = next(at for at, step in enumerate(STEPS, 1) if n <= step * largest)
            role = "pale" if number <= len(STEPS) // 2 else "accent"
            grid.bar(day, hour, number / len(STEPS), role)
    grid.close()
    how = translator.ngettext(
        "The higher a bar, the more samples in this hour of the weekday: a full one stands for up"
        " to {n} sample. Hatched: none.",
        "The higher a bar, the more samples in this hour of the weekday: a full one stands for up"
        " to {n} samples. Hatched: none.",
        largest,
    )
    return end(picture, str(how), source, translator)


class WeekGrid:
    """A row for each weekday with a bar for each hour, below what a picture has so far."""

    def __init__(self, picture: Picture, days: Sequence[str]) -> None:
        self._picture, self._rows = picture, len(days)
        self._top, self._left = picture.height + SMALL + 6, MARGIN + DAY_WIDTH
        self._wide = (WIDTH - MARGIN - self._left) / DAY_HOURS
        for hour in range(0, DAY_HOURS, 6):
            x = self._left + self._wide * hour
            picture.add(Words(x, self._top - 5, f"{hour}h", SMALL, "soft"))
        for place, day in enumerate(days):
            picture.add(Words(MARGIN, self._top + CELL_HEIGHT * place + 14, day, SMALL))

    def hatch(self, day: int, hour: int) -> None:
        """Mark an hour without a figure."""
        self._add(day, hour, 1.0, "soft", hatched=True)

    def bar(self, day: int, hour: int, share: float, role: str) -> None:
        """Draw a bar that fills a share of the height of its row."""
        self._add(day, hour, share, role, hatched=False)

    def close(self) -> None:
        """Go on below the grid."""
        self._picture.height = self._top + CELL_HEIGHT * self._rows + 2

    def _add(self, day: int, hour: int, share: float, role: str, *, hatched: bool) -> None:
        high = (CELL_HEIGHT - 2) * share
        bottom = self._top + CELL_HEIGHT * (day + 1) - 1
        x = self._left + self._wide * hour + 0.5
        self._picture.add(Rect(x, bottom - high, self._wide - 1, high, role, hatched))
