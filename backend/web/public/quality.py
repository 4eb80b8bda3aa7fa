"""Network quality of a unit and the hours of its samples, as charts."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, ClassVar

from backend.accounts.access import Actor
from backend.clock import VIETNAM, local_day, month_end
from backend.coverage.figures.unit_access import unit_month
from backend.coverage.statistics.history import history
from backend.coverage.statistics.iqb import LOADED_MS
from backend.coverage.statistics.quantiles import LOADED
from backend.coverage.statistics.release_rules import HOURS_VOLUNTEERS, ROW_VOLUNTEERS
from backend.coverage.statistics.service import unit_hours, unit_statistics
from backend.web.public.service import CoveragePage
from backend.web.public.speed_pictures import Pictures, pictured
from backend.web.site.charts import Bars, bars
from backend.web.site.pages import Translator


@dataclass(frozen=True, slots=True)
class Quality:
    """Twelve months, operators, references of quality, hours of the day."""

    months: Bars
    estimated: bool  # whether a month of the other system was divided
    found_at: str | None
    minimum: int
    operators: list[dict[str, Any]]
    references: list[dict[str, Any]]
    hours: Bars | None
    due: date | None  # of the release; None: exact and live
    released: date | None
    intervals: bool  # releases before version 1.1 have none
    tied: bool  # whether no operator is apart from another
    iqb: dict[str, Any] | None  # what the connection is good for
    pictures: Pictures
    week: list[list[int]] | None
    loaded: dict[str, dict[str, Any]]  # the latency of all samples, idle and under load
    loaded_ms: ClassVar = LOADED_MS
    # Volunteers behind released figures.
    volunteers: ClassVar = {"hours": HOURS_VOLUNTEERS, "rows": ROW_VOLUNTEERS}


def quality(page: CoveragePage, translator: Translator, now: datetime, actor: Actor) -> Quality:
    """Collect the quality figures of a unit, as an actor may see them."""
    assert page.unit is not None
    read_by = page.query.reader
    unit, query = page.unit, page.query
    month = unit_month(unit.code, unit.level, query.month, query.network, now, read_by)
    statistics, hours = unit_statistics(month, actor), unit_hours(month, actor)
    release = statistics["release"] or {"due": None, "made_at": None}
    ended = datetime.combine(month_end(query.month), time(12), VIETNAM)
    months = history(unit, query.network, min(now, ended), reader=read_by)
    totals = [item for item in statistics["items"] if item["technology"] is None and item["n"]]
    return Quality(
        months=_months(months, translator, page.own),
        estimated=any(item["estimated"] for item in months),
        found_at=statistics["found_at"],
        minimum=statistics["minimum_n"],
        operators=sorted(totals, key=lambda item: (item["operator"] is not None, -item["n"])),
        references=_references(statistics),
        intervals=any(one["median_low"] is not None for one in _spreads(totals)),
        iqb=statistics["iqb"],
        loaded=_loaded(totals),
        pictures=pictured(month, statistics["items"], actor, translator),
        week=hours["hours"],
        tied=_tied([item["rank"] for item in totals if item["rank"]]),
        hours=_hours(hours["hours"], translator),
        due=release["due"] and date.fromisoformat(release["due"]),
        released=release["made_at"] and local_day(datetime.fromisoformat(release["made_at"])),
    )


def _loaded(totals: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the latency of all samples, idle and under load; empty where nobody measured it."""
    whole = next((one for one in totals if one["operator"] is None), None)
    if whole is None or not any(whole[metric] for metric in LOADED):
        return {}
    return {metric: whole[metric] for metric in ("ping_ms", *LOADED) if whole[metric]}


SHOWN = ("download_mbps", "upload_mbps", "ping_ms")


def _spreads(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item[metric] for item in items for metric in SHOWN if item[metric]]


def _tied(ranks: list[dict[str, int]]) -> bool:
    whole = all(one["worst"] - one["best"] == one["of"] - 1 for one in ranks)
    return len(ranks) > 1 and whole


def _months(
    months: list[dict[str, Any]], translator: Translator, own: dict[str, Any] | None
) -> Bars:
    """Chart the counted samples of each month, with a commune's last target as a line.

    A province is compared by its communes: a line at its own target would be reached every month.
    """
    values = [
        (item["month"][5:], float(item["counted"]), translator.number(item["counted"]))
        for item in months
    ]
    line = None if own and own["communes"] else months[-1]["target"]
    return bars(values, line, [item["month"][:4] for item in months])


def _hours(hours: list[list[int]] | None, translator: Translator) -> Bars | None:
    """Chart the samples by hour of the day, over all weekdays."""
    if hours is None:
        return None
    sums = [sum(day[hour] for day in hours) for hour in range(24)]
    return bars([(f"{hour}h", float(n), translator.number(n)) for hour, n in enumerate(sums)])


def _references(statistics: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the share of samples that meet each reference, if its technology has enough."""
    rows = {item["technology"]: item for item in statistics["items"] if item["operator"] is None}
    rated = []
    for one in statistics["references"]:
        row = rows.get(one["technology"])
        shares = (row or {}).get("shares")
        share = shares["references"].get(one["code"]) if shares else None
        if row and share is not None:
            limits = ((shares or {}).get("reference_limits") or {}).get(one["code"])
            rated.append(one | {"share": share, "n": row["n"], "limits": limits})
    return rated
