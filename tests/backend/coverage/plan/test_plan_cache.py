"""The cache of plans: each plan is made once, and no campaign waits for another."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from backend.coverage.plan.next_place import FRESH, MAX_PLANS, Items, PlanCache

NOW = datetime(2024, 11, 20, 3, 0, tzinfo=UTC)
SOON_S = 10.0


class Maker:
    """Makes a plan once it is let, and knows how many it began."""

    def __init__(self) -> None:
        self.begun, self.let, self.made = Event(), Event(), 0

    def __call__(self) -> Items:
        self.made += 1
        self.begun.set()
        assert self.let.wait(SOON_S)
        return {1: [{"n": self.made}]}


def one() -> Items:
    return {1: []}


def test_another_campaigns_plan_does_not_wait() -> None:
    plans, slow = PlanCache(), Maker()
    with ThreadPoolExecutor() as threads:
        first = threads.submit(plans.get, "slow", NOW, slow)
        assert slow.begun.wait(SOON_S)
        other = threads.submit(plans.get, "other", NOW, one)
        try:
            assert other.result(SOON_S / 2) == {1: []}
        finally:
            slow.let.set()
        assert first.result(SOON_S) == {1: [{"n": 1}]}


def test_threads_that_want_the_same_wait_for_one_making() -> None:
    plans, slow = PlanCache(), Maker()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(plans.get, "same", NOW, slow) for _ in range(4)]
        assert slow.begun.wait(SOON_S)
        slow.let.set()
        assert [one.result(SOON_S) for one in asked] == [{1: [{"n": 1}]}] * 4
    assert plans.get("same", NOW + FRESH, slow) == {1: [{"n": 2}]}
    assert plans.get("same", NOW - timedelta(seconds=1), slow) == {1: [{"n": 3}]}


def test_what_fails_is_made_again() -> None:
    plans = PlanCache()
    with pytest.raises(ZeroDivisionError):
        plans.get("key", NOW, lambda: {1: [{"n": 1 // 0}]})
    with ThreadPoolExecutor() as threads:
        assert threads.submit(plans.get, "key", NOW, one).result(SOON_S) == {1: []}


def test_what_was_asked_for_longest_ago_is_forgotten() -> None:
    plans, made = PlanCache(), Maker()
    made.let.set()
    for key in ["first", *range(MAX_PLANS - 1), "first", "one more"]:
        plans.get(key, NOW, made)
    assert made.made == MAX_PLANS + 1
    plans.get("first", NOW, made)
    assert made.made == MAX_PLANS + 1
    plans.get(0, NOW, made)
    assert made.made == MAX_PLANS + 2
