"""Measure requests and jobs with 0.1, 1 and 10 million measurements of a year.

All servers run at once and get requests in turns. Cells contain median / 95th percentile in ms, the
time on a processor of server and database in ms, then the peak of the busiest process in MB.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from growth_parts.place import Place, place
from growth_parts.requests import QUESTIONS
from growth_parts.sizes import bytes_a_row, foresee, nights_work
from growth_parts.table import Cost, head, measure, row

from backend.clock import local_day, utc_now

SIZES = (100_000, 1_000_000, 10_000_000)


def main() -> None:
    """Print the table, the sizes, and an extrapolation to ten times the largest."""
    options = _arguments()
    print(f"load average before: {os.getloadavg()[0]:.1f}", flush=True)
    with ExitStack() as stack:
        below = options.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        places = [_place(stack, rows, below) for rows in sorted(options.rows)]
        print(f"load average after filling: {os.getloadavg()[0]:.1f}\n\n{head(places)}", flush=True)
        costs: dict[str, Sequence[Cost]] = {}
        for question in [one for one in QUESTIONS if options.only in one.name]:
            costs[question.name] = measure(question, places)
            print(row(question, costs[question.name]), flush=True)
        print(f"\nload average after: {os.getloadavg()[0]:.1f}\n")
        print("\n".join(bytes_a_row(places[-1])))
        print("\n".join(foresee(places, costs)))
        print("\n".join(nights_work(places[-1], below)))


def _place(stack: ExitStack, rows: int, below: Path) -> Place:
    folder, name = below / str(rows), f"{rows / 1e6:g} M"
    folder.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(place(folder, name, rows, local_day(utc_now())))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES, help="sizes to compare")
    parser.add_argument("--only", default="", metavar="WORDS", help="rows with these in their name")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="leave the databases here, and use them again"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
