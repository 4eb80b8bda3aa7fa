"""Measure posts of 16 clients that wait for each other: in one commune, in many, across many.

On this machine's disk and on one whose commits take 5 ms, which PostgreSQL simulates; then an
official excludes 10,000 samples of the commune into which all clients post.
"""

import argparse
import hashlib
import json
import secrets
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
from parts.load import BATCH, Load, Rate, Target, run
from parts.site import ask, site, superuser

SLOW_MS, EXCLUDED_P99_MS = 5, 250.0
LOADS = {
    "one commune": Load("hot", 1, 0), "many communes": Load("apart", 1, 0),
    f"batches of {BATCH} across many": Load("crossing", BATCH, 0),
}  # fmt: skip
EXCLUDED, AN_ACT = 10_000, 5_000  # samples; in one request at most
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"
# An official of the commune's province; the token.
OFFICIAL = """
    with person as (insert into users (name) values ('official@example.vn') returning id),
    role as (
        insert into roles (user_id, role, scope_kind, scope_id, valid_from)
        select person.id, 'official', 'unit', %s, '2024-01-01' from person)
    insert into personal_tokens (user_id, name, token_hash, scopes, created_at)
    select id, 'bench', %s, '{read,write}', '2024-01-01' from person
"""
# The commune and month with the most samples.
FULLEST = """
    select u.code, u.province_id, to_char(m.day, 'YYYY-MM') as month,
        (array_agg(m.id::text))[:%s] as ids
    from measurements m join units u on u.id = m.unit_id where m.counted
    group by u.id, month order by count(*) desc limit 1
"""


def main() -> None:
    """Print rates, times and errors; exit status 1 where there is an error or a time too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each load")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, environment):
        run(target, Load("phones", 1, 1.0))  # warm
        good = _loads(target, "", seconds)
        with _slow_disk(Path(folder)):
            good &= _loads(target, f", {SLOW_MS} ms a commit", seconds)
        good &= _exclusion(target, environment["DATABASE_OWNER_URL"], seconds)
    sys.exit(0 if good else 1)


def _loads(target: Target, disk: str, seconds: float) -> bool:
    good = True
    for name, load in LOADS.items():
        before = _deadlocks(target)
        found = run(target, Load(load.kind, load.size, seconds))
        good &= _show(name + disk, [found], _deadlocks(target) - before)
    return good


def _show(name: str, found: Sequence[Rate], deadlocks: int, most_ms: float = 0) -> bool:
    took = [one for rate in found for one in rate.took]
    refused = sum((Counter(rate.refused) for rate in found), Counter[str]())
    cuts = statistics.quantiles(took, n=100)
    rate = statistics.fmean(one.samples for one in found)
    needed = f" (at most {most_ms:g})" if most_ms else ""
    print(
        f"{name:<45}{rate:7,.0f} samples/s, p50 {cuts[49] * 1e3:.0f}, p99 {cuts[98] * 1e3:.0f}"
        f"{needed}, longest {max(took) * 1e3:.0f} ms; {deadlocks} deadlocks, "
        f"refused {dict(refused) or 'none'}",
        flush=True,
    )
    return not deadlocks and not refused and (not most_ms or cuts[98] * 1e3 <= most_ms)


def _deadlocks(target: Target) -> int:
    time.sleep(1.1)  # statistics are written once a second
    with psycopg.connect(target.database) as connection:
        [count] = connection.execute(DEADLOCKS).fetchone() or (0,)
    return int(count)


@contextmanager
def _slow_disk(folder: Path) -> Iterator[None]:
    """Let each commit wait before it writes, also one that no others follow."""
    with superuser(folder) as connection:
        connection.execute("alter system set commit_siblings = 0")
        for delay in (SLOW_MS * 1_000, 0):
            connection.execute(f"alter system set commit_delay = {delay}")
            connection.execute("select pg_reload_conf()")
            if delay:
                yield


def _exclusion(target: Target, owner_url: str, seconds: float) -> bool:
    """Let an official exclude samples while the clients post, until the act is done."""
    stored: list[str] = []
    while len(stored) < EXCLUDED:
        run(target, Load("hot", BATCH, seconds))
        with psycopg.connect(target.database) as connection:
            code, province, month, stored = connection.execute(FULLEST, [EXCLUDED]).fetchone() or ()
    token = "dsp_" + secrets.token_urlsafe(32)
    with psycopg.connect(owner_url.replace("+psycopg", "")) as connection:
        connection.execute(OFFICIAL, [province, hashlib.sha256(token.encode()).digest()])

    def exclude() -> float:
        began = time.monotonic()
        for place in range(0, EXCLUDED, AN_ACT):
            body = {
                "month": month, "reason": "bench", "measurements": stored[place : place + AN_ACT]
            }  # fmt: skip
            answer = json.loads(
                ask(target.port, f"/api/v1/units/{code}/exclusions", token, body)[0]
            )
            assert answer["measurements"] == AN_ACT, answer
        return time.monotonic() - began

    before, found = _deadlocks(target), list[Rate]()
    with ThreadPoolExecutor(1) as pool:
        acts = []
        while not acts or not acts[0].done():
            begin = (lambda: None) if acts else lambda: acts.append(pool.submit(exclude))
            found.append(run(target, Load("hot", 1, seconds), begin))
        print(f"an official excluded {EXCLUDED:,} samples in {acts[0].result():.1f} s; meanwhile")
    name = "one commune, during the exclusion"
    return _show(name, found, _deadlocks(target) - before, EXCLUDED_P99_MS)


if __name__ == "__main__":
    main()
