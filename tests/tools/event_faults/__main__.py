"""Inject ten kinds of fault between server, webhook and readers; exit 1 if anything is wrong."""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.tools.event_faults.kinds import KINDS, Kind
from tests.tools.event_faults.rounds import EventRound, run_round
from tests.tools.event_faults.site import EventSite

HEAD = """\
| fault | rounds | events | verdicts changed | deliveries | without an event | lost \
| applied twice | not stored | longest round |
|---|---|---|---|---|---|---|---|---|---|"""


def main(arguments: list[str]) -> int:
    """Run all rounds and print the table."""
    options = _parser().parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    _print(f"seed {seed} (to repeat: --seed {seed})\nstarting a server")
    rounds: dict[str, list[EventRound]] = {name: [] for name in options.only}
    with tempfile.TemporaryDirectory(prefix="faults-") as folder, EventSite(Path(folder)) as site:
        reader = site.reader("reader")
        for name in options.only:
            for number in range(1, options.rounds + 1):
                one = run_round(site, KINDS[name], reader, f"{seed} {name} {number}")
                rounds[name].append(one)
                _report(name, number, one)
                if not one.good:
                    _print(site.server.tail())
            _print(row(KINDS[name], rounds[name]))  # for runs that are interrupted
        reader.stop()
    _print("\n" + "\n".join([HEAD, *(row(KINDS[name], done) for name, done in rounds.items())]))
    return 0 if all(one.good for done in rounds.values() for one in done) else 1


def row(kind: Kind, rounds: Sequence[EventRound]) -> str:
    """Return a line of the table, as Markdown."""
    sums = [
        sum(one.events for one in rounds),
        sum(one.changed for one in rounds),
        sum(one.deliveries for one in rounds),
        *(
            sum(len(getattr(one, name)) for one in rounds)
            for name in ("unannounced", "lost", "doubled", "foreign")
        ),
    ]
    longest = f"{max((one.seconds for one in rounds), default=0):.0f} s"
    cells = [kind.label, str(len(rounds)), *(f"{n:,}" for n in sums), longest]
    return f"| {' | '.join(cells)} |"


def _report(name: str, number: int, one: EventRound) -> None:
    _print(
        f"{name} {number}: {one.events} events, {one.deliveries} deliveries, "
        f"{one.seconds:.1f} s; {'good' if one.good else 'BAD'}{one.note and f' ({one.note})'}"
    )
    if not one.good:
        _print(f"  without an event {one.unannounced[:5]}, lost {one.lost[:5]}")
        _print(f"  applied twice {one.doubled[:5]}, not stored {one.foreign[:5]}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/faults --events", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="of each kind (default: 10)")
    parser.add_argument("--seed", type=int, help="to repeat a run")
    parser.add_argument(
        "--only", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND",
        help=f"some kinds of {', '.join(KINDS)}",
    )  # fmt: skip
    return parser


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
