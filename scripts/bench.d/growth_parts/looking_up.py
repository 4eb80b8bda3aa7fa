"""What every post and every list looks up, asked of the database itself: by phone, and by id."""

import random
import statistics
import time
from datetime import UTC, date, datetime, timedelta

import psycopg

from growth_parts.partitioning import PART, following
from growth_parts.place import Place

TIMES = 3_000
TIMELINE = """
select id, measured_at, unit_id, reasons from measurements where device_id = md5(%s::text)::uuid
    and measured_at > %s::timestamptz - interval '4 hours'
    and measured_at <= %s::timestamptz + interval '4 hours'
"""
BY_ID = "select id, unit_id from measurements where id = %s"
SOME = "select id from measurements tablesample system (1) limit 500"
# So old that nothing is in them: what they cost is being there.
YEARS_BEFORE = 4


def look_up(place: Place) -> str:
    """The medians of both, over one connection, as prepared statements."""
    dice = random.Random(1)
    with psycopg.connect(place.owner_url.replace("+psycopg", ""), autocommit=True) as line:
        line.prepare_threshold = 1
        ids = [one for (one,) in line.execute(SOME)]
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(TIMES):
            at = datetime.now(UTC) - timedelta(days=dice.randrange(300))
            phone = dice.randrange(place.filled.phones)
            asked = ((TIMELINE, [phone, at, at]), (BY_ID, [dice.choice(ids)]))
            for (statement, values), times in zip(asked, took, strict=True):
                began = time.perf_counter()
                line.execute(statement, values).fetchall()
                times.append((time.perf_counter() - began) * 1e3)
    timeline, by_id = map(statistics.median, took)
    return f"{timeline:.3f} ms a phone's eight hours, {by_id:.3f} ms an id"


def add_years(place: Place) -> None:
    """Partitions as an installation has them after some years."""
    with psycopg.connect(place.owner_url.replace("+psycopg", ""), autocommit=True) as line:
        [(first,)] = line.execute("select min(day) from measurements").fetchall()
        month, last = date(first.year - YEARS_BEFORE, first.month, 1), first.replace(day=1)
        while month < last:
            part = PART.format(month=f"{month:%Y-%m}", first=month, after=following(month))
            line.execute(part)
            month = following(month)
        line.execute("analyze measurements")
