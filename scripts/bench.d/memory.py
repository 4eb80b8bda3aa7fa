"""Measure the memory of the server after a first start, when each worker has answered many months.

Proportional set size (PSS): a page that n processes share counts 1/n in each.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from parts.filling import fill_months
from parts.processes import family
from parts.site import ask, site

from backend.clock import local_day, utc_now

WORKERS, MONTHS, ROWS = 4, 24, 10_000_000
NEED_MB = 500
KINDS = ("Pss", "Pss_Anon", "Pss_File", "Pss_Shmem")
# So many new connections reach each of four workers: they accept by chance.
ASKED = 40


def main() -> None:
    """Print PSS in MB by kind; exit status 1 above NEED_MB."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boundaries", default=os.environ.get("BOUNDARIES_DIR", ""))
    boundaries = parser.parse_args().boundaries
    settings = {"WEB_CONCURRENCY": str(WORKERS)}
    if boundaries:
        settings["BOUNDARIES_DIR"] = boundaries
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), **settings) as (target, env):
        _show("after the start", family(target.web))
        first, last = fill_months(env["DATABASE_OWNER_URL"], ROWS, local_day(utc_now()), MONTHS)
        for month in _months(first, last):
            for _ in range(ASKED):
                ask(target.port, f"/api/v1/coverage?month={month}&level=commune")
        found = _show(f"after {MONTHS} months in each worker", family(target.web))
    sys.exit(found > NEED_MB)


def _months(first: str, last: str) -> list[str]:
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(begin, end + 1)]


def _show(when: str, pids: Iterable[int]) -> float:
    total: Counter[str] = Counter()
    for pid in pids:
        with suppress(OSError):  # one that has just ended
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                name = line.partition(":")[0]
                if name in KINDS:
                    total[name] += int(line.split()[1])
    shown = ", ".join(f"{name} {total[name] / 1_024:.0f}" for name in KINDS)
    print(f"{when}: {shown} MB (at most {NEED_MB} in all)", flush=True)
    return total["Pss"] / 1_024


if __name__ == "__main__":
    main()
