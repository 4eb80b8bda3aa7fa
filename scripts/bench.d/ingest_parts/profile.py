"""Where the processor's time goes: the application alone, in one process, under cProfile."""

import cProfile
import itertools
import json
import os
import pstats
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from ingest_parts.samples import walk

STAGES = {
    "token (authenticate)": ("devices/service.py", "authenticate"),
    "schema and digest": ("recording/incoming.py", "parse_item"),
    "commune (place)": ("units/locator.py", "place"),
    "communes (locate_many)": ("units/locator.py", "locate_many"),
    "timeline": ("recording/timeline.py", "read_with_device"),
    "verdict (judge)": ("recording/service.py", "_judge"),
    "store": ("recording/storage.py", "_store"),
    "commit": ("sqlalchemy/orm/session.py", "commit"),
    "results": ("recording/answers.py", "serialize_results"),
    "psycopg, in all of these": ("psycopg/connection.py", "wait"),
    "the whole request": ("flask/app.py", "wsgi_app"),
}  # fmt: skip
TOP = 15


def profile(environment: dict[str, str], token: str, size: int, posts: int) -> None:
    """Post in process, print the time of each stage and the dearest functions."""
    os.environ.update(environment)
    from backend.app import create_app

    app = create_app(LOG_LEVEL="INFO")
    client = app.test_client()
    samples = walk(987_654 + size, 0)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def post() -> None:
        some = list(itertools.islice(samples, size))
        body = json.dumps(some[0] if size == 1 else {"measurements": some})
        answer = client.post("/api/v1/measurements", data=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text

    profiler = cProfile.Profile(time.process_time)  # waiting is none of our cost
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # the log's lines
        _seconds(post, 10)
        alone = _seconds(post, posts)
        profiler.enable()
        _seconds(post, posts)
        profiler.disable()
    took = f"{alone / posts * 1e3:.2f} ms of processor a post of {size}"
    print(f"\nOne client, in process: {took}; by stage:")
    _print_stages(profiler, posts)


def _seconds(post: Callable[[], None], posts: int) -> float:
    began = time.process_time()
    for _ in range(posts):
        post()
    return time.process_time() - began


def _print_stages(profiler: cProfile.Profile, posts: int) -> None:
    stats = pstats.Stats(profiler, stream=sys.stdout)
    entries = stats.stats.items()  # type: ignore[attr-defined]
    whole = max(value[3] for key, value in entries if key[2] == "wsgi_app")
    for name, (file, function) in STAGES.items():
        took = sum(
            value[3] for key, value in entries if key[0].endswith(file) and key[2] == function
        )
        if took:
            print(f"  {name:<28} {took / posts * 1e3:7.3f} ms  {took / whole:6.1%}")
    stats.strip_dirs().sort_stats("tottime").print_stats(TOP)
