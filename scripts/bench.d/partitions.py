"""Measure whether monthly partitions of measurements pay: the same rows with them and without.

Both servers run at once and are asked in turns; cells are those of `scripts/bench growth`. At the
end a month is taken away: rows deleted and vacuumed, or a partition detached and dropped.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from growth_parts.asking import QUESTIONS
from growth_parts.looking_up import YEARS_BEFORE, add_years, look_up
from growth_parts.partitioning import drop_month, partition
from growth_parts.place import place
from growth_parts.table import head, measure, row

from backend.clock import local_day, utc_now

# What neither reads nor writes measurements costs the same.
LEFT_OUT = ("contributions", "its files")


def main() -> None:
    """Print the table, and how long a month takes to go."""
    asked = _arguments()
    with ExitStack() as stack:
        below = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plain, parts = (
            stack.enter_context(place(folder, name, asked.rows, local_day(utc_now())))
            for folder, name in _folders(below, asked.rows)
        )
        partition(parts)
        print(f"load average: {os.getloadavg()[0]:.1f}\n\n{head((plain, parts))}", flush=True)
        for question in QUESTIONS:
            if not question.name.startswith(LEFT_OUT):
                print(row(question, measure(question, (plain, parts))), flush=True)
        print(f"\none table: {look_up(plain)}\npartitions of a year: {look_up(parts)}", flush=True)
        add_years(parts)
        print(f"of {YEARS_BEFORE} years more: {look_up(parts)}\none table: {look_up(plain)}")
        month = plain.filled.month
        print(f"\na month goes: {drop_month(plain, month, False)} (delete, vacuum)", end="; ")
        print(f"{drop_month(parts, month, True)} (detach, drop)")


def _folders(below: Path, rows: int) -> list[tuple[Path, str]]:
    """A filled database and its copy, both taken from the one of that size where it is kept."""
    filled, plain, parts = (below / f"{rows}{end}" for end in ("", "-plain", "-parts"))
    filled.mkdir(parents=True, exist_ok=True)
    with place(filled, "", rows, local_day(utc_now())):
        pass
    for copy in (plain, parts):
        shutil.rmtree(copy, ignore_errors=True)
        # With its owners: as root, the database runs as another user.
        subprocess.run(["cp", "-a", filled, copy], check=True)
    return [(plain, "one table"), (parts, "monthly partitions")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="as of `scripts/bench growth`, and of its use"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
