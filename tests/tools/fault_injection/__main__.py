"""Ten rounds of each kind of fault, a table, and exit status 1 where anything is wrong."""

import argparse
import random
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.tools.fault_injection.disk import NoDiskError, small_disk
from tests.tools.fault_injection.kinds import KINDS, Kind
from tests.tools.fault_injection.rounds import Round, play
from tests.tools.fault_injection.site import Site
from tests.tools.fault_injection.table import HEAD, row


def main(arguments: list[str]) -> int:
    """Play all rounds; print the table."""
    options = _parser().parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    _tell(f"seed {seed} (the same moments again: --seed {seed})")
    rounds: dict[str, list[Round]] = {}
    for small in (False, True):
        names = [name for name in options.only if KINDS[name].small_disk is small]
        if names:
            rounds |= _on_one_site(names, options.rounds, seed, small)
    _tell("\n" + "\n".join([HEAD, *(row(KINDS[name], rounds.get(name)) for name in options.only)]))
    return 0 if all(one.good for played in rounds.values() for one in played) else 1


def _on_one_site(names: list[str], count: int, seed: int, small: bool) -> dict[str, list[Round]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        try:
            disk = stack.enter_context(small_disk()) if small else None
        except NoDiskError as error:
            _tell(f"no file system of our own can be had, a full disk is not tried: {error}")
            return {}
        _tell("starting a server" + (" on a small disk" if small else ""))
        site = stack.enter_context(Site(folder, disk))
        site.prepare()
        return {name: _play_all(site, name, KINDS[name], count, seed) for name in names}


def _play_all(site: Site, name: str, kind: Kind, count: int, seed: int) -> list[Round]:
    played = []
    for number in range(1, count + 1):
        one = play(site, kind, f"{seed} {name} {number}")
        found = one.found
        _tell(
            f"{name} {number}: {found.acknowledged} acknowledged after {one.seconds:.1f} s, "
            f"{one.retries} retries, {found.again} again; {'good' if one.good else 'BAD'}"
            f"{one.note and f' ({one.note})'}"
        )
        if not one.good:
            _explain(site, one)
        played.append(one)
    _tell(row(kind, played))  # who ends the rest early has this
    return played


def _explain(site: Site, one: Round) -> None:
    found = one.found
    _tell(f"  lost {one.lost[:5]}, doubled {one.doubled[:5]}, half {found.half[:5]}")
    _tell(f"  answers of 500: {one.broken}")
    _tell(f"  undelivered {found.undelivered[:5]}, differences {found.differences}")
    _tell(f"  {one.problems}\n{site.server.tail()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help="of each kind (default: 10)")
    parser.add_argument("--seed", type=int, help="for the same moments again")
    parser.add_argument(
        "--only", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND",
        help=f"some kinds of {', '.join(KINDS)}",
    )  # fmt: skip
    return parser


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
