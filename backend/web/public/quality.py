"""How good the network of a unit is, and when it was measured: coverage's figures, as charts."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from backend.clock import VIETNAM, month_end
from backend.coverage.statistics.history import history
from backend.coverage.statistics.service import unit_hours, unit_statistics
from backend.web.public.service import CoveragePage
from backend.web.site.charts import Bars, bars
from backend.web.site.pages import Translator


@dataclass(frozen=True, slots=True)
class Quality:
    """Twelve months, operators, references of quality, hours of the day."""

    months: Bars
    estimated: bool  # a month of the other system was divided
    found_at: str | None
    minimum: int
    operators: list[dict[str, Any]]
    references: list[dict[str, Any]]
    hours: Bars | None


def quality(page: CoveragePage, translator: Translator, now: datetime) -> Quality:
    """Gather what is told of a unit beside its counts."""
    assert page.unit is not None
    read_by = page.query.reader
    query = page.unit.code, page.unit.level, page.query.month, page.query.network, now, read_by
    told, hours = unit_statistics(*query), unit_hours(*query)
    past = history(page.unit, page.query.network, _moment_of(page, now), reader=read_by)
    totals = [item for item in told["items"] if item["technology"] is None and item["n"]]
    return Quality(
        months=_months(past, translator),
        estimated=any(item["estimated"] for item in past),
        found_at=told["found_at"],
        minimum=told["minimum_n"],
        operators=sorted(totals, key=lambda item: (item["operator"] is not None, -item["n"])),
        references=_references(told),
        hours=_hours(hours["hours"], translator),
    )


def _moment_of(page: CoveragePage, now: datetime) -> datetime:
    """Now, or the end of a month that is over."""
    ended = datetime.combine(month_end(page.query.month), time(12), VIETNAM)
    return min(now, ended)


def _months(past: list[dict[str, Any]], translator: Translator) -> Bars:
    """Counted samples of each month, with the target of the last one as a line."""
    values = [
        (item["month"][5:], float(item["counted"]), translator.number(item["counted"]))
        for item in past
    ]
    return bars(values, past[-1]["target"])


def _hours(hours: list[list[int]] | None, translator: Translator) -> Bars | None:
    """Samples by hour of the day, all weekdays together."""
    if hours is None:
        return None
    sums = [sum(day[hour] for day in hours) for hour in range(24)]
    return bars([(f"{hour}h", float(n), translator.number(n)) for hour, n in enumerate(sums)])


def _references(told: dict[str, Any]) -> list[dict[str, Any]]:
    """Of each reference the share of samples that keep it, where its technology has enough."""
    rows = {item["technology"]: item for item in told["items"] if item["operator"] is None}
    found = []
    for one in told["references"]:
        row = rows.get(one["technology"])
        shares = (row or {}).get("shares")
        share = shares["references"].get(one["code"]) if shares else None
        if row and share is not None:
            found.append(one | {"share": share, "n": row["n"]})
    return found
