"""Measure taking measurements against bare inserts into the same table, in the same run."""

import argparse
import cProfile
import itertools
import json
import os
import pstats
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from parts.load import BATCH, Load, Target, rate, walk
from parts.site import site

STAGES = {
    "token (authenticate)": ("devices/service.py", "authenticate"),
    "schema and digest": ("recording/incoming.py", "parse_item"),
    "commune (place)": ("units/locator.py", "place"),
    "communes (locate_many)": ("units/locator.py", "locate_many"),
    "timeline": ("recording/timeline.py", "read_with_device"),
    "verdict (judge)": ("recording/service.py", "_judge"),
    "store": ("recording/storage.py", "_store"),
    "commit": ("sqlalchemy/orm/session.py", "commit"),
    "results": ("recording/answers.py", "serialize_results"),
    "psycopg, in all of these": ("psycopg/connection.py", "wait"),
    "the whole request": ("flask/app.py", "wsgi_app"),
}  # fmt: skip
TOP = 15


def profile(environment: dict[str, str], token: str, size: int, posts: int) -> None:
    """Post in process, print the time of each stage and the dearest functions."""
    os.environ.update(environment)
    from backend.app import create_app

    app = create_app(LOG_LEVEL="INFO")
    client = app.test_client()
    samples = walk(987_654 + size, 0)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post() -> None:
        some = list(itertools.islice(samples, size))
        body = json.dumps(some[0] if size == 1 else {"measurements": some})
        answer = client.post("/api/v1/measurements", data=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    profiler = cProfile.Profile(time.process_time)  # waiting is none of our cost
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # the log's lines
        _seconds(post, 10)
        alone = _seconds(post, posts)
        profiler.enable()
        _seconds(post, posts)
        profiler.disable()
    took = f"{alone / posts * 1e3:.2f} ms of processor a post of {size}"
    print(f"\nOne client, in process: {took}; by stage:")
    _print_stages(profiler, posts)


def _seconds(post: Callable[[], None], posts: int) -> float:
    began = time.process_time()
    for _ in range(posts):
        post()
    return time.process_time() - began


def _print_stages(profiler: cProfile.Profile, posts: int) -> None:
    stats = pstats.Stats(profiler, stream=sys.stdout)
    entries = stats.stats.items()  # type: ignore[attr-defined]
    whole = max(value[3] for key, value in entries if key[2] == "wsgi_app")
    for name, (file, function) in STAGES.items():
        took = sum(
            value[3] for key, value in entries if key[0].endswith(file) and key[2] == function
        )
        if took:
            print(f"  {name:<28} {took / posts * 1e3:7.3f} ms  {took / whole:6.1%}")
    stats.strip_dirs().sort_stats("tottime").print_stats(TOP)


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
