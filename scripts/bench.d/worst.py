"""Measure one post to the worst timelines that a device can make: CPU of the web process.

Fails if the median post takes over NEED_MS. As in a worker, objects of the start are frozen:
otherwise a collection of garbage that goes through all of them falls on one of the posts.
"""

import argparse
import gc
import logging
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from parts.site import site

NEED_MS = 50.0
BATCH = 500
# Yesterday's evening in Vietnam, as late as rule set 2 lets a sample change the next day.
EVENING = datetime.now(UTC).replace(hour=13, minute=0, second=0, microsecond=0) - timedelta(days=20)
METRE = 1 / 111_195
Body = dict[str, Any]


def sample(at: datetime, east_m: float, north_m: float, accuracy_m: float) -> Body:
    return {
        "id": str(uuid.uuid4()),
        "measured_at": at.isoformat(),
        "status": "finished",
        "download_mbps": 48.2,
        "upload_mbps": 12.1,
        "ping_ms": 21.0,
        "network": {"kind": "mobile", "mcc": "452", "mnc": "04"},
        "location": {
            "latitude": 21.59 + north_m * METRE,
            "longitude": 105.84 + east_m * METRE / 0.93,
            "accuracy_m": accuracy_m,
        },
        "duration_s": 1,
    }


def one_window() -> Iterator[Body]:
    """5,500 samples 115 m apart in one window of four hours: the attack on rule set 1."""
    begin = EVENING - timedelta(hours=8)
    for n in range(5_500):
        row, column = divmod(n, 60)
        yield sample(begin + timedelta(seconds=2.6 * n), 115 * column, 115 * row, 10.0)


def two_days() -> Iterator[Body]:
    """An evening and the morning after, each as many as are judged, all compared with all.

    The accuracy is too coarse for cells, and no two are in one spot. More days of the month fill
    the cap of the commune, so that those are judged as well.
    """
    for day in range(2):
        for n in range(450):
            row, column = divmod(n, 20)
            at = EVENING + timedelta(hours=4 * day, seconds=30 * n + 60)
            yield sample(at, 106 * column, 106 * row, 101.0)
    for day in range(3, 9):
        for n in range(120):
            row, column = divmod(n, 20)
            at = EVENING + timedelta(days=day, seconds=30 * n)
            yield sample(at, 106 * column, 106 * row, 101.0)


def full_days() -> Iterator[Body]:
    """As many tests as are judged on each of 30 days, in another commune each day."""
    for day in range(-25, 5):
        for n in range(400):
            row, column = divmod(n, 20)
            at = EVENING + timedelta(days=day, seconds=200 * n)
            yield sample(at, 106 * column + 1_000 * day, 106 * row, 101.0)


# Each timeline with the times of the samples that are posted to it afterwards, in one post.
Timeline = tuple[Callable[[], Iterator[Body]], tuple[datetime, ...]]
TIMELINES: dict[str, Timeline] = {
    "5,500 in one window": (one_window, (EVENING - timedelta(hours=6),)),
    "two full days and the cap": (two_days, (EVENING,)),
    "30 full days, two samples 27 days apart": (
        full_days,
        (EVENING - timedelta(days=24, hours=8), EVENING + timedelta(days=3, hours=-8)),
    ),
}


def main() -> None:
    """Print the CPU time of single posts; exit status 1 if one takes too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=20)
    arguments = parser.parse_args()
    settings = {"MEASUREMENTS_PER_HOUR": "1000000"}
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), **settings) as (target, env):
        os.environ.update(env)
        worst = [
            _measure(target.tokens[place], name, arguments.posts)
            for place, name in enumerate(TIMELINES)
        ]
    sys.exit(0 if max(worst) < NEED_MS else 1)


def _measure(token: str, name: str, posts: int) -> float:
    from backend.app import create_app

    client = create_app().test_client()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    headers = {"Authorization": f"Bearer {token}"}

    def post(body: Body) -> None:
        answer = client.post("/api/v1/measurements", json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    timeline, times = TIMELINES[name]
    bodies = list(timeline())
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        for place in range(0, len(bodies), BATCH):
            post({"measurements": bodies[place : place + BATCH]})
        gc.collect()
        gc.freeze()
        took = []
        for n in range(posts):
            new = [
                sample(at + timedelta(seconds=n), 2_000 + 110 * n, -2_000, 101.0) for at in times
            ]
            began = time.process_time()
            post(new[0] if len(new) == 1 else {"measurements": new})
            took.append((time.process_time() - began) * 1e3)
    print(f"{name}: {statistics.median(took):.1f} ms a post, at most {max(took):.1f} ms")
    return statistics.median(took)


if __name__ == "__main__":
    main()
