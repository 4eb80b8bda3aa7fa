"""When phones send: soon after measuring, some days later, twice, or with a broken body."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from backend.clock import local_day
from backend.demo.mishaps import Sample
from backend.demo.phones import Phone, told, uuid_from
from backend.measurements.recording.incoming import ReceiptContext

# A phone sends at the end of a day with so many waiting, or when the oldest waits so long.
WAITING_MOST, WAIT_MOST = 16, timedelta(days=4)
# Offline for days: how many batches arrive late, and by how many days.
LATE, LATE_DAYS = 0.04, (1.0, 12.0)
# A lost answer: the phone sends some of the batch before again.
AGAIN = 0.05
# One body of an old version of the app, with a word for a number.
BROKEN = 0.003
# A test dated into the future by a clock set wrong meanwhile, and copies sent after two months.
FUTURE, FUTURE_HOURS = 0.012, (0.5, 2.5)
OLD, OLD_DAYS = 0.006, (61.0, 75.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one phone sends at once, and when it arrives."""

    receipt: ReceiptContext
    items: list[Any]


def batches(
    phone: Phone, samples: Sequence[Sample], until: datetime, rng: np.random.Generator
) -> list[Batch]:
    """Divide the samples of a month into batches, in the order of their arrival."""
    made: list[Batch] = []
    before: list[Any] = []
    for waiting in _gathered(samples):
        last = waiting[-1].at
        delay = timedelta(seconds=int(rng.integers(90, 1_500)))
        if rng.random() < LATE:
            delay = timedelta(days=rng.uniform(*LATE_DAYS))
        received = min(last + delay, until)
        items = [one.body for one in waiting]
        if rng.random() < AGAIN:
            items = items + before[-3:]
        made.append(_batch(phone, received, [*items, *_odd(phone, waiting[-1], received, rng)]))
        before = items
        if rng.random() < OLD:
            made += _old(phone, waiting[-1], until, rng)
    return sorted(made, key=lambda one: one.receipt.received_at)


def _gathered(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Samples by what waits in the phone when it sends: whole days together."""
    gathered: list[list[Sample]] = [[]]
    for one in samples:
        waiting = gathered[-1]
        if waiting and local_day(one.at) != local_day(waiting[-1].at):
            full = len(waiting) >= WAITING_MOST or one.at - waiting[0].at > WAIT_MOST
            if full:
                gathered.append([])
        gathered[-1].append(one)
    return [waiting for waiting in gathered if waiting]


def _batch(phone: Phone, received: datetime, items: list[Any]) -> Batch:
    return Batch(ReceiptContext(received_at=received, sent_at=received + phone.skew), items)


def _odd(
    phone: Phone, last: Sample, received: datetime, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Now and then a body that is refused, or one of the future."""
    odd = []
    if rng.random() < BROKEN:
        odd.append(_copy(last, rng) | {"download_mbps": "nhanh"})
    if rng.random() < FUTURE:
        at = received + timedelta(hours=rng.uniform(*FUTURE_HOURS))
        if local_day(at).month == local_day(last.at).month:
            moved = _copy(last, rng) | {"measured_at": told(at, phone)}
            if moved["location"]:
                moved["location"]["fixed_at"] = moved["measured_at"]
            odd.append(moved)
    return odd


def _old(phone: Phone, last: Sample, until: datetime, rng: np.random.Generator) -> list[Batch]:
    """A test that was found in a drawer, where that much time has passed."""
    received = last.at + timedelta(days=rng.uniform(*OLD_DAYS))
    if received > until:
        return []
    return [_batch(phone, received, [_copy(last, rng)])]


def _copy(one: Sample, rng: np.random.Generator) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(one.body)
    return made | {"id": str(uuid_from(rng))}
