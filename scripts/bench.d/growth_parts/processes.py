"""CPU time and peak memory of processes, by /proc."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pages_parts.workbook import memory_mb

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


def forget_peaks(pids: Iterable[int]) -> None:
    """Let the peaks of memory begin again."""
    for pid in pids:
        with suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text(FORGET_PEAK)


def peak_mb(pids: Iterable[int]) -> float:
    """The most memory that one of them has had, in MB."""
    return max(memory_mb([pid for pid in pids if Path(f"/proc/{pid}").exists()]).values())
