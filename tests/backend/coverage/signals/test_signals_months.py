"""The signals on generated months: cheats are found, honest look-alikes are left alone."""

import pytest

from backend.coverage.signals.rules import SIGNALS
from tests.tools.signal_months.__main__ import PAGE, written
from tests.tools.signal_months.hard import count_signals
from tests.tools.signal_months.honest import LOOK_ALIKES, volunteers
from tests.tools.signal_months.month import Month
from tests.tools.signal_months.scoring import REPORTED_ON, Score, made, scored

# A few of the hundred months; the floors lie below what docs/signals.md tells of all.
SEEDS = REPORTED_ON[:24]
PRECISION, RECALL = 0.75, 0.6


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    return scored(SEEDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIGNALS)
def test_every_signal_keeps_its_floors(scores: dict[str, Score], name: str) -> None:
    score = scores[name]
    assert score.planted >= 2, "too few plants to judge"
    assert score.precision >= PRECISION and score.recall >= RECALL, score


@pytest.mark.slow
@pytest.mark.parametrize("habit", LOOK_ALIKES)
def test_a_month_of_one_honest_habit_is_quiet(habit) -> None:  # type: ignore[no-untyped-def]
    month = Month(2_000)
    volunteers(month)
    habit(month)
    month.leave_out_the_impossible()
    assert [one for signal in SIGNALS.values() for one in signal(month.rows)] == []


def test_a_month_is_the_same_again() -> None:
    assert made(1_003).rows == made(1_003).rows


def test_the_page_tells_every_signal() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [name for name in SIGNALS if page.count(f"| `{name}` |") != 2] == []
    for part in ("table", "hard"):
        assert "| new |" in written(page, part, "| new |")


def test_the_page_tells_which_honest_habits_people_will_have_to_ask_about() -> None:
    told = count_signals(REPORTED_ON[:20])
    assert told["office"]["one_place_many_devices"] and told["receiver"]["mock_share"]
    named = {name for signs in told.values() for name in signs}
    assert not named & {"speeds_repeated", "impossible_travel", "same_coordinates"}
