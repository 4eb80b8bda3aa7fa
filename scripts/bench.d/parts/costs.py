"""The cost of a load: rate, processor time of a request, percentiles of the answers."""

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from parts.load import Load, Target, run
from parts.processes import precise_s, processor_s

# Until a server has done what a load leaves behind: up to 1.0 it adds counts up every two seconds.
SETTLED_S = 2.2
HEAD = f"{'':32}samples/s   web ms    PG ms   p50 ms   p99 ms    ratio of CPU"


@dataclass(frozen=True)
class Cost:
    """Samples a second; CPU of a request in ms; percentiles of the answers in ms."""

    rate: float
    web_ms: float
    postgres_ms: float
    p50_ms: float
    p99_ms: float

    @property
    def cpu_ms(self) -> float:
        return self.web_ms + self.postgres_ms


def measure(target: Target, load: Load) -> Cost:
    """Return the cost of one load."""
    before: list[float] = []
    found = run(target, load, lambda: before.extend(_spent(target)))
    if not found.done:
        raise SystemExit(f"{load.kind}: nothing stored")
    time.sleep(SETTLED_S)
    posts = len(found.took)
    web, postgres = (
        (now - then) * 1e3 / posts for now, then in zip(_spent(target), before, strict=True)
    )
    cuts = statistics.quantiles(found.took, n=100)
    return Cost(found.samples, web, postgres, cuts[49] * 1e3, cuts[98] * 1e3)


def _spent(target: Target) -> tuple[float, float]:
    # Connections end: only the ticks of their processes are kept.
    return precise_s([target.web]), processor_s([target.postgres])


def show(name: str, costs: Sequence[Cost], reference: Sequence[Cost], most: float = 0) -> bool:
    """Print the medians of some turns; return whether their ratio of CPU is at most `most`.

    The ratio is the median of those of turns that followed each other, with the range of them.
    """
    names = ("web_ms", "postgres_ms", "p50_ms", "p99_ms")
    fields = "".join(f"{_median(costs, field):9.2f}" for field in names)
    ratios = sorted(
        mine.cpu_ms / other.cpu_ms for mine, other in zip(costs, reference, strict=True)
    )
    ratio = statistics.median(ratios)
    needed = f"; at most {most}" if most else ""
    shown = (
        "" if costs is reference else f"{ratio:9.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}{needed})"
    )
    print(f"  {name:<30}{_median(costs, 'rate'):9,.0f}{fields}{shown}", flush=True)
    return not most or ratio <= most


def _median(costs: Sequence[Cost], field: str) -> float:
    return statistics.median(getattr(one, field) for one in costs)
