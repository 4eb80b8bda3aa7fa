"""Measure how often the 95 % intervals of statistics contain the true value, and rank operators.

Months of clustered phones are simulated, by default 4,000 a cell, and their figures computed by the
functions of the product. The seeds begin at 70,000: those below were used in choosing the method.
"""

import argparse
import sys

from tests.tools import interval_simulation as simulation
from tests.tools.interval_simulation import Cell

SHAPES = ((30, 5), (100, 10), (300, 10), (300, 60))
CORRELATIONS = {"lognormal": (0.1, 0.3, 0.5), "mixture": (0.1, 0.5), "office": (0.3,)}
NUMBERS = (2, 3, 5)  # of operators
BOUNDS, APART_MOST = (0.93, 0.98), 0.06
# Months that are wide enough for an outer percentile.
WIDE = (Cell("lognormal", 0.3, 300, 60, zipf=False), Cell("mixture", 0.5, 300, 60, zipf=False))


def main() -> None:
    """Print the tables; exit status 1 where a cell is out of bounds (a shared line always is)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=4_000)
    parser.add_argument("--seed", type=int, default=70_000)
    arguments = parser.parse_args()
    good = _medians(arguments.months, arguments.seed)
    good &= _ranks(arguments.months, arguments.seed + 1_000)
    _power(max(arguments.months // 20, 20), arguments.seed + 2_000)
    sys.exit(0 if good else 1)


def _medians(months: int, seed: int) -> bool:
    print("samples / phones | kind | correlation | effective n | inside, % | above / below, %")
    cells = [
        Cell(kind, rho, n, phones, zipf)
        for kind, correlations in CORRELATIONS.items()
        for rho in correlations
        for n, phones in SHAPES
        for zipf in (False, True)
    ]
    good = True
    for at, cell in enumerate(cells):
        inside = _row(cell, months, 0.5, seed + at)
        good &= BOUNDS[0] <= inside <= BOUNDS[1]
    for at, cell in enumerate(WIDE):
        _row(cell, months, 0.1, seed + 500 + at)
        _row(cell, months, 0.9, seed + 600 + at)
    for at, (n, phones) in enumerate(SHAPES):
        _row(Cell("shared line", 0.3, n, phones, zipf=False), months, 0.5, seed + 700 + at)
    return good


def _row(cell: Cell, months: int, part: float, seed: int) -> float:
    found = simulation.coverage(cell, months, part, seed)
    use = "Zipf" if cell.zipf else "even"
    print(
        f"{cell.n} / {cell.phones} {use} | {cell.kind}, p{100 * part:.0f} | {cell.rho} | "
        f"{found.n:.0f} | {100 * found.inside:.1f} | {100 * found.above:.1f} / "
        f"{100 * found.below:.1f}",
        flush=True,
    )
    return found.inside


def _ranks(months: int, seed: int) -> bool:
    print(
        "\nequal operators ranked apart, %: samples / phones of each | kind | 2 | 3 | 5 operators"
    )
    good = True
    for at, kind in enumerate(("lognormal", "mixture", "office")):
        for n, phones, zipf in ((30, 5, True), (100, 10, False), (300, 60, True)):
            cell = Cell(kind, 0.3, n, phones, zipf)
            found = simulation.apart(cell, NUMBERS, months, seed + 100 * at + phones)
            good &= max(found) <= APART_MOST
            rates = " | ".join(f"{100 * one:.1f}" for one in found)
            print(f"{n} / {phones} {'Zipf' if zipf else 'even'} | {kind} | {rates}", flush=True)
    return good


def _power(months: int, seed: int) -> None:
    print("\na difference of 25 % found, %: samples / phones of each | 2 | 3 | 5 operators")
    for n, phones in ((300, 60), (1_000, 200), (3_000, 600), (10_000, 2_000)):
        cell = Cell("lognormal", 0.3, n, phones, zipf=False)
        found = simulation.apart(cell, NUMBERS, months, seed + phones, ratio=1.25)
        print(f"{n} / {phones} | " + " | ".join(f"{100 * one:.0f}" for one in found), flush=True)


if __name__ == "__main__":
    main()
