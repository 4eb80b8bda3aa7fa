"""The national workbook of a year: how long it takes, and how much memory it adds to a server."""

import http.client
import time
from contextlib import suppress
from pathlib import Path

MOST_S, MOST_MB = 5.0, 200.0


def workers(port: int) -> list[int]:
    """Return the processes that serve on a port, by their environment."""
    variable = f"PORT={port}".encode()
    found = []
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if variable in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


def memory_mb(processes: list[int]) -> dict[int, float]:
    """The most that each process has had in memory so far, in MB."""
    found = {}
    for process in processes:
        status = Path(f"/proc/{process}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
        found[process] = int(line.split()[1]) / 1024
    return found


def fetch_workbook(port: int, first: str, last: str, times: int = 3) -> bool:
    """Request it some times; print the median and the largest growth of a worker."""
    path = f"/api/v1/coverage?from={first}&to={last}&level=commune&format=xlsx"
    seconds, size = [], 0
    before = memory_mb(workers(port))
    for _ in range(times):
        spent, size = _timed(port, path)
        seconds.append(spent)
    after = memory_mb(workers(port))
    grown = max(after[one] - before[one] for one in before if one in after)
    times_told = ", ".join(f"{one:.1f}" for one in seconds)
    print(f"  workbook of 12 months: {times_told} s, {size / 1e6:.1f} MB;", end=" ")
    print(f"memory + {grown:.0f} MB to {max(after.values()):.0f} MB")
    return min(seconds) < MOST_S and grown < MOST_MB


def _timed(port: int, path: str) -> tuple[float, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}: {body[:300]!r}")
    return time.perf_counter() - began, len(body)
