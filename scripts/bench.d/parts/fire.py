"""Posts of a team of 200 phones and of others, at a rate independent of the server (open loop)."""

import asyncio
import itertools
import json
import multiprocessing
import os
import random
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from parts.http import request
from parts.load import HOT, centres, walk

TEAM = 200
TEAM_SHARE = 0.3  # of all posts
# Most phones send at once; those that were offline send what is waiting.
BATCH, BATCH_SHARE = 20, 0.05
SAMPLES_A_POST = 1 + BATCH_SHARE * (BATCH - 1)
# More samples of a phone would be in the future: see SINCE in parts.load.
MOST_OF_A_PHONE = 800


@dataclass(frozen=True)
class Post:
    """One request as it goes over the wire, and the samples in it."""

    sent: bytes
    ids: tuple[bytes, ...]


def phones_for(samples: float) -> int:
    """How many phones are needed beside the team for so many samples."""
    return int(samples * (1 - TEAM_SHARE) / MOST_OF_A_PHONE) + 1


def posts(team: Sequence[str], others: Sequence[str], seed: str) -> Iterator[Post]:
    """Posts without end, of phones taken at random."""
    dice = random.Random(seed)
    areas = centres()
    walks = {token: walk(number, 0, HOT) for number, token in enumerate(team)}
    walks |= {
        token: walk(TEAM + number, 0, dice.choice(areas)) for number, token in enumerate(others)
    }
    while True:
        token = dice.choice(team if dice.random() < TEAM_SHARE else others)
        size = BATCH if dice.random() < BATCH_SHARE else 1
        some = [
            sample | {"id": str(uuid.uuid4())} for sample in itertools.islice(walks[token], size)
        ]
        body = some[0] if size == 1 else {"measurements": some}
        sent = request("POST", "/api/v1/measurements", token, json.dumps(body).encode())
        yield Post(sent, tuple(uuid.UUID(sample["id"]).bytes for sample in some))


PROCESSES = 2
MAX_LINES = 1_000  # connections of one process
PATIENCE_S = 15.0  # as phones have
STORED = "accepted", "duplicate"  # the latter after a connection that ended


@dataclass(frozen=True)
class Order:
    """What one process is to post; each has phones of its own."""

    port: int
    team: tuple[str, ...]
    others: tuple[str, ...]
    seed: str
    # (posts a second, for how many seconds), one after another without a pause
    stretches: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """One post: when it was due after the start, how long it took from then on, its answer."""

    due: float
    took: float
    late: float  # of that the time before this script came to send it
    status: int  # 0: none came
    retry_after: bool
    stored: int  # samples that the answer says are stored
    ids: tuple[bytes, ...]


def fire(orders: list[Order]) -> list[Answered]:
    """Post from all processes in parallel; return the result of each post."""
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe(duplex=False) for _ in orders]
    starts = time.time() + 3.0  # until all of them have loaded
    processes = [
        context.Process(target=_process, args=(order, starts, end[1]))
        for order, end in zip(orders, ends, strict=True)
    ]
    for process, end in zip(processes, ends, strict=True):
        process.start()
        end[1].close()  # so that one that fails is noticed
    answered = [one for end in ends for one in end[0].recv()]
    for process in processes:
        process.join()
    return answered


def _process(order: Order, starts: float, result: Connection) -> None:
    with suppress(PermissionError):  # phones do not wait for the server's processor
        os.nice(-10)
    result.send(asyncio.run(_Gun(order).fire(starts)))


def stored_count(body: bytes) -> int:
    """How many samples an answer says are stored, of one sample or of a batch."""
    answer = json.loads(body)
    return sum(one["outcome"] in STORED for one in answer.get("results", [answer]))


class _Line(asyncio.Protocol):
    """One kept connection: a request at a time."""

    def __init__(self, freed: Callable[["_Line"], None], lost: Callable[[], None]) -> None:
        self._freed, self._lost, self._data = freed, lost, b""
        self._done: Callable[[bytes, bytes], None] | None = None
        self.open = self.used = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self.open = transport, True

    def send(self, sent: bytes, done: Callable[[bytes, bytes], None]) -> None:
        self._data, self._done = b"", done
        self._transport.write(sent)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        head = head.lower()
        if end and len(body) >= int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0):
            self.used = True
            if b"\r\nconnection: close" in head:
                self.open = False
                self._transport.close()
            self._finish(head, body)
            self._freed(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        self._finish(b"", b"")
        self._lost()

    def _finish(self, head: bytes, body: bytes) -> None:
        done, self._done = self._done, None
        if done:
            done(head, body)


class _Gun:
    """The pace, the connections, the answers."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.posts = posts(order.team, order.others, order.seed)
        self.idle: list[_Line] = []
        self.lines = self.sent = 0
        # by number: when it was due, how late this was
        self.unanswered: dict[int, tuple[float, float, Post]] = {}
        self.waiting: deque[int] = deque()  # for a line
        self.answered: list[Answered] = []

    async def fire(self, starts: float) -> list[Answered]:
        """Post until the end of the stretches, and wait for open requests."""
        await asyncio.sleep(max(0.0, starts - time.time()))
        self.began, dice, due = time.perf_counter(), random.Random(self.order.seed), 0.0
        ends = 0.0
        for pace, seconds in self.order.stretches:
            due, ends = max(due, ends), ends + seconds
            while due < ends:
                # Even where it is late the answers are to be read meanwhile.
                await asyncio.sleep(max(0.0, due - self._now()))
                self._shoot(due, next(self.posts))
                due += dice.expovariate(pace)
        patience = self._now() + PATIENCE_S
        while self.unanswered and self._now() < patience:
            await asyncio.sleep(0.05)
        for number in tuple(self.unanswered):
            self._note(number, b"", b"")
        return self.answered

    def _now(self) -> float:
        return time.perf_counter() - self.began

    def _shoot(self, due: float, post: Post) -> None:
        self.sent += 1
        self.unanswered[self.sent] = due, self._now() - due, post
        self._give(self.sent)

    def _give(self, number: int) -> None:
        """Send a post over an idle line, or let it wait for one."""
        while self.idle:
            line = self.idle.pop()
            if line.open:
                return self._send(line, number)
        self.waiting.append(number)
        self._open_another()
        return None

    def _open_another(self) -> None:
        if self.waiting and self.lines < MAX_LINES:
            self.lines += 1
            task = asyncio.ensure_future(self._open())
            task.add_done_callback(lambda done: done.exception())

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, line = await loop.create_connection(
                lambda: _Line(self._free, self._lost), "127.0.0.1", self.order.port
            )
        except OSError:
            self.lines -= 1
            raise
        self._free(line)

    def _lost(self) -> None:
        self.lines -= 1
        self._open_another()

    def _free(self, line: _Line) -> None:
        if not line.open:
            return
        if self.waiting:
            self._send(line, self.waiting.popleft())
        else:
            self.idle.append(line)

    def _send(self, line: _Line, number: int) -> None:
        kept = line.used

        def done(head: bytes, body: bytes) -> None:
            if number not in self.unanswered:  # it came after all, too late
                return
            # A kept connection may end while something is sent over it: every client of HTTP
            # sends that once more over another.
            if kept and not head:
                self._give(number)
            else:
                self._note(number, head, body)

        line.send(self.unanswered[number][2].sent, done)

    def _note(self, number: int, head: bytes, body: bytes) -> None:
        due, late, post = self.unanswered.pop(number)
        status = int(head[9:12] or 0)
        retry_after = b"\r\nretry-after: " in head
        stored = stored_count(body) if status in (200, 201) else 0
        took = self._now() - due
        self.answered.append(Answered(due, took, late, status, retry_after, stored, post.ids))
