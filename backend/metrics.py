"""Counters for Prometheus, which workers share through files.

The files are in PROMETHEUS_MULTIPROC_DIR, which must be set before prometheus_client is imported;
a single process needs none.
"""

import os
from collections import Counter as Tally
from collections.abc import Iterable
from threading import Lock

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

# A post takes some milliseconds, and at most 250 at the peak of the country.
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

# Successful answers of this process by operation, until a thread stores them (monitoring/usage.py).
_uses: Tally[str] = Tally()
_uses_lock = Lock()


def count_use(operation: str | None) -> None:
    """Count a successful answer of an operation: the endpoint of its route, never an address."""
    if operation:
        with _uses_lock:
            _uses[operation] += 1


def take_uses() -> Tally[str]:
    """Return the counted answers by operation, and count from nothing again."""
    with _uses_lock:
        taken = _uses.copy()
        _uses.clear()
    return taken


def return_uses(taken: Tally[str]) -> None:
    """Count again what could not be stored."""
    with _uses_lock:
        _uses.update(taken)


def count_request(method: str, path: str, status: int, seconds: float) -> None:
    """Count an answered request."""
    if method == "POST" and path == "/api/v1/measurements":
        kind = "post"
    else:
        kind = "api" if path.startswith("/api/") else "page"
    REQUEST_SECONDS.labels(kind, str(status)).observe(seconds)


def count_samples(outcomes: Iterable[tuple[str, str | None]]) -> None:
    """Count samples by outcome, and accepted ones by verdict."""
    for (outcome, category), n in Tally(outcomes).items():
        SAMPLES.labels(outcome).inc(n)
        if category:
            VERDICTS.labels(category).inc(n)


def registry() -> CollectorRegistry:
    """Return the counters of all workers, or of this process alone."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared
