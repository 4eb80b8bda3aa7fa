"""Alerts: states of units in a month, derived from their figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Literal, TypedDict

from backend.accounts.access import Actor
from backend.clock import local_day, month_before
from backend.coverage.figures.coverage_answer import CoverageBody, UnitItem
from backend.coverage.figures.month import Month, UnitCounts
from backend.coverage.figures.service import CoverageQuery, CoverageResult, compute_coverage
from backend.database.extensions import array_literal, fetch

# A team with a day off and a day of bad weather is not silent yet.
SILENT_DAYS = 3
AlertState = Literal["silent", "behind", "will_miss", "reached"]
STATES: tuple[AlertState, ...] = ("silent", "behind", "will_miss", "reached")


class Alert(UnitItem):
    """A unit with its states."""

    states: list[AlertState]  # in the order of STATES
    last_day: date | None  # with samples, in this month or the one before; null: none
    planned: int | None  # samples that organisers pinned for teams; null for the public


class AlertCounts(TypedDict):
    """Number of units in each state."""

    silent: int
    behind: int
    will_miss: int
    reached: int


class Alerts(CoverageBody):
    """The units of a place that are in any of the states."""

    next: str | None  # cursor; null: all units are listed
    items: list[Alert]
    units: int  # of the place with a target, or all where none has one
    counts: AlertCounts


# The last day with samples in each unit of a level.
LAST_DAYS = """
    select case %(level)s when 'commune' then c.id when 'district' then c.parent_id
            else c.province_id end as unit_id, max(d.day) as day
    from (
        select unit_id, day from unit_days
        where %(live)s and month = %(month)s and network = %(network)s and received > 0
            and unit_id = any(%(communes)s::integer[])
        union all
        select unit_id, day from public_days
        where not %(live)s and month = %(month)s and network = %(network)s and received > 0
            and unit_id = any(%(communes)s::integer[])
    ) d join units c on c.id = d.unit_id
    group by 1
"""

# The samples that organisers pinned for teams from a day until the end of the month. What a plan
# computes beyond is a proposal, which nobody has accepted.
PLANNED = """
    select case %(level)s when 'commune' then c.id when 'district' then c.parent_id
            else c.province_id end as unit_id, sum(p.samples)::int as samples
    from pins p
    join units c on c.id = p.unit_id
    join campaigns on campaigns.id = p.campaign_id and campaigns.state = 'open'
    join teams t on t.id = p.team_id and t.ended_at is null
    where p.day between %(today)s and %(last)s and p.network = %(network)s
    group by 1
"""


def states(
    state: str | None, need: int, highest: int | None, silent: bool, planned: int = 0
) -> list[AlertState]:
    """Return the states of a unit; one that is `behind` may catch up, `will_miss` hardly can.

    `highest` of the projection is None without a steady pace; a plan will bring `planned` samples.
    """
    paced = highest is not None and highest + planned < need
    found: dict[AlertState, bool] = {
        "silent": silent,
        "behind": state == "behind",
        "will_miss": paced and state != "reached",
        "reached": state == "reached",
    }
    return [name for name in STATES if found[name]]


def alerts(
    month: str,
    network: str,
    parent: str | None,
    now: datetime,
    level: str = "commune",
    reader: Actor | None = None,
) -> Alerts:
    """Return the units of a place that are in any of the states, and the number in each state.

    In a past month, no unit is silent or will miss its target.
    """
    result = compute_coverage(CoverageQuery(month, level, network, parent, reader=reader), now)
    today = local_day(now)
    units = with_states(result, today, planned_samples(result.month, today))
    items = [one for one in units if one["states"]]
    in_state = Counter(state for one in items for state in one["states"])
    return {
        **result.body,
        "items": items,
        "next": result.next_cursor,
        "units": result.body["summary"]["units"],
        "counts": {
            "silent": in_state["silent"],
            "behind": in_state["behind"],
            "will_miss": in_state["will_miss"],
            "reached": in_state["reached"],
        },
    }


def with_states(answer: CoverageResult, today: date, planned: Mapping[int, int]) -> list[Alert]:
    """Return each unit with its states, the last day with samples, and the samples planned.

    `planned` by unit id is shown to readers of exact counts, in a running month.
    """
    last_days = _last_days(answer.month, answer.previous, answer.counts, today)
    silent_before = today - timedelta(days=SILENT_DAYS)
    running = answer.month.progress.today is not None
    items = list[Alert]()
    for one, counts in zip(answer.items, answer.counts, strict=True):
        last_day, samples = last_days.get(counts.unit.id), planned.get(counts.unit.id, 0)
        highest = one["projection"]["high"] if one["projection"] else None
        silent = running and (last_day is None or last_day < silent_before)
        items.append(
            {
                **one,
                "states": states(one["state"], counts.need or 0, highest, silent, samples),
                "last_day": last_day,
                "planned": samples if running and answer.month.live else None,
            }
        )
    return items


def planned_samples(month: Month, today: date) -> dict[int, int]:
    """Return the samples that organisers pinned for teams by unit id; none outside of the month."""
    if month.progress.today is None:
        return {}
    values = {
        "today": today, "last": month.last_day, "network": month.network, "level": month.level,
    }  # fmt: skip
    return {row["unit_id"]: row["samples"] for row in fetch(PLANNED, values)}


def _last_days(
    month: Month, previous: Month, counts: Sequence[UnitCounts], today: date
) -> dict[int, date]:
    """Return each unit's last day with samples, of the running month and the one before it."""
    recent = {f"{today:%Y-%m}", month_before(f"{today:%Y-%m}")}
    months = [one for one in (previous, month) if one.month in recent]
    found: dict[int, date] = {}
    for one in months:
        communes = one.listing.within("commune", month.place)
        values = {
            "month": one.month, "network": month.network,
            "communes": array_literal(unit.id for unit in communes),
            "level": month.level, "live": month.reads_live(month.level),
        }  # fmt: skip
        days = {row["unit_id"]: row["day"] for row in fetch(LAST_DAYS, values)}
        found |= {
            unit.unit.id: days[unit.unit.id]
            for unit in counts
            if unit.unit.id in days and one.shows(unit.unit)
        }
    return found
