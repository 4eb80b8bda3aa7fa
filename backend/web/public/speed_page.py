"""The page of a map of speeds, and its picture: what they show to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day, month_end, this_month
from backend.coverage.figures.service import months_with_data
from backend.coverage.figures.unit_access import UnitMonth, unit_month
from backend.coverage.statistics.release_rules import due_day
from backend.coverage.statistics.released import latest_release
from backend.coverage.statistics.service import released_week, unit_statistics
from backend.coverage.statistics.unit_medians import (
    Choice,
    Medians,
    UnitMedian,
    changes,
    medians_inside,
)
from backend.errors import Problem, invalid
from backend.measurements.recording.operators import known_operator
from backend.units.catalogue import system_on
from backend.web.public.service import first_shown
from backend.web.public.speed_maps import draw_changes, draw_medians, draw_week_medians, drawing_of
from backend.web.public.speed_pictures import Pictures, pictured, source_of
from backend.web.site.pages import Translator
from backend.web.site.schemas import PICTURE_METRICS

Query = Mapping[str, Any]
Item = dict[str, Any]
Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A unit of the table: its median now and before, and whether they differ."""

    median: UnitMedian
    before: UnitMedian | None
    result: str | None


@dataclass(frozen=True, slots=True)
class SpeedPage:
    """A map of medians and its table, with what can be chosen."""

    month: UnitMonth
    query: Query
    whole: Item | None  # the row of the choice of the whole unit
    rows: list[Row]
    live: bool
    computed_at: datetime | None  # of live figures of the whole unit
    released: date | None
    demo: bool
    minimum: int
    week: list[list[Item | None]] | None  # released medians by weekday and hour
    due: date  # of the release
    # What can be chosen: values with their texts; months are those of the same units.
    months: list[Option]
    earlier: list[Option]
    metrics: list[Option]
    operators: list[Option]
    pictures: Pictures | None  # of the country; units have them on their own page

    @property
    def drawn(self) -> bool:
        """Whether any unit has a median, or a result where months are compared."""
        if self.query["before"]:
            return any(row.result for row in self.rows)
        return any(row.median.spread for row in self.rows)


def show_speeds(
    code: str | None, query: Query, actor: Actor, translator: Translator, now: datetime
) -> SpeedPage:
    """Return the page of a unit's units, or of the provinces."""
    months = months_with_data(local_day(now))
    month = _month_of(code, query, months, actor, now)
    query = {**query, "month": month.month}
    before = _check(query, month)
    statistics = unit_statistics(month, actor)
    items, found_at = statistics["items"], statistics["found_at"]
    found, earlier, results = _read(month, before, query, actor)
    rows = [Row(one, earlier.get(code), results.get(code)) for code, one in found.units.items()]
    own = system_on(month_end(month.month))
    same = [(o, translator.month(o)) for o in months if system_on(month_end(o)) == own]
    named = {one["operator"] for one in items} - {None, "unknown"}
    return SpeedPage(
        month=month,
        query=query,
        whole=_row(items, query),
        rows=rows,
        live=found.live,
        computed_at=datetime.fromisoformat(found_at) if found.live and found_at else None,
        released=found.released and local_day(found.released),
        demo=statistics["demo"],
        minimum=statistics["minimum_n"],
        week=week[0] if (week := released_week(month)) else None,
        due=due_day(month.month),
        months=same,
        earlier=[one for one in same if one[0] < month.month],
        metrics=[(one, str(translator.label("picture_metric", one))) for one in PICTURE_METRICS],
        operators=[(one, one) for one in sorted(named)],
        pictures=None if month.unit else pictured(month, items, actor, translator),
    )


def draw_speed_map(
    code: str | None,
    query: Query,
    actor: Actor,
    translator: Translator,
    now: datetime,
) -> str:
    """Draw the map of a page; 404 where it has no figures or no outlines."""
    month = unit_month(code, query["level"], query["month"], query["network"], now, actor)
    before = _check(query, month)
    if month.unit and month.unit.level == "commune":  # it has no units
        raise Problem(404, "not_found")
    drawing = drawing_of(month)
    statistics = unit_statistics(month, actor)
    whole = _row(statistics["items"], query)
    found, _, results = _read(month, before, query, actor)
    shown = any(results.values()) if before else any(o.spread for o in found.units.values())
    if drawing is None or whole is None or not shown:
        raise Problem(404, "not_found")
    released = found.released and local_day(found.released)
    source = source_of(month, whole, released, translator, demo=statistics["demo"])
    title = title_of(query, translator)
    if before:
        name = translator.month(before.month)
        return draw_changes(drawing, found.units, results, title, name, source, translator)
    metric, network = query["metric"], query["network"]
    return draw_medians(drawing, found.units, metric, network, title, source, translator)


def draw_hours(
    code: str | None, query: Query, actor: Actor, translator: Translator, now: datetime
) -> str:
    """Draw the released median download of each hour of the week; 404 without any."""
    month = unit_month(code, query["level"], query["month"], query["network"], now, actor)
    found = released_week(month)
    if found is None:
        raise Problem(404, "not_found")
    week, made_at, whole = found
    demo = month.serialize()["demo"]
    source = source_of(month, whole, local_day(made_at), translator, demo=demo)
    return draw_week_medians(week, month.network, source, translator)


def title_of(query: Query, translator: Translator) -> str:
    """Return the title of a map: metric, operator and technology."""
    metric = translator.label("median_map", query["metric"])
    return " · ".join(filter(None, (str(metric), query["operator"], query["technology"])))


def _month_of(
    code: str | None, query: Query, months: Sequence[str], actor: Actor, now: datetime
) -> UnitMonth:
    """Return the month of a query, by default the newest released one in which the unit exists."""
    level, network = query["level"], query["network"]
    if query["month"]:
        return unit_month(code, level, query["month"], network, now, actor)
    release = latest_release(months)
    return first_shown(
        [*([release.month] if release else []), *months, this_month(now)],
        lambda month: unit_month(code, level, month, network, now, actor),
    )


def _check(query: Query, month: UnitMonth) -> UnitMonth | None:
    """Return the month to compare with; 422 for one of other units."""
    operator, before = query["operator"], query["before"]
    if operator and known_operator(query["network"], operator) != operator:
        raise invalid("operator", "not_one_of")
    if not before:
        return None
    if before >= month.month:
        raise invalid("before", "out_of_range")
    if system_on(month_end(before)) != system_on(month_end(month.month)):
        raise invalid("before", "not_one_of")
    return UnitMonth(before, month.network, month.unit, month.boundaries)


def _read(
    month: UnitMonth, before: UnitMonth | None, query: Query, actor: Actor
) -> tuple[Medians, dict[str, UnitMedian], dict[str, str | None]]:
    choice = Choice(query["metric"], query["operator"], query["technology"])
    found = medians_inside(month, choice, actor)
    if before is None:
        return found, {}, {}
    earlier = medians_inside(before, choice, actor).units
    # A total also moves with who measures; lines have no technology.
    alike = query["operator"] and (query["technology"] or query["network"] == "fixed")
    return found, earlier, changes(earlier, found.units) if alike else {}


def _row(items: Sequence[Item], query: Query) -> Item | None:
    wanted = query["operator"], query["technology"]
    return next((o for o in items if (o["operator"], o["technology"]) == wanted), None)
