"""Measure pages at 10 million measurements and at 100,000: an organiser's, and coverage.

An organiser's are those of a campaign of 500 teams. Coverage is that of 3,321 communes over twelve
months, the last of them running. Filled by SQL are earnings and every sum that folding and the
finding of needed samples keep; the measurements themselves are not there, since no page of a whole
month reads them.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from parts.filling import fill_campaign, fill_months
from parts.processes import peaks_mb, serving
from parts.site import ask, site

from backend.clock import local_day, utc_now

MOST_S, MOST_MB = 5.0, 200.0


def fetch_workbook(port: int, first: str, last: str, times: int = 3) -> bool:
    """Request it some times; print the median and the largest growth of a worker."""
    path = f"/api/v1/coverage?from={first}&to={last}&level=commune&format=xlsx"
    seconds: list[float] = []
    before = peaks_mb(serving(port))
    for _ in range(times):
        body, spent = ask(port, path)
        seconds.append(spent)
    after = peaks_mb(before)
    grown = max(after[one] - before[one] for one in after)
    times_told = ", ".join(f"{one:.1f}" for one in seconds)
    print(f"  workbook of 12 months: {times_told} s, {len(body) / 1e6:.1f} MB;", end=" ")
    print(f"memory + {grown:.0f} MB to {max(after.values()):.0f} MB")
    return min(seconds) < MOST_S and grown < MOST_MB


MOST_MS, MOST_COVERAGE_MS, MOST_RATIO = 100.0, 50.0, 1.2
BY = ("team", "unit", "day", "member")
WARM = 20  # each of four workers reads a month once
# Pages of officials: the country by province, a province by commune, the largest shortfalls. Maps
# and other programs take every commune.
COVERAGE = {
    "provinces of the country": "level=province",
    "communes of a province": "level=commune&parent=19",
    "100 communes that lack most": "level=commune&sort=-shortfall&limit=100",
    "one commune": "unit=05443",
    "every commune": "level=commune",
    "every commune as columns": "level=commune&format=columns",
}


@dataclass(frozen=True)
class Site:
    """A server over a filled database."""

    rows: int
    port: int
    token: str  # of the campaign's organiser
    first: str  # the first month of coverage
    last: str

    def ask(self, path: str) -> float:
        """Milliseconds of one answer, read whole."""
        body, seconds = ask(self.port, path, self.token)
        if self.token and b'"received":0,' in body[-600:]:
            raise SystemExit(f"{path} is empty: {body[:500]!r}")
        return seconds * 1e3


def main() -> None:
    """Print p50 and p95 of both sizes and their ratio; exit status 1 where one is missed."""
    arguments = _arguments()
    with ExitStack() as stack:
        sites = [_site(stack, rows, arguments.only) for rows in (arguments.small, arguments.rows)]
        small, large = sites
        print(f"{'':34}{small.rows:>12,} rows{large.rows:>14,} rows")
        print(f"{'':34}{'p50':>8}{'p95':>9}{'p50':>10}{'p95':>9}   ratio of p95")
        good = []
        if arguments.only != "coverage":
            for by in BY:
                path = f"/api/v1/campaigns/1/contributions?by={by}&month=2024-11"
                good.append(
                    _compare(sites, f"contributions by={by}", path, arguments.times, MOST_MS)
                )
        if arguments.only != "contributions":
            for name, query in COVERAGE.items():
                path = f"/api/v1/coverage?month={large.last}&{query}"
                good.append(_compare(sites, name, path, arguments.times, MOST_COVERAGE_MS))
            good.append(fetch_workbook(large.port, large.first, large.last))
    sys.exit(0 if all(good) else 1)


def _site(stack: ExitStack, rows: int, only: str | None) -> Site:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    target, environment = stack.enter_context(site(folder))
    began, owner = time.monotonic(), environment["DATABASE_OWNER_URL"]
    token, first, last = "", "", ""
    if only != "coverage":
        token = fill_campaign(owner, rows)
    if only != "contributions":
        first, last = fill_months(owner, rows, local_day(utc_now()))
    print(f"{rows:,} measurements' earnings and sums filled in {time.monotonic() - began:.0f} s")
    sys.stdout.flush()
    return Site(rows, target.port, token, first, last)


def _compare(sites: list[Site], name: str, path: str, times: int, most_ms: float) -> bool:
    """Ask both in turns, so that a busy machine slows both."""
    small, large = sites
    for _ in range(WARM):
        small.ask(path), large.ask(path)
    few, many = zip(*((small.ask(path), large.ask(path)) for _ in range(times)), strict=True)
    ratio = _p95(many) / _p95(few)
    figures = [statistics.median(few), _p95(few), statistics.median(many), _p95(many)]
    print(f"  {name:<33}" + "".join(f"{ms:9.1f}" for ms in figures) + f"   {ratio:.2f}")
    sys.stdout.flush()
    return _p95(many) < most_ms and ratio <= MOST_RATIO


def _p95(times: tuple[float, ...]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100, help="requests for each page")
    parser.add_argument("--only", choices=("contributions", "coverage"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
