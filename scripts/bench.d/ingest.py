"""Measure taking measurements: samples a second, processor time and times of posts, in turns.

With --against, plain and witnessed posts, those in a team and batches are compared with those of
another checkout, which has a `.venv`: the turns of both alternate, so that a busy machine slows
both.
Without it, kinds of posts are compared with a post in no team, and a profile follows.
"""

import argparse
import cProfile
import itertools
import json
import os
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from pathlib import Path

from parts.costs import HEAD, Cost, measure, show
from parts.load import BATCH, POST, Load, Target, run, walk
from parts.phones import make_earlier, register
from parts.site import site, site_of

MAX_TEAM, MAX_AGAINST = 1.5, 1.15  # ratios of processor time
PLAIN, WITNESSED, TEAM, LATE = "in no team", "witnessed, next ticket", "in a team", "a late sample"
BATCHES = f"a batch of {BATCH}"
LOADS = {
    PLAIN: ("phones", 1), WITNESSED: ("witnessed", 1), TEAM: ("team", 1), LATE: ("late", 1),
    BATCHES: ("phones", BATCH),
}  # fmt: skip
COMPARED = (PLAIN, WITNESSED, TEAM, BATCHES)
TOP = 25
Place = tuple[Target, str]  # where, and which of LOADS


def main() -> None:
    """Print the costs and ratios; exit status 1 where one is too high."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (ours, environment):
        if arguments.against:
            with site_of(arguments.against.resolve()) as theirs:
                good = _compare(ours, theirs, arguments)
        else:
            good = _kinds(ours, arguments)
            tokens = list(register(ours.port, 2))
            make_earlier(ours.database)
            _profile(environment, tokens[0], 1, 300)
            _profile(environment, tokens[1], BATCH, 30)
    sys.exit(0 if good else 1)


def _compare(ours: Target, theirs: Target, arguments: argparse.Namespace) -> bool:
    places: dict[str, Place] = {}
    for name in COMPARED:
        places |= {f"before: {name}": (theirs, name), f"now: {name}": (ours, name)}
    costs = _measure_in_turns(places, arguments)
    good = True
    for name in COMPARED:
        before, now = costs[f"before: {name}"], costs[f"now: {name}"]
        show(f"before: {name}", before, before)
        good &= show(f"now: {name}", now, before, MAX_AGAINST)
    return good


def _kinds(ours: Target, arguments: argparse.Namespace) -> bool:
    costs = _measure_in_turns({name: (ours, name) for name in LOADS}, arguments)
    for name in LOADS:
        good = show(name, costs[name], costs[PLAIN], MAX_TEAM if name == TEAM else 0)
        if name == TEAM:
            in_team = good
    return in_team


def _measure_in_turns(
    places: Mapping[str, Place], arguments: argparse.Namespace
) -> dict[str, list[Cost]]:
    """Return the costs of all turns, of which each second one has the opposite order."""
    for target in {target.port: target for target, _ in places.values()}.values():
        run(target, Load("phones", 1, 1.0))  # warm: connections, statements, the index in memory
    costs: dict[str, list[Cost]] = {name: [] for name in places}
    for turn in range(arguments.rounds):
        for name in list(places)[:: -1 if turn % 2 else 1]:
            target, load = places[name]
            costs[name].append(measure(target, Load(*LOADS[load], arguments.seconds)))
    load_average = f"load average {os.getloadavg()[0]:.1f}"
    print(f"medians of {arguments.rounds} turns of {arguments.seconds:g} s, {load_average}\n{HEAD}")
    return costs


def _profile(environment: dict[str, str], token: str, size: int, posts: int) -> None:
    """Post in process, print the dearest functions."""
    os.environ.update(environment)
    from backend.app import create_app

    client = create_app().test_client()
    samples = walk(987_654 + size, 0)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post() -> None:
        some = list(itertools.islice(samples, size))
        body = json.dumps(some[0] if size == 1 else {"measurements": some})
        answer = client.post(POST, data=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    profiler = cProfile.Profile(time.process_time)  # waiting is none of our cost
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # the log's lines
        _seconds(post, 10)
        alone = _seconds(post, posts)
        profiler.enable()
        _seconds(post, posts)
        profiler.disable()
    took = f"{alone / posts * 1e3:.2f} ms of processor a post of {size}"
    print(f"\nOne client, in process: {took}; with the profiler:")
    stats = pstats.Stats(profiler, stream=sys.stdout)
    stats.sort_stats("cumulative").print_stats(r"/backend/|/geo/", TOP)


def _seconds(post: Callable[[], None], posts: int) -> float:
    began = time.process_time()
    for _ in range(posts):
        post()
    return time.process_time() - began


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="length of each turn")
    return parser.parse_args()


if __name__ == "__main__":
    main()
