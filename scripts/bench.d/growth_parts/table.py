"""How long everything takes at each place, as rows of a table for the documentation."""

import os
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from growth_parts.place import Place
from growth_parts.processes import family, forget_peaks, peak_mb, processor_s
from growth_parts.requests import Question

WARM = 5  # requests until both workers have warm caches
SLOW_S = 1.0  # slower requests are repeated less


@dataclass(frozen=True)
class Cost:
    """What a question costs at a place."""

    median_ms: float
    p95_ms: float
    processor_ms: float  # of server and database, or of the bench and the database
    peak_mb: float  # of the process that needed most

    def __str__(self) -> str:
        times = f"{self.median_ms:,.1f} / {self.p95_ms:,.1f}"
        return f"{times} · {self.processor_ms:,.1f} · {self.peak_mb:,.0f}"


def measure(question: Question, places: Sequence[Place]) -> list[Cost]:
    """Ask all places in turns, so that a busy machine slows all of them."""
    _warm(question, places)
    served = [family(place.parents[0]) for place in places]
    forget_peaks(pid for pids in served for pid in pids)
    before = [processor_s(place.parents) for place in places]
    took: list[list[float]] = [[] for _ in places]
    own, preparing, peaks = [0.0] * len(places), [0.0] * len(places), [0.0] * len(places)
    for number in range(question.times):
        for nth, place in enumerate(places):
            began_s = processor_s(place.parents)
            question.prepare(place)
            preparing[nth] += processor_s(place.parents) - began_s
            forget_peaks([os.getpid()])
            began, used = time.perf_counter(), time.process_time()
            question.act(place, WARM + number)
            took[nth].append((time.perf_counter() - began) * 1e3)
            own[nth] += time.process_time() - used
            peaks[nth] = max(peaks[nth], peak_mb([os.getpid()]))
    costs = []
    for nth, place in enumerate(places):
        used_s = processor_s(place.parents) - before[nth] - preparing[nth]
        if question.in_process:
            used_s += own[nth]
        peak = peaks[nth] if question.in_process else peak_mb(served[nth])
        p95 = statistics.quantiles(took[nth], n=20, method="inclusive")[-1]
        median, processor = statistics.median(took[nth]), used_s * 1e3 / question.times
        costs.append(Cost(median, p95, processor, peak))
    return costs


def _warm(question: Question, places: Sequence[Place]) -> None:
    for place in places:
        for number in range(WARM):
            question.prepare(place)
            began = time.perf_counter()
            question.act(place, number)
            if time.perf_counter() - began > SLOW_S:
                break


def row(question: Question, costs: Sequence[Cost]) -> str:
    """A row: each place, and the last against the first."""
    first, last = costs[0], costs[-1]
    ratio = (
        f"{last.median_ms / first.median_ms:,.2f} · {last.processor_ms / first.processor_ms:,.2f}"
    )
    return " | ".join(["", question.name, *map(str, costs), ratio, ""]).strip()


def head(places: Sequence[Place]) -> str:
    """The table's head."""
    names = ["", "what", *(place.name for place in places), "last : first", ""]
    rule = "|" + "---|" * (len(names) - 2)
    return " | ".join(names).strip() + "\n" + rule
