"""Score how well signals distinguish planted cheats from honest look-alikes."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.coverage.signals.rules import SIGNALS, Evidence
from tests.tools.signal_months.cheats import CHEATS
from tests.tools.signal_months.honest import LOOK_ALIKES, volunteers
from tests.tools.signal_months.month import Month

# Months for tuning the limits, and others for the evaluation.
TUNED_ON, REPORTED_ON = range(100), range(1_000, 1_100)
CHEAT_CHANCE, LOOK_ALIKE_CHANCE = 0.5, 0.85


@dataclass
class Score:
    """Score of a signal: plants found and missed, right and wrong findings."""

    planted: int = 0
    found: int = 0
    right: int = 0
    wrong: int = 0
    blamed: Counter[str] = field(default_factory=Counter)  # look-alikes among wrong findings

    @property
    def precision(self) -> float:
        findings = self.right + self.wrong
        return self.right / findings if findings else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.planted if self.planted else 1.0


def made(seed: int) -> Month:
    """Build a month of honest people, look-alikes and cheats."""
    month = Month(seed)
    volunteers(month)
    for habit in LOOK_ALIKES:
        if month.rng.random() < LOOK_ALIKE_CHANCE:
            habit(month)
    for cheat in CHEATS:
        if month.rng.random() < CHEAT_CHANCE:
            cheat(month)
    month.leave_out_the_impossible()
    return month


def scored(seeds: Iterable[int]) -> dict[str, Score]:
    """Return the score of every signal over months."""
    scores = {name: Score() for name in SIGNALS}
    for seed in seeds:
        month = made(seed)
        for name, signal in SIGNALS.items():
            add(scores[name], name, month, signal(month.rows))
    return scores


def add(score: Score, name: str, month: Month, found: list[Evidence]) -> None:
    """Add findings: right if half of the devices cheat; a plant is found if half of it is."""
    cheats = {device for plants in month.cheats.values() for plant in plants for device in plant}
    for one in found:
        devices = set(one.devices)
        if 2 * len(devices & cheats) >= len(devices):
            score.right += 1
            continue
        score.wrong += 1
        habits = [habit for habit, who in month.honest.items() if devices & who]
        score.blamed.update(habits or ["a volunteer"])
    reported = {device for one in found for device in one.devices}
    for plant in month.cheats.get(name, []):
        score.planted += 1
        score.found += 2 * len(plant & reported) >= len(plant)
