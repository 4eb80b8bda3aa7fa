"""Measure taking measurements against bare inserts into the same table, in the same run."""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingest_parts.load import BATCH, Load, Target, rate
from ingest_parts.profile import profile
from ingest_parts.site import site

NEED, AIM_SINGLE, AIM_BATCH = 0.15, 0.20, 0.35


@dataclass(frozen=True)
class Contest:
    """What is compared, with the least ratio that is needed and the one that is aimed at."""

    name: str
    size: int
    need: float
    aim: float


CONTESTS = (
    Contest("one by one", 1, NEED, AIM_SINGLE),
    Contest(f"batches of {BATCH}", BATCH, NEED, AIM_BATCH),
)


def main() -> None:
    """Print rates, ratios and the profile; exit status 1 where a needed ratio is missed."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, environment):
        # Warm: connections, prepared statements, the index in memory.
        _round(target, 1, 0, 1.0)
        good = [
            _contest(target, contest, arguments.rounds, arguments.seconds) for contest in CONTESTS
        ]
        if not arguments.no_profile:
            profile(environment, target.tokens[0], 1, 300)
            profile(environment, target.tokens[1], BATCH, 30)
    sys.exit(0 if all(good) else 1)


def _contest(target: Target, contest: Contest, rounds: int, seconds: float) -> bool:
    """Let both run in turns, so that a busy machine slows both."""
    results = [_round(target, contest.size, k, seconds) for k in range(1, rounds + 1)]
    peer, ours = (statistics.median(column) for column in zip(*results, strict=True))
    ratios = sorted(mine / bare for bare, mine in results)
    ratio = statistics.median(ratios)
    print(f"\n{contest.name}, median of {rounds} rounds of {seconds:g} s")
    print(f"  bare inserts   {peer:9,.0f} rows/s")
    print(f"  through HTTP   {ours:9,.0f} rows/s")
    print(
        f"  ratio          {ratio:9.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}; "
        f"needed {contest.need}, aimed at {contest.aim})"
    )
    if contest.size == 1:
        empty = statistics.median(rate(target, Load("empty", 1, seconds, k)) for k in range(3))
        print(f"  an empty view  {empty:9,.0f} requests/s; ours is {ours / empty:.2f} of it")
    sys.stdout.flush()
    return ratio >= contest.need


def _round(target: Target, size: int, number: int, seconds: float) -> tuple[float, float]:
    bare = rate(target, Load("peer", size, seconds, number))
    # The sizes have separate rounds, so that their samples are not mixed.
    ours = rate(target, Load("phones", size, seconds, number))
    return bare, ours


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each round")
    parser.add_argument("--no-profile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
