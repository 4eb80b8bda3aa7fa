"""Run simulated phones against a server and compare the results."""

import argparse
import contextlib
import random
import sys
import tempfile
from pathlib import Path

from tests.tools.phone_simulator.own_server import OwnServer, ServerError
from tests.tools.phone_simulator.phone import Tally
from tests.tools.phone_simulator.team import Plan, run

FIELDS = ("made", "refused", "stored", "listed", "witnessed", "attempts", "retries", "cuts")


def main(arguments: list[str]) -> int:
    """Run the trial; return 0 if every measurement is stored once or was refused."""
    options = _parser().parse_args(arguments)
    if not options.url and not options.chaos:
        options.url = "http://127.0.0.1:8000"
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed} (the same walk and the same bad luck: --seed {seed})", flush=True)
    with contextlib.ExitStack() as stack:
        store = options.store or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plan = Plan(
            options.phones,
            options.minutes,
            options.rate,
            options.chaos,
            seed,
            store,
            options.join,
            options.tickets,
        )
        own = None
        try:
            if not options.url:
                _print("starting a server, to be killed during the trial")
                own = stack.enter_context(OwnServer())
            tallies = run(plan, options.url or (own.url if own else ""), own, _print)
        except (ServerError, ValueError) as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
        _report(tallies, own.kills if own else 0)
    return 0 if all(tally.good for tally in tallies) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/phone", description=__doc__)
    add = parser.add_argument
    add("--url", help="server to talk to (default: http://127.0.0.1:8000; with --chaos our own)")
    add("--phones", type=_positive_whole, default=1, metavar="N")
    add("--minutes", type=_positive, default=1.0, metavar="M", help="how long they measure")
    add("--rate", type=_positive, default=12.0, help="tests of a phone in a minute")
    add("--join", metavar="CODE", help="join a team by its code before measuring")
    add(
        "--tickets",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="move 1.5 MB in each test, by a ticket (100 a day); without, samples are claimed",
    )
    add("--seed", type=int, help="for the same walk again")
    add("--store", type=Path, metavar="DIR", help="keep the phones' stores; go on with them")
    add(
        "--chaos",
        action="store_true",
        help="cut connections, send broken fields; without --url also kill the server with -9",
    )
    return parser


def _positive(value: str) -> float:
    number = float(value)
    if not 0 < number < 10_000:
        raise argparse.ArgumentTypeError("must be over 0")
    return number


def _positive_whole(value: str) -> int:
    return max(1, int(_positive(value)))


def _report(tallies: list[Tally], kills: int) -> None:
    for number, tally in enumerate(tallies, 1):
        for word in ("missing", "doubled", "wrongly_stored", "unproven"):
            if ids := getattr(tally, word):
                print(f"phone {number}: {word.replace('_', ' ')}: {', '.join(ids[:5])}")
        if tally.problem:
            print(f"phone {number}: {tally.problem}")
    sums = {name: sum(getattr(tally, name) for tally in tallies) for name in FIELDS}
    sums["kills"] = kills
    print(", ".join(f"{name} {value}" for name, value in sums.items()))
    lost = sum(len(tally.missing) for tally in tallies)
    twice = sum(len(tally.doubled) for tally in tallies)
    print(f"missing {lost}, doubled {twice}: {'good' if all(t.good for t in tallies) else 'BAD'}")


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
