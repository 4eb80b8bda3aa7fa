"""The page of network speeds: operators of a place, beside another place or month; its units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from backend.accounts.access import PUBLIC, Actor
from backend.clock import local_day, month_end, this_month
from backend.coverage.figures.service import CoverageQuery, coverage, months_with_data
from backend.coverage.figures.unit_access import UnitMonth, unit_month
from backend.coverage.no_connection.service import NETWORK as GAPS_NETWORK
from backend.coverage.no_connection.service import show_places
from backend.coverage.statistics.answers import SpeedRow, SpeedStatistics
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.iqb import LOADED_MS
from backend.coverage.statistics.public_speeds import public_groups
from backend.coverage.statistics.quantiles import LOADED
from backend.coverage.statistics.release_rules import (
    HOURS_VOLUNTEERS,
    ROW_VOLUNTEERS,
)
from backend.coverage.statistics.released import latest_release
from backend.coverage.statistics.service import released_week, unit_hours, unit_statistics
from backend.coverage.statistics.unit_medians import UnitMedian, changes, medians_inside
from backend.coverage.vnnic.ispeed import distance
from backend.database.extensions import setting
from backend.errors import Problem, invalid
from backend.measurements.recording.operators import known_operator
from backend.units.catalogue import system_on
from backend.units.index import unit_index
from backend.units.search import choose_units
from backend.web.public.service import first_shown
from backend.web.public.speed_maps import draw_changes, draw_medians, draw_week_medians, drawing_of
from backend.web.public.speed_pictures import is_part_of_country, pictured, source_in, source_of
from backend.web.site.pages import Translator
from backend.web.site.schemas import PICTURE_METRICS
from backend.witness.hosts import changed_months

Query = Mapping[str, Any]
Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperatorSpeeds:
    """The speeds of a place in a month by operator, as an actor may see them."""

    month: UnitMonth
    statistics: SpeedStatistics  # as the API answers; of a country of few provinces without rows
    totals: list[Item]  # over all technologies: all operators, then those with most samples
    # Operators and technologies that only officials of the area see: too few people measured.
    hidden: frozenset[tuple[str | None, str | None]]
    due: date | None  # of the release; None: exact and live
    released: date | None
    # Volunteers behind released figures.
    volunteers: ClassVar = {"hours": HOURS_VOLUNTEERS, "rows": ROW_VOLUNTEERS}

    @property
    def few_provinces(self) -> int | None:
        """The provinces with a median, where they are too few to speak of the country."""
        return self.statistics["provinces"] if is_part_of_country(self.statistics) else None

    def is_hidden(self, item: Item) -> bool:
        """Return whether only officials of the area see a row."""
        return (item["operator"], item["technology"]) in self.hidden

    @property
    def whole(self) -> Item | None:
        """The row of all operators."""
        return next((one for one in self.totals if one["operator"] is None), None)

    @property
    def computed_at(self) -> datetime | None:
        """When live figures were computed."""
        found_at = self.statistics["found_at"]
        return datetime.fromisoformat(found_at) if found_at else None

    @property
    def highest(self) -> float:
        """The end of the longest bar: a limit, or a median of a release that has no limits."""
        medians = [leading(one["download_mbps"]) for one in self.totals if one["download_mbps"]]
        return max((one.high or one.value for one in medians), default=0.0)

    @property
    def tied(self) -> bool:
        """Whether no operator is apart from another."""
        ranks = [one["rank"] for one in self.totals if one["rank"]]
        return len(ranks) > 1 and all(o["worst"] - o["best"] == o["of"] - 1 for o in ranks)

    @property
    def loaded(self) -> dict[str, Item]:
        """The latency of all samples, idle and under load; empty where nobody measured it."""
        whole = self.whole or {}
        if not any(whole.get(metric) for metric in LOADED):
            return {}
        return {metric: whole[metric] for metric in ("ping_ms", *LOADED) if whole[metric]}

    @property
    def references(self) -> list[Item]:
        """The share of samples that meet each reference, if its technology has enough."""
        rows = {one["technology"]: one for one in self.statistics["items"] if not one["operator"]}
        rated: list[Item] = []
        for one in self.statistics["references"]:
            row = rows.get(one["technology"])
            shares = row["shares"] if row else None
            share = (shares["references"] or {}).get(one["code"]) if shares else None
            if row and shares and share is not None:
                limits = (shares["reference_limits"] or {}).get(one["code"])
                rated.append(one | {"share": share, "n": row["n"], "limits": limits})
        return rated


@dataclass(frozen=True, slots=True)
class Row:
    """A unit of the table: its median now and before, and whether they differ."""

    median: UnitMedian
    before: UnitMedian | None
    result: str | None


def operator_speeds(month: UnitMonth, actor: Actor) -> OperatorSpeeds:
    """Return the speeds of a place by operator.

    Officials of the area see what is released as it is released, and beside it the rows of too few
    people, marked.
    """
    statistics, hidden = _with_hidden(month, actor)
    release = statistics["release"]
    made_at = release["made_at"] if release else None
    totals = [one for one in statistics["items"] if one["technology"] is None and one["n"]]
    if is_part_of_country(statistics):
        totals, statistics = [], {**statistics, "items": [], "iqb": None}
    return OperatorSpeeds(
        month,
        statistics,
        sorted(totals, key=lambda one: (one["operator"] is not None, -one["n"])),
        hidden,
        due=date.fromisoformat(release["due"]) if release else None,
        released=local_day(datetime.fromisoformat(made_at)) if made_at else None,
    )


def _with_hidden(
    month: UnitMonth, actor: Actor
) -> tuple[SpeedStatistics, frozenset[tuple[str | None, str | None]]]:
    """Return the speeds that an actor sees, and which of them the public does not see."""
    seen = unit_statistics(month, actor)
    if seen["release"] is not None:
        return seen, frozenset()
    shown = {(one or None, other or None) for one, other in public_groups(month)}
    hidden = [one for one in seen["items"] if (one["operator"], one["technology"]) not in shown]
    released = unit_statistics(month, PUBLIC)
    if released["release"] and released["release"]["made_at"]:
        unranked: list[SpeedRow] = [{**one, "rank": None} for one in hidden]
        seen = {**released, "items": [*released["items"], *unranked]}
    return seen, frozenset((one["operator"], one["technology"]) for one in hidden)


def show_speeds(
    query: Query, actor: Actor, translator: Translator, now: datetime
) -> dict[str, Any]:
    """Return the page of a place; 404 for a place that no unit is called."""
    months = months_with_data(local_day(now))
    release = latest_release(months)
    newest = [*([release.month] if release else []), *months, this_month(now)]
    month = first_shown(
        [query["month"]] if query["month"] else newest,
        lambda month: _place(query["unit"], query, month, now, actor),
    )
    if month.unit is None and (only := _only_province(month, now)):
        month = unit_month(only, "province", month.month, query["network"], now, actor)
    wanted, before = query["before"], _check(query, month)
    query = {**query, "month": month.month, "before": before and before.month}
    other = _place(query["beside"], query, month.month, now, actor) if query["beside"] else before
    place = operator_speeds(month, actor)
    own = system_on(month_end(month.month))
    listed = sorted({*months, month.month}, reverse=True)
    same = [(o, translator.month(o)) for o in listed if system_on(month_end(o)) == own]
    public = [one for one in place.statistics["items"] if not place.is_hidden(one)]
    named = {one["operator"] for one in public if one["operator"]} - {"unknown"}
    week = released_week(month)
    rows = _rows(month, before, query, actor, released=place.released is not None)
    return {
        "query": query,
        # Those that are compared with no other, and the month that was to be compared.
        "changed": changed_months(),
        "wanted": wanted,
        "sides": [place, *([operator_speeds(other, actor)] if other else [])],
        "province": None if other else _province_speeds(place, now, actor),
        # Of the chosen places, for the fields of the form.
        "labels": {"unit": _label(month), "beside": _label(other) if query["beside"] else None},
        "rows": rows,
        # Those with a median, or with a result where months are compared.
        "shown": [one for one in rows if (one.result if query["before"] else one.median.spread)],
        "pictures": pictured(month, public, actor, translator),
        "hours": unit_hours(month, PUBLIC if place.released else actor)["hours"],
        "week": week[0] if week and place.few_provinces is None else None,
        "gaps": _gaps(month, translator, now, actor),
        "ispeed": distance(month.network, local_day(now)) if setting("PUBLISH_ISPEED") else None,
        "loaded_ms": LOADED_MS,
        # What can be chosen: values with their texts; months are those of the same units.
        "months": same,
        "earlier": [one for one in same if one[0] < month.month],
        "metrics": [(one, str(translator.label("picture_metric", one))) for one in PICTURE_METRICS],
        "operators": [(one, one) for one in sorted(named)],
    }


def draw_speed_map(
    month: UnitMonth, query: Query, actor: Actor, translator: Translator
) -> str | None:
    """Draw the released map of a page; None where it has no figures or no outlines."""
    before = _check(query, month)
    if month.unit and month.unit.level == "commune":  # it has no units
        return None
    drawing = drawing_of(month)
    wanted = query["operator"], query["technology"]
    source = source_in(month, unit_statistics(month, PUBLIC), translator, *wanted)
    found, _, results = _read(month, before, query, actor, released=True)
    shown = any(results.values()) if before else any(o.spread for o in found.values())
    if drawing is None or source is None or not shown:
        return None
    title = title_of(query, translator)
    if before:
        name = translator.month(before.month)
        return draw_changes(drawing, found, results, title, name, source, translator)
    metric, network = query["metric"], query["network"]
    return draw_medians(drawing, found, metric, network, title, source, translator)


def draw_hours(month: UnitMonth, translator: Translator) -> str | None:
    """Draw the released median download of each hour of the week; None without any."""
    found = released_week(month)
    if found is None or is_part_of_country(unit_statistics(month, PUBLIC)):
        return None
    week, made_at, whole = found
    demo = month.serialize()["demo"]
    source = source_of(month, whole, local_day(made_at), translator, demo=demo)
    return draw_week_medians(week, month.network, source, translator)


def title_of(query: Query, translator: Translator) -> str:
    """Return the title of a map: metric, operator and technology."""
    metric = translator.label("median_map", query["metric"])
    return " · ".join(filter(None, (str(metric), query["operator"], query["technology"])))


def _place(text: str | None, query: Query, month: str, now: datetime, actor: Actor) -> UnitMonth:
    """Return the month of the unit that a text names, without one of the country."""
    if text is None:
        return unit_month(None, None, month, query["network"], now, actor)
    found = choose_units(text, month_end(month), level=query["level"]).units
    if not found:
        raise Problem(404, "unit_unknown", members={"q": text})
    return unit_month(found[0].code, found[0].level, month, query["network"], now, actor)


def _only_province(month: UnitMonth, now: datetime) -> str | None:
    """Return the code of the only province with samples in a month."""
    answer = coverage(CoverageQuery(month.month, "province", month.network), now)
    measured = [item["code"] for item in answer["items"] if item["received"]]
    return measured[0] if len(measured) == 1 else None


def _province_speeds(place: OperatorSpeeds, now: datetime, actor: Actor) -> OperatorSpeeds | None:
    """Return the speeds of the province of a commune without a median of its own."""
    month, whole = place.month, place.whole
    if month.unit is None or month.unit.level == "province" or (whole and whole["download_mbps"]):
        return None
    code, network = month.unit.province_code, month.network
    of_province = unit_month(code, "province", month.month, network, now, actor)
    speeds = operator_speeds(of_province, actor)
    return speeds if speeds.whole and speeds.whole["download_mbps"] else None


def _label(month: UnitMonth | None) -> str | None:
    """Return the text of a field that means a place."""
    return unit_index().by_id[month.unit.id].label if month and month.unit else None


def _check(query: Query, month: UnitMonth) -> UnitMonth | None:
    """Return the month to compare with, None if measuring hosts changed; 422 for other units."""
    operator, before = query["operator"], query["before"]
    if operator and known_operator(query["network"], operator) != operator:
        raise invalid("operator", "not_one_of")
    if not before:
        return None
    if before >= month.month:
        raise invalid("before", "out_of_range")
    if system_on(month_end(before)) != system_on(month_end(month.month)):
        raise invalid("before", "not_one_of")
    if not changed_months().isdisjoint((before, month.month)):
        return None
    return UnitMonth(before, month.network, month.unit, month.boundaries)


def _rows(
    month: UnitMonth, before: UnitMonth | None, query: Query, actor: Actor, *, released: bool
) -> list[Row]:
    """Return the units in a place, in the order of the unit list; those with figures first."""
    if month.unit and month.unit.level == "commune":
        return []
    found, earlier, results = _read(month, before, query, actor, released=released)
    rows = [Row(one, earlier.get(code), results.get(code)) for code, one in found.items()]
    return sorted(rows, key=lambda one: one.median.spread is None)


def _read(
    month: UnitMonth, before: UnitMonth | None, query: Query, actor: Actor, *, released: bool
) -> tuple[dict[str, UnitMedian], dict[str, UnitMedian], dict[str, str | None]]:
    wanted = query["metric"], query["operator"], query["technology"]
    found = medians_inside(month, *wanted, actor, released=released)
    if before is None:
        return found, {}, {}
    earlier = medians_inside(before, *wanted, actor, released=released)
    # A total also moves with who measures; lines have no technology.
    alike = query["operator"] and (query["technology"] or query["network"] == "fixed")
    return found, earlier, changes(earlier, found) if alike else {}


def _gaps(month: UnitMonth, translator: Translator, now: datetime, actor: Actor) -> Item | None:
    """Return the released places without a connection, which only mobile networks have."""
    if month.unit is None or month.network != GAPS_NETWORK:
        return None
    query = {"month": month.month, "level": month.unit.level}
    return show_places(month.unit.code, query, translator.language, now, actor)
