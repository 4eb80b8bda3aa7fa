"""Run ten rounds of each kind of fault and print a table; exit 1 if anything is wrong."""

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.tools.fault_injection.disk import NoDiskError, small_disk
from tests.tools.fault_injection.kinds import KINDS
from tests.tools.fault_injection.rounds import Round, run_round
from tests.tools.fault_injection.site import Site
from tests.tools.fault_injection.table import HEAD, row


def main(arguments: list[str]) -> int:
    """Run all rounds and print the table."""
    options = _parser().parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    _print(f"seed {seed} (to repeat: --seed {seed})")
    rounds: dict[str, list[Round]] = {}
    for small in (False, True):
        names = [name for name in options.only if KINDS[name].small_disk is small]
        if names:
            rounds |= _on_one_site(names, options, seed, small)
    _print("\n" + "\n".join([HEAD, *(row(KINDS[name], rounds.get(name)) for name in options.only)]))
    return 0 if all(one.good for done in rounds.values() for one in done) else 1


def _on_one_site(
    names: list[str], options: argparse.Namespace, seed: int, small: bool
) -> dict[str, list[Round]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        try:
            disk = stack.enter_context(small_disk()) if small else None
        except NoDiskError as error:
            _print(f"cannot mount a file system, so a full disk is not tested: {error}")
            return {}
        _print("starting a server" + (" on a small disk" if small else ""))
        site = stack.enter_context(Site(folder, disk))
        site.prepare()
        return {name: _run_all(site, name, options, seed) for name in names}


def _run_all(site: Site, name: str, options: argparse.Namespace, seed: int) -> list[Round]:
    kind, done = KINDS[name], []
    for number in range(1, options.rounds + 1):
        one = run_round(site, kind, f"{seed} {name} {number}", options.tickets)
        found = one.found
        _print(
            f"{name} {number}: {found.acknowledged} acknowledged after {one.seconds:.1f} s, "
            f"{one.witnessed} witnessed, {one.retries} retries, {found.again} again; "
            f"{'good' if one.good else 'BAD'}"
            f"{one.note and f' ({one.note})'}"
        )
        if not one.good:
            _explain(site, one)
        done.append(one)
    _print(row(kind, done))  # for runs that are interrupted
    return done


def _explain(site: Site, one: Round) -> None:
    found = one.found
    _print(f"  lost {one.lost[:5]}, doubled {one.doubled[:5]}, half {found.half[:5]}")
    _print(f"  answers of 500: {one.broken}, not witnessed {one.unproven[:5]}")
    _print(f"  undelivered {found.undelivered[:5]}, differences {found.differences}")
    _print(f"  {one.problems}\n{site.server.tail()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="of each kind (default: 10)")
    parser.add_argument("--seed", type=int, help="to repeat a run")
    parser.add_argument(
        "--tickets",
        action="store_true",
        help="phones transfer 1.5 MB in each test, by a ticket; without, samples are claimed",
    )
    parser.add_argument(
        "--only", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND",
        help=f"some kinds of {', '.join(KINDS)}",
    )  # fmt: skip
    return parser


def _print(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
