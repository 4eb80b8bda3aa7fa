"""Measure the plan of the full country: time, and coverage beside the rule of 1.0.0."""

import argparse
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from parts.filling import installed
from sqlalchemy import insert, text

from backend.accounts.access import Actor, Grant
from backend.campaigns.models import Campaign, CampaignArea, Team
from backend.coverage.plan.assignment import Task, Teams, assign
from backend.coverage.plan.day import stops_of_day
from backend.coverage.plan.reach import within_reach
from backend.coverage.plan.schemas import PlanSchema
from backend.coverage.plan.service import show_plan
from backend.database.extensions import db
from backend.measurements.recording.models import Count
from backend.organisations.models import Organisation
from geo.gazetteer import load_units

TEAMS = 5_000
TARGET = 300
VISIT_LEAST = 10
MOST_S = 2.0
NOW = datetime(2025, 11, 16, 3, tzinfo=UTC)  # fifteen days of November are left
DAYS = 15

# What teams earned on fifteen days: every second team's capacity is the median of its last seven.
HISTORY = text("""
    insert into team_counts (campaign_id, month, grain, team_id, day, network, fate, guest, n)
    select :campaign, '2025-11', 'day', t.id, date '2025-11-01' + d, 'mobile', fate, false,
        1 + (t.id * 7 + d * 3) % 9
    from teams t, generate_series(0, 14) d, unnest(array['counted', 'repeat']) fate
""")

# Teams take part by a join code.
CODES = text("""
    insert into join_codes (code, campaign_id, team_id, created_at)
    select 'bench' || id, :campaign, id, now() from teams
""")

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Country:
    """Random homes (as numbers of communes), capacities and counted samples."""

    homes: Ints
    capacity: Ints
    counted: Ints

    @classmethod
    def made(cls, communes: int, seed: int, capacity_most: int, *, even: bool) -> "Country":
        random = np.random.default_rng(seed)
        weight = np.ones(communes) if even else random.pareto(1.0, communes) + 0.05
        return cls(
            random.choice(communes, TEAMS, p=weight / weight.sum()),
            random.integers(1, capacity_most, TEAMS),
            random.integers(0, 400, communes),
        )

    @property
    def lacking(self) -> Ints:
        return np.maximum(0, TARGET - self.counted)


def main() -> int:
    """Print both comparisons; 1 if the plan takes too long."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seed", type=int, default=1)
    seed = arguments.parse_args().seed
    communes = [unit for unit in load_units("2025") if unit.level == "commune"]
    centres = np.array([(unit.latitude, unit.longitude) for unit in communes], dtype=np.float64)
    print(f"{len(communes):,} communes, {TEAMS:,} teams, seed {seed}; the rule alone:")
    for even in (True, False):
        for days, most in ((1, 20), (5, 20), (DAYS, 20)):
            country = Country.made(len(communes), seed, most, even=even)
            compare(country, centres, days, "even homes" if even else "crowded homes")
    return through_the_database(Country.made(len(communes), seed, 10, even=False))


def compare(country: Country, centres: NDArray[np.float64], days: int, name: str) -> None:
    """Print the coverage by the rule, and by teams that work in their own commune first."""
    room, lacking = country.capacity * days, country.lacking
    print(f"  {name}, {days:2} days left; shortfall {lacking.sum():,}, room {room.sum():,}")
    nobody, anywhere = np.zeros(TEAMS, dtype=bool), np.full(TEAMS, -1)
    every_third = np.arange(TEAMS) % 3 == 0  # community digital teams
    least = np.minimum(VISIT_LEAST, country.capacity)
    rules = {
        "1.0.0": Teams(room, anywhere, nobody, np.ones(TEAMS, dtype=np.int64)),
        "now": Teams(room, country.homes, every_third, least),
        "now, all may travel": Teams(room, country.homes, nobody, least),
    }
    for rule, teams in rules.items():
        began = time.process_time()
        tasks = assign(lacking, teams, within_reach(centres[country.homes], centres))
        seconds = time.process_time() - began
        print(f"    {rule:20} {seconds:.2f} s of processor time; {_figures(country, tasks, teams)}")


def _figures(country: Country, tasks: list[Task], teams: Teams) -> str:
    """Return what tasks cover, and how the stops of their first day are divided."""
    given, lacking = np.zeros(len(country.counted), dtype=np.int64), country.lacking
    for task in tasks:
        given[task.commune] += task.samples
    today = stops_of_day(tasks, country.capacity, teams.least)
    stops = [task for n, task in zip(today, tasks, strict=True) if n]
    at_home = sum(task.commune == country.homes[task.team] for task in stops)
    crowd = max(Counter(task.commune for task in stops if not task.own).values(), default=0)
    return (
        f"covered {given.sum():,}, reached {(given >= lacking)[lacking > 0].sum():,} of "
        f"{(lacking > 0).sum():,}; first day: {len(stops):,} stops, {at_home:,} at home, fewest "
        f"samples of a stop {min((n for n in today if n), default=0)}, of a visit "
        f"{min((n for n, task in zip(today, tasks, strict=True) if n and not task.own), default=0)}"
        f", most teams that visit one commune {crowd}"
    )


def through_the_database(country: Country) -> int:
    """Print the time of the complete answer to an organiser."""
    with installed():
        campaign = _fill(country)
        actor = Actor(user_id=1, grants=(Grant("admin", "system"),))
        query = {"date": None, "network": None, "team_id": None}
        times = [_request(actor, campaign, query) for _ in range(5)]
        seconds, busy = (statistics.median(one[n] for one in times) for n in (0, 1))
        answer = times[-1][2]
    ok = seconds < MOST_S
    print(
        f"whole answer from the database: {seconds:.2f} s (median of 5; bar {MOST_S} s), of it "
        f"{busy:.2f} s of this process's own: {'ok' if ok else 'OVER THE BAR'}; {answer}"
    )
    return int(not ok)


def _request(
    actor: Actor, campaign: int, query: dict[str, Any]
) -> tuple[float, float, dict[str, int]]:
    db.session.remove()
    began, busy = time.perf_counter(), time.process_time()
    answer = show_plan(actor, campaign, query, NOW)
    for team in answer["teams"]:
        team["note"] = team["note"] and {"code": team["note"], "message": ""}
    PlanSchema().dump(answer | {"rule": ""})
    return time.perf_counter() - began, time.process_time() - busy, answer["summary"]


def _fill(country: Country) -> int:
    """A campaign over all provinces; its id."""
    rows = db.session.execute(
        text("select id from units where system = '2025' and level = 'commune' order by code")
    )
    units = list(rows.scalars())
    provinces = db.session.execute(
        text("select id from units where system = '2025' and level = 'province'")
    )
    youth = Organisation(name="Trung ương Đoàn", type="youth_union")
    db.session.add(youth)
    db.session.flush()
    db.session.execute(insert(Team), [
        {"organisation_id": youth.id, "name": f"Đội {n}", "type": "youth",
         "home_unit_id": units[home], "capacity_per_day": int(most) if n % 2 else None}
        for n, (home, most) in enumerate(zip(country.homes, country.capacity, strict=True))
    ])  # fmt: skip
    campaign = Campaign(
        organisation_id=youth.id, name="Cả nước", first_day=date(2025, 11, 1),
        last_day=date(2025, 11, 30), networks=["mobile"], state="open", target=TARGET,
    )  # fmt: skip
    db.session.add(campaign)
    db.session.flush()
    areas = [{"campaign_id": campaign.id, "unit_id": unit} for unit in provinces.scalars()]
    db.session.execute(insert(CampaignArea), areas)
    db.session.execute(insert(Count), [
        {"month": "2025-11", "unit_id": unit, "day": None, "network": "mobile",
         "fate": "counted", "n": int(n)}
        for unit, n in zip(units, country.counted, strict=True)
    ])  # fmt: skip
    db.session.execute(HISTORY, {"campaign": campaign.id})
    db.session.execute(CODES, {"campaign": campaign.id})
    db.session.commit()
    db.session.execute(text("analyze"))
    db.session.commit()
    return campaign.id


if __name__ == "__main__":
    sys.exit(main())
