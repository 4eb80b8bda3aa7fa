"""Loads of phones: two processes of eight threads each, against the database or the server."""

import csv
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
from functools import lru_cache, partial
from multiprocessing.connection import Connection
from typing import Any

import psycopg

from geo.approximate import DATA
from parts.http import Refused, exchange, request
from parts.phones import join, make_earlier, register
from parts.witnessed import first_tickets, witnessed

# A volunteer's day: some tests from the morning on, a walk of some hundred metres between them.
A_DAY, APART = 16, timedelta(minutes=25)
# Younger than rules.MAX_AGE, so that every sample is judged in full.
SINCE = timedelta(days=58)
Area = tuple[float, float, float, float]  # west, south, width, height
AREA: Area = (105.6, 21.4, 0.4, 0.4)  # Thái Nguyên
HOT: Area = (105.83, 21.59, 0.01, 0.01)  # a square kilometre of its city, in one commune
STAYS_DEG, NEIGHBOURS = 0.02, 120  # the width of an area in a commune; how many
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
DEVICES_A_THREAD = 8
PREPARED_WITHIN_S = 300
# Made before the clock starts: more than a thread does in a second.
MADE_BARE, MADE_BY_PHONES = 1_500, {1: 250, BATCH: 20}
# What an answer says of each sample that is worth something: mostly that it counts, or where the
# load is of repeats, that it is stored.
COUNTED, STORED = b'"counted":true', b'"outcome":"accepted"'
WORTH = dict.fromkeys(("hot", "apart", "crossing", "late"), STORED) | {
    "witnessed": b'"assurance":"witnessed"',
}
POST = "/api/v1/measurements"

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
    folder: str  # VAR_DIR
    units: tuple[int, ...]
    boundary_set: int
    web: int  # the process that all of the server's are children of
    postgres: int
    codes: tuple[str, ...]  # of teams whose campaigns cover the whole country
    own: bool = True  # not the service of `scripts/bench peers`


@dataclass(frozen=True)
class Load:
    """One kind of load in one round.

    bare: rows inserted without a server, one to a commit; phones: of no team; team: of a team;
    witnessed: of no team, each post with a witness, and with the next ticket in its answer; hot: in
    one commune; apart: each phone in one of many; crossing: each sample in any of these;
    late: in one commune, each day's last sample first, so that stored samples are judged again.
    """

    kind: str
    size: int  # samples at once
    seconds: float
    number: int = 0  # of the bare round: its samples are new ones


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
    prepare = {"bare": _bare, "witnessed": _witnessed}.get(load.kind, _phones)
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


def _bare(target: Target, load: Load, thread: int) -> Acts:
    """One connection that inserts finished rows, one to a commit."""
    connection = psycopg.connect(target.database)
    connection.execute("set synchronous_commit = on")
    connection.commit()
    device, dice = uuid.uuid4(), random.Random(thread)
    samples = walk(seed=100_000 + thread, first=load.number)

    def insert(finished: tuple[Any, ...]) -> int:
        connection.execute(INSERT, finished)
        connection.commit()
        return 1

    def make() -> tuple[Any, ...]:
        sample = next(samples) | {"id": str(uuid.uuid4())}
        return row(sample, device, dice.choice(target.units), target.boundary_set)

    made = [make() for _ in range(int(load.seconds * MADE_BARE))]
    return [partial(insert, finished) for finished in made], connection.close


def _phones(target: Target, load: Load, thread: int) -> Acts:
    """One connection over which this thread's phones, which are new ones, take turns."""
    connection, worth = _Connection(target.port), WORTH.get(load.kind, COUNTED)
    bodies = []
    for token, some in _turns(target, load, thread):
        body = some[0] if load.size == 1 else {"measurements": some}
        bodies.append(request("POST", POST, token, json.dumps(body).encode()))
    return [partial(connection.count, body, worth) for body in bodies], connection.close


def _witnessed(target: Target, load: Load, thread: int) -> Acts:
    """Do the same with one witnessed sample a post: each answer has the next ticket."""
    connection, turns = _Connection(target.port), _turns(target, load, thread)
    tickets = first_tickets(target.port, {token for token, _ in turns})

    def post(token: str, sample: dict[str, Any]) -> int:
        body = json.dumps(witnessed(sample, tickets[token], target.folder)).encode()
        answer = connection.exchange(request("POST", f"{POST}?next_test=full", token, body))
        tickets[token] = json.loads(answer)["next_test"]["ticket"]
        return answer.count(WORTH["witnessed"])

    return [partial(post, token, one) for token, [one] in turns], connection.close


def _turns(target: Target, load: Load, thread: int) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the token and the samples of each post."""
    mine = tuple(register(target.port, DEVICES_A_THREAD))
    if load.kind == "team":
        join(target.port, target.codes, mine)
    if target.own:
        make_earlier(target.database)
    rounds = -(-int(load.seconds * MADE_BY_PHONES[load.size]) // len(mine))
    walks = [samples_of(load, thread * DEVICES_A_THREAD + place) for place in range(len(mine))]
    return [
        (token, [one | {"id": str(uuid.uuid4())} for one in itertools.islice(samples, load.size)])
        for _ in range(rounds)
        for token, samples in zip(mine, walks, strict=True)
    ]


def samples_of(load: Load, seed: int) -> Iterator[dict[str, Any]]:
    """Return a phone's samples in the order in which it sends them."""
    if load.kind == "hot":
        return walk(seed, 0, HOT)
    if load.kind == "apart":
        return walk(seed, 0, neighbours()[seed % NEIGHBOURS])
    if load.kind == "crossing":
        return _crossing(seed)
    if load.kind == "late":
        days = (walk(seed, day * A_DAY, HOT) for day in range(SINCE.days - 1))
        return (one for day in days for one in reversed(list(itertools.islice(day, A_DAY))))
    return walk(seed)


def _crossing(seed: int) -> Iterator[dict[str, Any]]:
    dice = random.Random(seed)
    for sample in walk(seed):
        west, south, width, height = dice.choice(neighbours())
        position = {
            "longitude": west + dice.random() * width, "latitude": south + dice.random() * height
        }  # fmt: skip
        yield sample | {"location": sample["location"] | position}


def centres() -> list[Area]:
    """Return small areas around the known centres of communes."""
    with (DATA / "units-2025.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "commune"]
    return [
        (float(row["longitude"]), float(row["latitude"]), STAYS_DEG, STAYS_DEG)
        for row in rows
        if row["longitude"]
    ]


@lru_cache(1)
def neighbours() -> list[Area]:
    """Return those of the communes around Thái Nguyên."""
    west, south, *_ = AREA
    return sorted(centres(), key=lambda one: math.hypot(one[0] - west, one[1] - south))[:NEIGHBOURS]


class _Connection:
    """A connection that opens with the first request: servers close idle ones."""

    def __init__(self, port: int) -> None:
        self._port, self._socket = port, socket.socket()
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open = False
        self.close = self._socket.close

    def exchange(self, sent: bytes) -> bytes:
        if not self._open:
            self._socket.connect(("127.0.0.1", self._port))
            self._open = True
        return exchange(self._socket, sent)

    def count(self, sent: bytes, worth: bytes) -> int:
        """Send a post; return how often `worth` is in the answer."""
        return self.exchange(sent).count(worth)
