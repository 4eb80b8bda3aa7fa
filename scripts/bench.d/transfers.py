"""Measure how long the API's answers take while phones run speed tests against the same host."""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingest_parts.load import Target, exchange, request
from ingest_parts.samples import walk
from ingest_parts.site import ROOT, free_port, site

from backend.server.running.serve import answers

# A phone in a good 4G cell; what it is slow for, its transfer holds a slot for.
PHONE_BYTES_PER_S = 40e6 / 8
PART = 65_536
SIZES = (100_000, 500_000, 2_000_000, 8_000_000)
POSTS_PER_S = 20  # 1,200 samples a minute: more than a province on its busiest day
ALLOWED = 2.0  # an answer may take twice as long, or this much longer
ALLOWED_MS = 25.0


def main() -> None:
    """Print the 95th percentiles; exit status 1 where speed tests make the API wait."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, environment):
        _posts(target, 2)  # warm
        alone = _posts(target, asked.seconds)
        with _phones(asked.phones, target.port) as moved:
            shared = _posts(target, asked.seconds)
        _told("alone", alone, None)
        _told(f"{asked.phones} tests in the web processes", shared, moved)
        with _own_process(environment) as port, _phones(asked.phones, port) as moved:
            apart = _posts(target, asked.seconds)
        _told(f"{asked.phones} tests in a process of their own", apart, moved)
    most = max(_p95(alone) * ALLOWED, _p95(alone) + ALLOWED_MS)
    sys.exit(0 if max(_p95(shared), _p95(apart)) <= most else 1)


def _posts(target: Target, seconds: float) -> list[float]:
    """Post single samples at an even pace; how long each took, in milliseconds."""
    took, samples = [], walk(seed=random.randrange(10**6), first=0)
    ends = time.perf_counter() + seconds
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        while (began := time.perf_counter()) < ends:
            body = json.dumps(next(samples) | {"id": str(uuid.uuid4())}).encode()
            token = random.choice(target.tokens)
            exchange(connection, request("POST", "/api/v1/measurements", token, body))
            took.append((time.perf_counter() - began) * 1e3)
            time.sleep(max(0, 1 / POSTS_PER_S - (time.perf_counter() - began)))
    return took


@contextmanager
def _phones(count: int, port: int) -> Iterator[list[int]]:
    """So many phones that measure one after the other without a pause; what they moved."""
    ended, moved = threading.Event(), [0] * count
    phones = [
        threading.Thread(target=_phone, args=(port, place, moved, ended)) for place in range(count)
    ]
    for phone in phones:
        phone.start()
    try:
        yield moved
    finally:
        ended.set()
        for phone in phones:
            phone.join()


def _phone(port: int, place: int, moved: list[int], ended: threading.Event) -> None:
    while not ended.is_set():
        with suppress(OSError, HTTPException):
            line = HTTPConnection("127.0.0.1", port, timeout=60)
            for size in SIZES:
                line.request("GET", f"/do/down?bytes={size}&phone={place}-{random.random()}")
                answer = line.getresponse()
                if answer.status != 200:
                    answer.read()
                    time.sleep(float(answer.headers.get("Retry-After", "1")))
                    continue
                while answer.read(PART) and not ended.is_set():
                    moved[place] += PART
                    time.sleep(PART / PHONE_BYTES_PER_S)
            line.close()


@contextmanager
def _own_process(environment: dict[str, str]) -> Iterator[int]:
    port = free_port()
    own = environment | {"SPEED_PORT": str(port), "SPEED_AT_ONCE": "32"}
    command = [
        "-m",
        "gunicorn",
        "-c",
        "config/speed.py",
        "backend.server.gunicorn.speed:speed_app()",
    ]
    with subprocess.Popen([sys.executable, *command], cwd=ROOT, env=os.environ | own) as process:
        try:
            while not answers(f"http://127.0.0.1:{port}"):
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def _p95(took: Sequence[float]) -> float:
    return statistics.quantiles(took, n=20)[-1]


def _told(what: str, took: Sequence[float], moved: Sequence[int] | None) -> None:
    line = f"{what:40} p50 {statistics.median(took):6.1f} ms   p95 {_p95(took):6.1f} ms"
    print(line + (f"   {sum(moved) * 8 / 1e6:,.0f} Mbit moved" if moved else ""), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=15.0, help="length of each part")
    return parser.parse_args()


if __name__ == "__main__":
    main()
