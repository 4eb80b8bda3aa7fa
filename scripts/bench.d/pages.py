"""Measure the organiser's pages on a campaign of 500 teams: 10 million measurements and 100,000.

Filled by SQL are earnings and every sum that folding and the finding of needed samples keep; the
measurements themselves are not there, since no page of a whole month reads them.
"""

import argparse
import http.client
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingest_parts.site import site
from pages_parts.filling import fill

MOST_MS, MOST_RATIO = 100.0, 1.2
BY = ("team", "unit", "day", "member")
WARM = 5


@dataclass(frozen=True)
class Site:
    """A server over a filled database."""

    rows: int
    port: int
    token: str

    def ask(self, path: str) -> float:
        """Milliseconds of one answer, read whole."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.connect()
        began = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        body = answer.read()
        spent = (time.perf_counter() - began) * 1e3
        connection.close()
        if answer.status != 200 or b'"received":0,' in body[-600:]:
            raise SystemExit(f"{path} answered {answer.status}: {body[:500]!r}")
        return spent


def main() -> None:
    """Print p50 and p95 of both sizes and their ratio; exit status 1 where one is missed."""
    arguments = _arguments()
    with ExitStack() as stack:
        small, large = (_site(stack, rows) for rows in (arguments.small, arguments.rows))
        print(f"{'':34}{small.rows:>12,} rows{large.rows:>14,} rows")
        print(f"{'contributions':34}{'p50':>8}{'p95':>9}{'p50':>10}{'p95':>9}   ratio of p95")
        good = [_compare(small, large, by, arguments.times) for by in BY]
    sys.exit(0 if all(good) else 1)


def _site(stack: ExitStack, rows: int) -> Site:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    target, environment = stack.enter_context(site(folder))
    began = time.monotonic()
    token = fill(environment["DATABASE_OWNER_URL"], rows)
    print(f"{rows:,} measurements' earnings and sums filled in {time.monotonic() - began:.0f} s")
    sys.stdout.flush()
    return Site(rows, target.port, token)


def _compare(small: Site, large: Site, by: str, times: int) -> bool:
    """Ask both in turns, so that a busy machine slows both."""
    path = f"/api/v1/campaigns/1/contributions?by={by}&month=2024-11"
    for _ in range(WARM):
        small.ask(path), large.ask(path)
    few, many = zip(*((small.ask(path), large.ask(path)) for _ in range(times)), strict=True)
    ratio = _p95(many) / _p95(few)
    figures = [statistics.median(few), _p95(few), statistics.median(many), _p95(many)]
    print(f"  by={by:<30}" + "".join(f"{ms:9.1f}" for ms in figures) + f"   {ratio:.2f}")
    sys.stdout.flush()
    return _p95(many) < MOST_MS and ratio <= MOST_RATIO


def _p95(times: tuple[float, ...]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=100, help="how often each page is asked")
    return parser.parse_args()


if __name__ == "__main__":
    main()
