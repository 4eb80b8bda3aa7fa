"""Batches of phones: soon after the tests, days later, repeated, or with an invalid body."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from backend.clock import local_day
from backend.demo.anomalies import Sample
from backend.demo.phones import Phone, phone_time, uuid_from
from backend.measurements.recording.incoming import ReceiptContext

# A phone sends at the end of a day with so many pending samples, or when the oldest is so old.
PENDING_MOST, PENDING_AGE_MOST = 16, timedelta(days=4)
# Offline phones: share of late batches, and their delay in days.
LATE, LATE_DAYS = 0.04, (1.0, 12.0)
# Lost answers: share of batches with samples of the previous one.
AGAIN = 0.05
# Share of batches with a body of an old app version, with a word instead of a number.
BROKEN = 0.003
# Shares of batches with a test in the future (wrong clock), and of copies sent after two months.
FUTURE, FUTURE_HOURS = 0.012, (0.5, 2.5)
OLD, OLD_DAYS = 0.006, (61.0, 75.0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples that a phone sends at once, and their receipt."""

    receipt: ReceiptContext
    items: list[Any]


def batches(
    phone: Phone, samples: Sequence[Sample], until: datetime, rng: np.random.Generator
) -> list[Batch]:
    """Divide the samples of a month into batches, in order of receipt."""
    made: list[Batch] = []
    before: list[Any] = []
    for pending in _group(samples):
        last = pending[-1].at
        delay = timedelta(seconds=int(rng.integers(90, 1_500)))
        if rng.random() < LATE:
            delay = timedelta(days=rng.uniform(*LATE_DAYS))
        received = min(last + delay, until)
        items = [one.body for one in pending]
        if rng.random() < AGAIN:
            items = items + before[-3:]
        made.append(
            _batch(
                phone, received, [*items, *_invalid_or_future(phone, pending[-1], received, rng)]
            )
        )
        before = items
        if rng.random() < OLD:
            made += _old(phone, pending[-1], until, rng)
    return sorted(made, key=lambda one: one.receipt.received_at)


def _group(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Group samples by the time of sending; days are not divided."""
    groups: list[list[Sample]] = [[]]
    for one in samples:
        pending = groups[-1]
        if pending and local_day(one.at) != local_day(pending[-1].at):
            full = len(pending) >= PENDING_MOST or one.at - pending[0].at > PENDING_AGE_MOST
            if full:
                groups.append([])
        groups[-1].append(one)
    return [pending for pending in groups if pending]


def _batch(phone: Phone, received: datetime, items: list[Any]) -> Batch:
    return Batch(ReceiptContext(received_at=received, sent_at=received + phone.skew), items)


def _invalid_or_future(
    phone: Phone, last: Sample, received: datetime, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Draw an invalid body, or one in the future, for some batches."""
    odd = []
    if rng.random() < BROKEN:
        odd.append(_copy(last, rng) | {"download_mbps": "nhanh"})
    if rng.random() < FUTURE:
        at = received + timedelta(hours=rng.uniform(*FUTURE_HOURS))
        if local_day(at).month == local_day(last.at).month:
            moved = _copy(last, rng) | {"measured_at": phone_time(at, phone)}
            if moved["location"]:
                moved["location"]["fixed_at"] = moved["measured_at"]
            odd.append(moved)
    return odd


def _old(phone: Phone, last: Sample, until: datetime, rng: np.random.Generator) -> list[Batch]:
    """Return a test sent two months late, if that is before `until`."""
    received = last.at + timedelta(days=rng.uniform(*OLD_DAYS))
    if received > until:
        return []
    return [_batch(phone, received, [_copy(last, rng)])]


def _copy(one: Sample, rng: np.random.Generator) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(one.body)
    return made | {"id": str(uuid_from(rng))}
