"""Twelve months of the country's counts for coverage, the last of them unfinished."""

from datetime import date

import psycopg

# 7 of 10 samples count; by category, of 20.
CATEGORIES = {"counted": 14, "repeat": 4, "failed_test": 1, "fix_stale": 1}

# Communes differ by a hundred times, days by three; each day is divided by category.
COUNTS = """
with communes as (
    select id, exp(3 * random()) as size from units where system = '2025' and level = 'commune'
), daily as (
    select c.id, d::date as day, c.size * (0.5 + random()) as weight
    from communes c, generate_series(%(first)s::date, %(last)s::date, '1 day') d
), scaled as (
    select id, day, weight * %(rows)s / (select sum(weight) from daily) as samples from daily
), drawn as (
    select id, day, fate, floor(samples * part / 20.0 + random())::int as n
    from scaled, unnest(%(categories)s::text[], %(parts)s::int[]) as categories(fate, part)
)
insert into counts (month, unit_id, day, network, fate, n)
select to_char(%(first)s::date, 'YYYY-MM'), id, day, 'mobile', fate, sum(n)
from drawn where n > 0 group by fate, grouping sets ((id), (id, day))
"""


def fill_months(owner_url: str, rows: int, today: date) -> tuple[str, str]:
    """Spread rows over the twelve months up to today, which have no counts; first and last."""
    firsts = [date(today.year - (today.month <= back), (today.month - back - 1) % 12 + 1, 1)
              for back in range(12)]  # fmt: skip
    with psycopg.connect(owner_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set work_mem = '256MB'")
        for first in firsts:
            next_first = date(first.year + first.month // 12, first.month % 12 + 1, 1)
            last = min(today, date.fromordinal(next_first.toordinal() - 1))
            categories, parts = list(CATEGORIES), list(CATEGORIES.values())
            values = {"first": first, "last": last, "rows": rows / 12,
                      "categories": categories, "parts": parts}  # fmt: skip
            connection.execute(COUNTS, values)
        connection.execute("vacuum analyze counts")
        connection.execute("vacuum analyze count_changes")
    return f"{firsts[-1]:%Y-%m}", f"{firsts[0]:%Y-%m}"
