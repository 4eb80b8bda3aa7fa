"""A whole team of phones at once, and the server's bad day meanwhile."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.tools.phone_simulator.own_server import OwnServer
from tests.tools.phone_simulator.phone import Phone, Tally

KILLS = (2, 3)
DOWN_S = (0.5, 3.0)
TELL_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be tried."""

    phones: int
    minutes: float
    rate: float
    chaos: bool
    seed: int
    store: Path
    code: str | None = None  # of the team that all of them join


def run(plan: Plan, url: str, own: OwnServer | None, tell: Callable[[str], None]) -> list[Tally]:
    """Let the phones measure; kill our own server meanwhile; give each phone's tally."""
    seconds = plan.minutes * 60.0
    team = [
        Phone(
            url,
            plan.store / f"phone-{number:03}.sqlite",
            f"{plan.seed} {number}",
            rate=plan.rate,
            chaos=plan.chaos,
            code=plan.code,
        )
        for number in range(1, plan.phones + 1)
    ]
    over = threading.Event()
    with ThreadPoolExecutor(plan.phones + 1) as pool:
        killing = pool.submit(_kill, own, plan.seed, seconds, over, tell) if own else None
        running = [pool.submit(phone.run, seconds) for phone in team]
        try:
            _watch(running, killing, tell)
        finally:
            over.set()
            for phone in team:
                phone.halt()
        return [phone.result() for phone in running]


def _watch(
    running: list[Future[Tally]], killing: Future[None] | None, tell: Callable[[str], None]
) -> None:
    began = told = time.monotonic()
    while not all(one.done() for one in running):
        if killing and killing.done():
            killing.result()  # a server that does not come back ends the trial
        if time.monotonic() - told >= TELL_EVERY_S:
            told = time.monotonic()
            done = sum(one.done() for one in running)
            tell(f"{told - began:4.0f} s: {done} of {len(running)} phones are done")
        time.sleep(0.1)


def _kill(
    own: OwnServer, seed: int, seconds: float, over: threading.Event, tell: Callable[[str], None]
) -> None:
    rng = random.Random(f"{seed} kills")
    began = time.monotonic()
    moments = sorted(rng.uniform(0.1, 0.9) * seconds for _ in range(rng.randint(*KILLS)))
    for number, moment in enumerate(moments):
        if over.wait(max(0.0, began + moment - time.monotonic())):
            return
        database = number % 2 == 1
        own.kill(database)
        tell(f"killed the server with -9{', its database too' if database else ''}")
        over.wait(rng.uniform(*DOWN_S))
        own.start()
        tell("started it again")
