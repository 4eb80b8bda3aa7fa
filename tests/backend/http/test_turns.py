"""Turns at a scarce place: whoever had it waits as long while others ask."""

import os
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.http import turns
from backend.http.turns import KEPT_S, Ask, State, Turns

HELD_S, FOR_S = 0.1, 4.0


def ask(party: str, since: float, process: int = 1) -> Ask:
    return Ask(party, since, 100.0, process)


def test_who_has_waited_goes_first_then_who_asked_first() -> None:
    state = State(
        {"loop": 103.0, "short": 99.5},
        {"1": ask("loop", 90), "2": ask("short", 95), "3": ask("new", 99), "4": ask("other", 98)},
    )
    assert state.order() == ["4", "3", "2", "1"]


def test_a_party_waits_as_long_as_it_had_the_place() -> None:
    state = State()
    state.charge("loop", 4.0, 100.0)
    assert state.ready == {"loop": 104.0}
    state.charge("loop", 1.0, 101.0)  # had another place at the same time
    assert state.ready == {"loop": 105.0}
    state.charge("loop", 9_999.0, 101.0)
    assert state.ready == {"loop": 101.0 + KEPT_S}
    state.forget(101.0 + 3 * KEPT_S)
    assert state.ready == {}


def test_who_went_away_and_what_a_former_start_of_the_machine_left_are_forgotten() -> None:
    state = State({"before": 9e9}, {"1": ask("gone", 90), "2": ask("later", 9e9)})
    state.forget(101.5)
    assert (state.ready, state.asks) == ({}, {})


def test_of_a_process_few_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its other threads stay free; the request with the better turn takes the thread over."""
    monkeypatch.setattr(turns, "WAITING", 1)
    place = Turns(tmp_path, "place", 1)
    came: list[tuple[str, bool, float]] = []

    def want(party: str) -> None:
        began = time.monotonic()
        with place.turn(party, 5.0) as mine:
            came.append((party, mine, time.monotonic() - began))

    with place.turn("loop", 0.0):
        time.sleep(HELD_S)
    with ExitStack() as held:
        assert held.enter_context(place.turn("other", 0.0))
        threads = [threading.Thread(target=want, args=(party,)) for party in ("loop", "new")]
        for thread in threads:
            thread.start()
            time.sleep(0.3)
        threads[0].join(2.0)  # refused although the place is still taken
        assert [(party, mine) for party, mine, _ in came] == [("loop", False)]
    threads[1].join(5.0)
    assert [(party, mine) for party, mine, _ in came] == [("loop", False), ("new", True)]


@pytest.mark.slow
def test_loops_of_others_leave_an_analyst_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three loops that ask again at once, and somebody who asks now and then, in processes."""
    monkeypatch.setattr(turns, "POLL_S", 0.01)
    monkeypatch.setattr(os, "getpid", threading.get_ident)  # as if each were of another process
    place, until = Turns(tmp_path, "place", 1), time.monotonic() + FOR_S
    answers = dict.fromkeys(("loop 1", "loop 2", "loop 3"), 0)

    def loop(party: str) -> None:
        while time.monotonic() < until:
            with place.turn(party, 1.0) as came:
                if came:
                    time.sleep(HELD_S)
                    answers[party] += 1

    threads = [threading.Thread(target=loop, args=(party,)) for party in answers]
    for thread in threads:
        thread.start()
    waited: list[float | None] = []
    while time.monotonic() < until - 1:
        began = time.monotonic()
        with place.turn("analyst", 1.0) as came:
            waited.append(time.monotonic() - began if came else None)
            time.sleep(HELD_S if came else 0)
        time.sleep(0.4)
    for thread in threads:
        thread.join()
    assert len(waited) >= 4 and None not in waited
    typical = sorted(filter(None, waited))[len(waited) // 2]
    assert typical < 2 * HELD_S  # the rest of one answer
    assert max(answers.values()) <= 2 * min(answers.values())


def test_who_asks_alone_never_waits(tmp_path: Path) -> None:
    """As many people of an office do, behind one address."""
    place = Turns(tmp_path, "place", 1)
    for _ in range(20):
        with place.turn("office", 0.0) as came:
            assert came
            time.sleep(0.01)


def test_a_process_that_was_killed_holds_nothing(tmp_path: Path) -> None:
    place = Turns(tmp_path, "place", 2)
    if (child := os.fork()) == 0:
        held = ExitStack()
        held.enter_context(place.turn("killed", 0.0))
        os._exit(0)
    os.waitpid(child, 0)
    (tmp_path / "place.json").write_text('{"ready": {"killed"')  # as it was writing
    with place.turn("one", 0.0) as first, place.turn("one", 0.0) as second:
        assert first and second
        with place.turn("other", 0.0) as third:
            assert not third
