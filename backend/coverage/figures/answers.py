"""Answers made of coverage, kept by their tags.

A tag is computed from the versions of the rows that an answer is made of, without the answer.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256
from threading import Lock
from typing import Any

import orjson

from backend import VERSION
from backend.accounts.access import PUBLIC
from backend.coverage.figures.daily_history import refresh_daily_history
from backend.coverage.figures.month import Month, Visibility, listing_key, month_of
from backend.coverage.figures.service import CoverageQuery
from backend.database.extensions import array_literal, fetch
from backend.measurements.recording.rules import NETWORKS

# Every change of a count raises the version of its rows, in whatever order transactions commit; the
# rows that the public sees are copied with one time in each run. The rows of an answer are those of
# the months and the one before; days change with their months alone.
STATE = """
    select
        (select array[count(*), sum(version), sum(received), sum(counted)] from unit_months
            where %(counts_live)s and network = %(network)s and month = any(%(months)s)
                and unit_id not in (select unnest(%(outside)s::integer[]))) as counts,
        (select sum(hashint8extended(unit_id, team_id::bigint << 32 | counted))
            from team_unit_months
            where %(counts_live)s and network = %(network)s
                and month = any(%(months)s) and received > 0
                and unit_id not in (select unnest(%(outside)s::integer[])))::text as teams,
        (select array[count(*)::text, sum(version)::text, max(copied_at)::text] from public_months
            where not %(live)s and network = %(network)s and month = any(%(months)s)
                and unit_id not in (select unnest(%(outside)s::integer[]))) as copies,
        (select array[count(*), sum(version)] from targets where network = %(network)s) as targets,
        (select array[count(*), sum(devices)] from released_figures
            where %(released)s and network = %(network)s and month = any(%(months)s)) as devices,
        (select array[count(*), sum(version)] from statistics_versions
            where %(live)s and network = %(network)s and month = any(%(months)s)
                and unit_id not in (select unnest(%(outside)s::integer[]))) as statistics,
        (select array_agg(month order by month) from demo_months
            where month = any(%(months)s)) as demo,
        (select array_agg(array[day::text, basis, made_at::text] order by basis) from daily_history
            where unit_id = 0 and network = %(network)s and day = %(today)s) as history
"""
MAX_KEPT = 64
MAX_KEPT_BYTES = 64 * 2**20  # the country by commune is 2 MB

_kept: OrderedDict[str, bytes] = OrderedDict()
_lock = Lock()


def coverage_tag(query: CoverageQuery, months: Sequence[Month], today: date, *form: Any) -> str:
    """Return a tag of everything that an answer in a form is computed from.

    `months` are those of the query, as `find_months` finds them.
    """
    if months[-1].progress.today is not None:
        refresh_daily_history(today, query.network)
    outside = set.intersection(*(one.listing.outside(one.place) for one in months))
    values = {
        "network": query.network, "months": [one.month for one in months], "today": today,
        "outside": array_literal(outside),
        "live": months[-1].live, "counts_live": months[-1].reads_live(months[-1].level),
        "released": months[-1].visibility is Visibility.RELEASED,
    }  # fmt: skip
    shown = [(one.published and sorted(one.published), one.listing.version) for one in months]
    asked = repr(replace(query, reader=None))  # people who may see the same share an answer
    counts = months[-1].visibility.value, fetch(STATE, values)
    state = [VERSION, asked, form, today, shown, counts]
    return sha256(orjson.dumps(state, default=str)).hexdigest()[:32]


def public_tag(months: Sequence[str], today: date, *form: str | None) -> str:
    """Return a tag of everything that the public sees of these months, the earliest first."""
    key, tags = listing_key(), list[str]()
    for network in NETWORKS:
        # Provinces, whose counts everybody sees exactly: with the copies these are all counts.
        query = CoverageQuery(month=months[-1], level="province", network=network, reader=PUBLIC)
        shown = [
            replace(
                month_of(month, network, today, PUBLIC, key),
                level="province", visibility=Visibility.RELEASED,
            )
            for month in months
        ]  # fmt: skip
        tags.append(coverage_tag(query, shown, today, *form))
    return sha256(f"{key} {tags}".encode()).hexdigest()[:32]


def cached_answer(tag: str, build: Callable[[], bytes]) -> bytes:
    """Return the answer with a tag, which is kept if it was built lately."""
    with _lock:
        if tag in _kept:
            _kept.move_to_end(tag)
            return _kept[tag]
    content = build()
    with _lock:
        _kept[tag] = content
        while len(_kept) > MAX_KEPT or sum(map(len, _kept.values())) > MAX_KEPT_BYTES:
            _kept.popitem(last=False)
    return content
