"""Run several phones at the same time, and kill the server meanwhile."""

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
REPORT_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Parameters of a trial."""

    phones: int
    minutes: float
    rate: float
    chaos: bool
    seed: int
    store: Path
    code: str | None = None  # of the team that all phones join
    tickets: bool = True  # otherwise samples are claimed


def run(plan: Plan, url: str, own: OwnServer | None, report: Callable[[str], None]) -> list[Tally]:
    """Run the phones, kill the own server meanwhile, and return each phone's tally."""
    seconds = plan.minutes * 60.0
    team = [
        Phone(
            url,
            plan.store / f"phone-{number:03}.sqlite",
            f"{plan.seed} {number}",
            rate=plan.rate,
            chaos=plan.chaos,
            code=plan.code,
            tickets=plan.tickets,
        )
        for number in range(1, plan.phones + 1)
    ]
    over = threading.Event()
    with ThreadPoolExecutor(plan.phones + 1) as pool:
        killing = pool.submit(_kill, own, plan.seed, seconds, over, report) if own else None
        running = [pool.submit(phone.run, seconds) for phone in team]
        try:
            _watch(running, killing, report)
        finally:
            over.set()
            for phone in team:
                phone.halt()
        return [phone.result() for phone in running]


def _watch(
    running: list[Future[Tally]], killing: Future[None] | None, report: Callable[[str], None]
) -> None:
    began = reported = time.monotonic()
    while not all(one.done() for one in running):
        if killing and killing.done():
            killing.result()  # raise if the server did not start again
        if time.monotonic() - reported >= REPORT_EVERY_S:
            reported = time.monotonic()
            done = sum(one.done() for one in running)
            report(f"{reported - began:4.0f} s: {done} of {len(running)} phones are done")
        time.sleep(0.1)


def _kill(
    own: OwnServer, seed: int, seconds: float, over: threading.Event, report: Callable[[str], None]
) -> None:
    rng = random.Random(f"{seed} kills")
    began = time.monotonic()
    moments = sorted(rng.uniform(0.1, 0.9) * seconds for _ in range(rng.randint(*KILLS)))
    for number, moment in enumerate(moments):
        if over.wait(max(0.0, began + moment - time.monotonic())):
            return
        database = number % 2 == 1
        own.kill(database)
        report(f"killed the server with -9{', its database too' if database else ''}")
        over.wait(rng.uniform(*DOWN_S))
        own.start()
        report("started it again")
