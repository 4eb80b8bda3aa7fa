"""Counters of the processes, for Prometheus; workers share them through files.

The files lie in PROMETHEUS_MULTIPROC_DIR, which has to be set before the library is loaded; a
single process keeps its counters to itself.
"""

import os
from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

# A post takes some milliseconds, and has to answer within 250 at the country's peak.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

REQUEST_SECONDS = Histogram(
    "dosong_request_seconds",
    "Time to answer, by kind of request (post: measurements that are sent) and status",
    ("kind", "status"),
    buckets=BUCKETS_S,
)
SAMPLES = Counter(
    "dosong_samples", "Samples that phones sent, by what became of them", ("outcome",)
)
VERDICTS = Counter(
    "dosong_verdicts", "Samples accepted, by first verdict: counted or the main reason", ("fate",)
)


def count_request(method: str, path: str, status: int, seconds: float) -> None:
    """Count one request that was answered."""
    if method == "POST" and path == "/api/v1/measurements":
        kind = "post"
    else:
        kind = "api" if path.startswith("/api/") else "page"
    REQUEST_SECONDS.labels(kind, str(status)).observe(seconds)


def count_samples(outcomes: Iterable[tuple[str, str | None]]) -> None:
    """Count samples: what became of each, and the verdict on an accepted one."""
    for (outcome, fate), n in Tally(outcomes).items():
        SAMPLES.labels(outcome).inc(n)
        if fate:
            VERDICTS.labels(fate).inc(n)


def counted() -> CollectorRegistry:
    """The counters of all workers, or of this process where it is alone."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry
