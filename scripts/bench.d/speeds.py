"""Measure how long statistics take to follow: 10 million counted samples over twelve months.

Filled by SQL; with `--one-month` all are of March 2025: 8.3 million are that month of a year with
100 million. Then 5,000 rows are added in one province, and what they changed is found again: the
province with its communes and districts, and the country.
"""

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple

from parts.filling import add_measurements, fill_measurements, installed

from backend.accounts.access import Actor, Grant
from backend.coverage.figures.unit_access import unit_month
from backend.coverage.statistics import refresh as job
from backend.coverage.statistics.cells import unit_cells
from backend.coverage.statistics.history import unit_history
from backend.coverage.statistics.service import unit_hours, unit_statistics
from backend.database.extensions import db

NOW = datetime(2025, 6, 29, 5, tzinfo=UTC)
ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))  # reads live figures
PROVINCE, COMMUNE, MONTH, DAY = "19", "05443", "2025-03", "2025-03-14"
AFTER = date(2025, 8, 1)
PROVINCE_MOST_S, COUNTRY_MOST_S = 2.0, 15.0


class Cost(NamedTuple):
    """Seconds of something, and those of this process on a processor, without the database."""

    elapsed: float
    processor: float


def main() -> None:
    """Print the median of each; exit status 1 where one is missed."""
    arguments = _arguments()
    with installed() as postgres:
        timed(
            f"{arguments.rows:,} rows filled",
            lambda: _fill(postgres.owner_url, arguments),
        )
        good = _follow(postgres.owner_url, arguments)
        if not arguments.one_month:
            _look()
        timed("every statistic of one month", _whole_month)
    sys.exit(0 if good else 1)


def _fill(owner_url: str, arguments: argparse.Namespace) -> None:
    if arguments.one_month:
        fill_measurements(owner_url, arguments.rows, f"{MONTH}-01 00:00+07", months=1)
    else:
        fill_measurements(owner_url, arguments.rows)


def _follow(owner_url: str, arguments: argparse.Namespace) -> bool:
    """Change a province's rows, find its statistics and the country's again; several times."""
    rounds = [_round(owner_url, arguments.changed) for _ in range(arguments.times)]
    province, country, page = zip(*rounds, strict=True)
    title = f"after {arguments.changed:,} changed rows"
    print(f"{title}: a province, its districts and its communes {_told(province)}")
    print(f"{title}: the country {_told(country)}")
    print(f"reading a province's statistics {_told(page)}")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process {peak_mb:,.0f} MB")
    sys.stdout.flush()
    return max(province)[0] < PROVINCE_MOST_S and max(country)[0] < COUNTRY_MOST_S


def _round(owner_url: str, changed: int) -> tuple[Cost, Cost, Cost]:
    add_measurements(owner_url, changed, PROVINCE, DAY)
    job.fold_all()
    [found] = db.session.execute(job.STALE, {"month": MONTH}).all()
    db.session.commit()
    part = job.NetworkMonth(MONTH, "mobile", NOW)
    province = job.Task(part, found.province_id, list(found.units))
    return (
        timed("", lambda: job.refresh_province(province)),
        timed("", lambda: job.refresh_country(job.Task(part, job.COUNTRY, [job.COUNTRY]))),
        timed("", _ask),
    )


def _ask() -> None:
    unit_statistics(unit_month(PROVINCE, "province", MONTH, "mobile", NOW), ADMIN)
    db.session.rollback()


def _look() -> None:
    """Measure first and later reads of statistics from measurements."""
    for code, level in ((PROVINCE, "province"), (COMMUNE, "commune")):
        query = {"level": level, "month": MONTH, "network": "mobile"}
        looks: dict[str, Callable[[], object]] = {
            "hours": lambda q=query, c=code: unit_hours(unit_month(c, **q, now=NOW), ADMIN),
            "cells": lambda q=query, c=code: unit_cells(ADMIN, c, q, "vi", NOW),
            "history, across the reform": lambda c=code, lv=level: unit_history(
                c, lv, AFTER, "mobile", 36, NOW
            ),
        }
        for name, look in looks.items():
            costs = [timed("", look) for _ in range(5)]
            print(f"a {level}'s {name} {_told(costs)}")
            db.session.rollback()


def _whole_month() -> None:
    job.mark_all(MONTH)
    job.refresh(NOW, MONTH)


def timed(title: str, work: Callable[[], object]) -> Cost:
    """Measure something; print its cost under its title if it has one."""
    began, used = time.perf_counter(), time.process_time()
    work()
    cost = Cost(time.perf_counter() - began, time.process_time() - used)
    if title:
        print(f"{title}: {cost.elapsed:.1f} s, {cost.processor:.1f} s of processor time of Python")
        sys.stdout.flush()
    return cost


def _told(costs: Sequence[Cost]) -> str:
    elapsed, processor = zip(*costs, strict=True)
    return (
        f"{statistics.median(elapsed):.3f} s (at most {max(elapsed):.3f} s), "
        f"{statistics.median(processor):.3f} s of processor time of Python"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--changed", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--one-month", action="store_true", help="all samples in one month")
    return parser.parse_args()


if __name__ == "__main__":
    main()
