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
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import psycopg
from parts.load import BATCH, Load, Target, rate, walk
from parts.processes import precise_s, processor_s
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

    app = create_app()
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


NEED_SINGLE, NEED_BATCH, TEAM_MOST = 0.20, 0.40, 1.5


@dataclass(frozen=True)
class Contest:
    """Posts of a size against bare inserts, with the least ratio that is needed."""

    name: str
    size: int
    need: float


CONTESTS = (
    Contest("one by one", 1, NEED_SINGLE),
    Contest(f"batches of {BATCH}", BATCH, NEED_BATCH),
)


@dataclass(frozen=True)
class Cost:
    """Samples a second, and the CPU time of a sample: web processes and PostgreSQL, in ms."""

    rate: float
    web_ms: float
    postgres_ms: float

    @property
    def all_ms(self) -> float:
        return self.web_ms + self.postgres_ms


def main() -> None:
    """Print rates, ratios and the profile; exit status 1 where a needed ratio is missed."""
    arguments = _arguments()
    rounds, seconds = arguments.rounds, arguments.seconds
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, environment):
        # Warm: connections, prepared statements, the index in memory.
        _round(target, 1, 0, 1.0)
        good = [_contest(target, contest, rounds, seconds) for contest in CONTESTS]
        good.append(_kinds(target, rounds, seconds))
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
    print(f"  bare inserts     {peer:9,.0f} rows/s")
    print(f"  counted by HTTP  {ours:9,.0f} samples/s")
    print(
        f"  ratio            {ratio:9.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}; "
        f"needed {contest.need})"
    )
    if contest.size == 1:
        empty = statistics.median(rate(target, Load("empty", 1, seconds)) for _ in range(3))
        print(f"  an empty view    {empty:9,.0f} requests/s; ours is {ours / empty:.2f} of it")
    sys.stdout.flush()
    return ratio >= contest.need


def _kinds(target: Target, rounds: int, seconds: float) -> bool:
    """Compare posts of phones in a team, and late posts, with those of phones in none, in turns."""
    costs: dict[str, list[Cost]] = {"phones": [], "team": [], "late": []}
    for _ in range(rounds):
        for kind, found in costs.items():
            found.append(_cost(target, kind, seconds))
    print("\none by one, by kind of phone: samples/s; CPU of a sample, web and PostgreSQL, in ms")
    for kind, found in costs.items():
        shown = [statistics.median(getattr(one, name) for one in found) for name in _SHOWN]
        ratio = _ratio(found, costs["phones"])
        print(f"  {kind:<8} {shown[0]:9,.0f} {shown[1]:7.2f} {shown[2]:7.2f}   ratio {ratio:.2f}")
    in_team = _ratio(costs["team"], costs["phones"])
    print(f"  a team costs {in_team:.2f} of no team (at most {TEAM_MOST})")
    return in_team <= TEAM_MOST


_SHOWN = ("rate", "web_ms", "postgres_ms")


def _ratio(ours: Sequence[Cost], theirs: Sequence[Cost]) -> float:
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(mine.all_ms / other.all_ms for mine, other in pairs)


def _cost(target: Target, kind: str, seconds: float) -> Cost:
    """Return the cost of posts of a kind, with the folding of their counts."""
    before: list[float] = []
    found = rate(target, Load(kind, 1, seconds), lambda: before.extend(_spent(target)))
    web, postgres, stored = (now - then for now, then in zip(_spent(target), before, strict=True))
    return Cost(found, web * 1e3 / stored, postgres * 1e3 / stored)


def _spent(target: Target) -> tuple[float, float, float]:
    """Return the CPU time of web processes and of PostgreSQL so far, in s, and stored samples."""
    with psycopg.connect(target.database) as connection:
        [stored] = connection.execute("select count(*) from measurements").fetchone() or (0,)
    return precise_s([target.web]), processor_s([target.postgres]), stored


def _round(target: Target, size: int, number: int, seconds: float) -> tuple[float, float]:
    bare = rate(target, Load("peer", size, seconds, number))
    return bare, rate(target, Load("phones", size, seconds))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each round")
    parser.add_argument("--no-profile", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
