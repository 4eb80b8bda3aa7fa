"""Measure how long statistics take to follow: 10 million counted samples over twelve months.

Filled by SQL. Then 5,000 rows are added in one province, and what they changed is found again: the
province with its communes and districts, and the country.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

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


def main() -> None:
    """Print the median of each; exit status 1 where one is missed."""
    arguments = _arguments()
    with installed() as postgres:
        timed(
            f"{arguments.rows:,} rows filled",
            lambda: fill_measurements(postgres.owner_url, arguments.rows),
        )
        good = _follow(postgres.owner_url, arguments)
        _look()
        timed("every statistic of one month", _whole_month)
    sys.exit(0 if good else 1)


def _follow(owner_url: str, arguments: argparse.Namespace) -> bool:
    """Change a province's rows, find its statistics and the country's again; several times."""
    rounds = [_round(owner_url, arguments.changed) for _ in range(arguments.times)]
    province, country, page = zip(*rounds, strict=True)
    title = f"after {arguments.changed:,} changed rows"
    print(f"{title}: a province, its districts and its communes {_told(province)}")
    print(f"{title}: the country {_told(country)}")
    print(f"reading a province's statistics {_told(page)}")
    sys.stdout.flush()
    return max(province) < PROVINCE_MOST_S and max(country) < COUNTRY_MOST_S


def _round(owner_url: str, changed: int) -> tuple[float, float, float]:
    add_measurements(owner_url, changed, PROVINCE, DAY)
    job.fold_all()
    [found] = db.session.execute(job.STALE, {"month": MONTH}).all()
    db.session.commit()
    part = job.NetworkMonth(MONTH, "mobile", NOW)
    return (
        timed("", lambda: job.refresh_province(part, found.province_id, list(found.units))),
        timed("", lambda: job.refresh_country(part)),
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
            times = tuple(timed("", look) for _ in range(5))
            print(f"a {level}'s {name} {_told(times)}")
            db.session.rollback()


def _whole_month() -> None:
    job.mark_all(MONTH)
    job.refresh(NOW, MONTH)


def timed(title: str, work: Callable[[], object]) -> float:
    """Seconds that something took, printed under its title if it has one."""
    began = time.perf_counter()
    work()
    took = time.perf_counter() - began
    if title:
        print(f"{title}: {took:.1f} s")
        sys.stdout.flush()
    return took


def _told(times: tuple[float, ...]) -> str:
    return f"{statistics.median(times):.3f} s (at most {max(times):.3f} s)"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--changed", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
