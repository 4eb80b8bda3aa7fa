"""Compare posts with those of small services of other frameworks, in turns on one PostgreSQL.

The peers (`peers/`) check a token, validate, place the point in a commune and commit each post.
They judge, count and limit nothing, and tell no duplicate from a conflict. They place by shapely's
STRtree: the embedded PostgreSQL has no PostGIS.
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from parts.load import BATCH, Load, Target, run
from parts.peers import COMMANDS, install, running
from parts.processes import memory_mb, processor_s
from parts.site import site

OURS, TEAM = "ours, in no team", "ours, in a team"
FLASK, FASTAPI = "Flask + psycopg", "FastAPI + asyncpg"
# CPU of ours at most, beside bare Flask and in a team beside no team; rates at least.
MOST_FLASK, MOST_TEAM, LEAST_SINGLE, LEAST_BATCH = 1.4, 1.5, 0.6, 0.8


@dataclass(frozen=True)
class Turn:
    """Samples a second; CPU of a request in ms; quantiles of the answers in ms."""

    rate: float
    web_ms: float
    postgres_ms: float
    p50_ms: float
    p99_ms: float

    @property
    def cpu_ms(self) -> float:
        return self.web_ms + self.postgres_ms


Turns = dict[str, list[Turn]]


def main() -> None:
    """Print a table of single posts and one of batches; exit status 1 where a need is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each turn")
    arguments = parser.parse_args()
    install()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        ours, _ = stack.enter_context(site(folder))
        targets = {OURS: ours, TEAM: ours}
        for peer in COMMANDS:
            targets[peer] = stack.enter_context(running(peer, folder, ours)).target
        print(f"load average {os.getloadavg()[0]:.1f}; peers place by STRtree", flush=True)
        missed = [_compare(targets, size, arguments) for size in (1, BATCH)]
        for who, target in targets.items():
            if who != TEAM:
                print(f"memory of {who.partition(',')[0]}: {memory_mb(target.web):.0f} MB (PSS)")
    sys.exit(any(missed))


def _compare(targets: dict[str, Target], size: int, arguments: argparse.Namespace) -> bool:
    turns: Turns = {who: [] for who in targets}
    for number in range(arguments.rounds + 1):
        for who, target in targets.items():
            # The first turn warms up: connections, prepared statements.
            turn = _turn(target, who, size, arguments.seconds if number else 1.0)
            if number:
                turns[who].append(turn)
    kind = "single posts" if size == 1 else f"batches of {size}"
    print(f"\n{kind}: medians of {arguments.rounds} turns of {arguments.seconds:g} s")
    print("                    samples/s  of ours   web ms    PG ms   p50 ms   p99 ms")
    for who, found in turns.items():
        fields = [_median(found, name) for name in ("web_ms", "postgres_ms", "p50_ms", "p99_ms")]
        shown = "".join(f"{value:9.2f}" for value in fields)
        ratio = _ratio(found, turns[OURS], "rate")
        print(f"  {who:<18}{_median(found, 'rate'):9,.0f}{ratio:9.2f}{shown}")
    sys.stdout.flush()
    return _missed(turns, size)


def _turn(target: Target, who: str, size: int, seconds: float) -> Turn:
    kind = {OURS: "phones", TEAM: "team"}.get(who, "unjudged")
    before: list[float] = []
    found = run(target, Load(kind, size, seconds), lambda: before.extend(_spent(target)))
    if not found.done:
        raise SystemExit(f"{who}: nothing stored")
    posts = len(found.took)  # not all of their samples count
    web, postgres = (
        (now - then) * 1e3 / posts for now, then in zip(_spent(target), before, strict=True)
    )
    cuts = statistics.quantiles(found.took, n=100)
    return Turn(found.samples, web, postgres, cuts[49] * 1e3, cuts[98] * 1e3)


def _spent(target: Target) -> tuple[float, float]:
    return processor_s([target.web]), processor_s([target.postgres])


def _missed(turns: Turns, size: int) -> bool:
    least = LEAST_SINGLE if size == 1 else LEAST_BATCH
    missed = _need("rate beside FastAPI", turns, (OURS, FASTAPI, "rate"), least=least)
    if size == 1:
        missed |= _need("CPU beside bare Flask", turns, (OURS, FLASK, "cpu_ms"), most=MOST_FLASK)
        missed |= _need("CPU in a team", turns, (TEAM, OURS, "cpu_ms"), most=MOST_TEAM)
    return missed


def _need(
    name: str,
    turns: Turns,
    ratio: tuple[str, str, str],
    least: float = 0.0,
    most: float = float("inf"),
) -> bool:
    mine, theirs, field = ratio
    found = _ratio(turns[mine], turns[theirs], field)
    print(f"  {name}: {found:.2f} ({f'at least {least}' if least else f'at most {most}'})")
    return not least <= found <= most


def _ratio(mine: Sequence[Turn], theirs: Sequence[Turn], field: str) -> float:
    """Return the median of the ratios of turns that followed each other."""
    pairs = zip(mine, theirs, strict=True)
    return statistics.median(getattr(one, field) / getattr(other, field) for one, other in pairs)


def _median(turns: Sequence[Turn], field: str) -> float:
    return statistics.median(getattr(one, field) for one in turns)


if __name__ == "__main__":
    main()
