"""CPU time and memory of processes, by /proc."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TICKS_A_S = os.sysconf("SC_CLK_TCK")
# Written to a process's clear_refs, it forgets its peak.
FORGET_PEAK = "5"


def family(parent: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [parent, *map(int, children)]


def processor_s(parents: Iterable[int]) -> float:
    """Seconds on a processor so far, of processes with their children, also those that ended."""
    ticks = 0
    for parent in parents:
        for pid in family(parent):
            with suppress(OSError):  # one that has just ended
                # After the name in brackets: utime, stime, and those of children that ended.
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
                ticks += sum(map(int, fields if pid == parent else fields[:2]))
    return ticks / TICKS_A_S


def precise_s(parents: Iterable[int]) -> float:
    """Seconds on a processor so far, to the nanosecond; without threads that ended."""
    total = 0
    for parent in parents:
        for pid in family(parent):
            with suppress(OSError):  # one that has just ended
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    total += int((thread / "schedstat").read_text().split()[0])
    return total / 1e9


def forget_peaks(pids: Iterable[int]) -> None:
    """Let the peaks of memory begin again."""
    for pid in pids:
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text(FORGET_PEAK)


def peaks_mb(pids: Iterable[int]) -> dict[int, float]:
    """The most that each process has had in memory so far, in MB; without those that ended."""
    found = {}
    for pid in pids:
        with suppress(FileNotFoundError):
            status = Path(f"/proc/{pid}/status").read_text()
            (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
            found[pid] = int(line.split()[1]) / 1024
    return found


def memory_mb(parent: int) -> float:
    """The megabytes of a process and its children; shared memory counts once."""
    total = 0
    for pid in family(parent):
        with suppress(OSError):  # one that has just ended
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1_024
