"""Loads of phones: two processes of eight threads each, against the database or the server."""

import itertools
import json
import math
import multiprocessing
import random
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import psycopg

from parts.http import Refused, exchange, request
from parts.phones import join, make_earlier, register

# A volunteer's day: some tests from the morning on, a walk of some hundred metres between them.
A_DAY, APART = 16, timedelta(minutes=25)
# Younger than rules.AGE_MOST, so that every sample is judged in full.
SINCE = timedelta(days=58)
Area = tuple[float, float, float, float]  # west, south, width, height
AREA: Area = (105.6, 21.4, 0.4, 0.4)  # Thái Nguyên
HOT: Area = (105.83, 21.59, 0.01, 0.01)  # a square kilometre of its city, in one commune
STEP_DEG, TURN = 0.004, 0.6
NETWORKS = ("01", "02", "04", "05")  # a phone uses one of them

COLUMNS = (
    "id", "device_id", "received_at", "measured_at", "day", "network", "kind", "source", "status",
    "operator", "technology", "download_mbps", "upload_mbps", "ping_ms", "jitter_ms", "latitude",
    "longitude", "accuracy_m", "unit_id", "set_id", "how", "own_reasons", "reasons", "marks",
    "valid", "counted", "rules", "raw",
)  # fmt: skip


def walk(seed: int, first: int = 0, area: Area = AREA) -> Iterator[dict[str, Any]]:
    """One phone's samples in order of time, from its `first` on; in a small area it stays there."""
    dice = random.Random(f"{seed} {first}")
    morning = datetime.now(UTC).replace(hour=1, minute=0, second=0, microsecond=0) - SINCE
    west, south, width, height = area
    longitude, latitude = west + dice.random() * width, south + dice.random() * height
    step = min(STEP_DEG, width / 4)
    network = random.Random(seed).choice(NETWORKS)  # a third one in a day would not count
    heading, number = dice.uniform(-math.pi, math.pi), first
    while True:
        days, turn = divmod(number, A_DAY)
        at = morning + timedelta(days=days, seconds=dice.randrange(600)) + turn * APART
        heading = _turn(dice, heading, longitude, latitude, area)
        reach = dice.uniform(step / 2, step)
        longitude += reach * math.cos(heading)
        latitude += reach * math.sin(heading)
        yield _sample(dice, network, at, longitude, latitude)
        number += 1


def _turn(
    dice: random.Random, heading: float, longitude: float, latitude: float, area: Area
) -> float:
    """Go on in about the same direction, or back where the area ends: a spot again is a repeat."""
    west, south, width, height = area
    if west < longitude < west + width and south < latitude < south + height:
        return heading + dice.uniform(-TURN, TURN)
    return math.atan2(south + height / 2 - latitude, west + width / 2 - longitude)


def _sample(
    dice: random.Random, network: str, at: datetime, longitude: float, latitude: float
) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "measured_at": at.isoformat(),
        "status": "finished",
        "download_mbps": round(dice.lognormvariate(3.6, 0.8), 2),
        "upload_mbps": round(dice.lognormvariate(2.5, 0.8), 2),
        "ping_ms": round(dice.lognormvariate(3.2, 0.4), 1),
        "jitter_ms": round(dice.lognormvariate(1.2, 0.5), 1),
        "network": {
            "kind": "mobile",
            "technology": dice.choice(("4G", "4G", "5G")),
            "mcc": "452",
            "mnc": network,
            "operator": "",
            "signal_dbm": -dice.randrange(60, 115),
            "roaming": False,
        },
        "location": {
            "latitude": round(latitude, 6),
            "longitude": round(longitude, 6),
            "accuracy_m": round(dice.lognormvariate(2.5, 0.5), 1),
            "provider": "gps",
            "is_mock": False,
            "fixed_at": at.isoformat(),
        },
        "server": {"id": "hn-1", "name": "Hà Nội"},
        "app_version": "1.0.0",
    }


def row(sample: dict[str, Any], device: uuid.UUID, unit: int, boundary_set: int) -> tuple[Any, ...]:
    """The finished row of a sample, with nothing left to find out."""
    at = datetime.fromisoformat(sample["measured_at"])
    network, location = sample["network"], sample["location"]
    values = [sample[name] for name in ("download_mbps", "upload_mbps", "ping_ms", "jitter_ms")]
    position = [location[name] for name in ("latitude", "longitude", "accuracy_m")]
    return (
        uuid.UUID(sample["id"]), device, datetime.now(UTC), at, at.date(), "mobile", "mobile",
        "app", "finished", "Viettel", network["technology"], *values, *position, unit,
        boundary_set, "inside", [], [], [], True, True, 1, json.dumps(sample, ensure_ascii=False),
    )  # fmt: skip


PROCESSES, THREADS = 2, 8
BATCH = 50
DEVICES_A_THREAD = 16
PREPARED_WITHIN_S = 300
# Made before the clock starts: more than anybody does in a second, alone or in batches.
MADE_A_SECOND = {"peer": {1: 1_500, BATCH: 60}, "empty": {1: 2_000}}
MADE_BY_PHONES = {1: 250, BATCH: 20}
# What an answer says of each sample that is worth something: one that counts, or where the load is
# of repeats, one that is stored.
COUNTED, STORED = b'"counted":true', b'"outcome":"accepted"'
WORTH = {"phones": COUNTED, "team": COUNTED, "hot": STORED, "late": STORED, "unjudged": STORED}
# Where a sample and where a batch is sent; other servers than ours have two addresses.
OURS, THEIRS = ("/api/v1/measurements", "/api/v1/measurements"), ("/measurements", "/batches")

INSERT = (
    f"insert into measurements ({', '.join(COLUMNS)}) "  # noqa: S608
    f"values ({', '.join(['%s'] * (len(COLUMNS) - 1))}, %s::jsonb)"
)

Act = Callable[[], int]  # returns the number of samples
Acts = tuple[list[Act], Callable[[], None]]


@dataclass(frozen=True)
class Target:
    """Where the load goes."""

    database: str
    port: int
    tokens: tuple[str, ...]
    units: tuple[int, ...]
    boundary_set: int
    web: int  # the process that all of the server's are children of
    postgres: int
    code: str  # of a team whose campaign covers the whole country


@dataclass(frozen=True)
class Load:
    """One kind of load in one round.

    peer: rows inserted without a server; phones: of no team; team: of a team; hot: in one commune;
    late: in one commune, each day's last sample first, so that stored samples are judged again;
    empty: a view that does nothing; unjudged: phones of another server (`scripts/bench peers`).
    """

    kind: str
    size: int  # samples at once
    seconds: float
    number: int = 0  # of the peer's round: its samples are new ones


@dataclass(frozen=True)
class Rate:
    """Samples a second and in all; seconds of each answer; those other than success by status."""

    samples: float
    done: int
    took: Sequence[float]
    refused: Mapping[str, int]


def rate(target: Target, load: Load, begun: Callable[[], None] = lambda: None) -> float:
    """Return the samples a second that all processes got stored, counted ones where they can be.

    Calls `begun` when everything is prepared. Prints the answers other than success.
    """
    return run(target, load, begun).samples


def run(target: Target, load: Load, begun: Callable[[], None] = lambda: None) -> Rate:
    """Return the rate of all processes together, as `rate` does."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(PROCESSES + 1)
    ends = [context.Pipe(duplex=False) for _ in range(PROCESSES)]
    processes = [
        context.Process(target=_process, args=(target, load, place, gate, end[1]))
        for place, end in enumerate(ends)
    ]
    for process, end in zip(processes, ends, strict=True):
        process.start()
        end[1].close()  # so that one that fails is noticed
    gate.wait(PREPARED_WITHIN_S)
    begun()
    rates: list[Rate] = [one for end in ends for one in end[0].recv()]
    for process in processes:
        process.join()
    refused = sum((Counter(one.refused) for one in rates), Counter())
    if refused:
        print(f"  {load.kind}: refused {dict(refused)}")
    samples, done = sum(one.samples for one in rates), sum(one.done for one in rates)
    return Rate(samples, done, [took for one in rates for took in one.took], refused)


def _process(target: Target, load: Load, place: int, gate: Any, answer: Connection) -> None:
    threads = range(place * THREADS, (place + 1) * THREADS)
    prepare = {"peer": _peer, "empty": _empty}.get(load.kind, _phones)
    prepared = [prepare(target, load, thread) for thread in threads]
    rates: list[Rate] = []
    gate.wait()
    workers = [
        threading.Thread(target=_work, args=(acts, close, load, rates)) for acts, close in prepared
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(rates) != THREADS:
        raise SystemExit("a thread of the load has failed")
    answer.send(rates)


def _work(acts: list[Act], close: Callable[[], None], load: Load, rates: list[Rate]) -> None:
    began = then = time.perf_counter()
    done, took, refused = 0, list[float](), Counter[str]()
    for act in acts:
        try:
            done += act()
        except Refused as answer:
            refused[answer.status] += 1
        now = time.perf_counter()
        took.append(now - then)
        then = now
        if now - began > load.seconds:
            break
    rates.append(Rate(done / (then - began), done, took, refused))
    close()


def _peer(target: Target, load: Load, thread: int) -> Acts:
    """One connection that inserts finished rows, `size` to a commit."""
    connection = psycopg.connect(target.database)
    connection.execute("set synchronous_commit = on")
    connection.commit()
    cursor = connection.cursor()
    device, dice = uuid.uuid4(), random.Random(thread)
    samples = walk(seed=100_000 + thread, first=load.number)

    def one(rows: list[tuple[Any, ...]]) -> int:
        cursor.executemany(INSERT, rows) if load.size > 1 else cursor.execute(INSERT, rows[0])
        connection.commit()
        return len(rows)

    def make() -> tuple[Any, ...]:
        sample = next(samples) | {"id": str(uuid.uuid4())}
        return row(sample, device, dice.choice(target.units), target.boundary_set)

    many = int(load.seconds * MADE_A_SECOND["peer"][load.size])
    made = [[make() for _ in range(load.size)] for _ in range(many)]
    return [lambda rows=rows: one(rows) for rows in made], connection.close  # type: ignore[misc]


def _phones(target: Target, load: Load, thread: int) -> Acts:
    """One connection over which this thread's phones, which are new ones, take turns."""
    mine = tuple(register(target.port, DEVICES_A_THREAD))
    if load.kind == "team":
        join(target.port, target.code, mine)
    if load.kind != "unjudged":
        make_earlier(target.database)
    path = (THEIRS if load.kind == "unjudged" else OURS)[load.size > 1]
    rounds = -(-int(load.seconds * MADE_BY_PHONES[load.size]) // len(mine))
    walks = [samples_of(load, thread * DEVICES_A_THREAD + place) for place in range(len(mine))]
    bodies = []
    for _ in range(rounds):
        for token, samples in zip(mine, walks, strict=True):
            some = [
                sample | {"id": str(uuid.uuid4())}
                for sample in itertools.islice(samples, load.size)
            ]
            body = some[0] if load.size == 1 else {"measurements": some}
            bodies.append(request("POST", path, token, json.dumps(body).encode()))
    return _over_http(target.port, bodies, WORTH[load.kind])


def samples_of(load: Load, seed: int) -> Iterator[dict[str, Any]]:
    """Return a phone's samples in the order in which it sends them."""
    if load.kind != "late":
        return walk(seed, 0, HOT if load.kind == "hot" else AREA)
    days = (walk(seed, day * A_DAY, HOT) for day in range(SINCE.days - 1))
    return (one for day in days for one in reversed(list(itertools.islice(day, A_DAY))))


def _empty(target: Target, load: Load, thread: int) -> Acts:
    asked = request("GET", "/healthz", "", b"")
    return _over_http(target.port, [asked] * int(load.seconds * MADE_A_SECOND["empty"][1]), None)


def _over_http(port: int, requests: list[bytes], worth: bytes | None) -> Acts:
    """Return the requests of one connection, opened with the first one: servers close idle ones."""
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(content: bytes, connect: bool) -> int:
        if connect:
            connection.connect(("127.0.0.1", port))
        answer = exchange(connection, content)
        return answer.count(worth) if worth else 1

    acts: list[Act] = [partial(send, content, nth == 0) for nth, content in enumerate(requests)]
    return acts, connection.close
