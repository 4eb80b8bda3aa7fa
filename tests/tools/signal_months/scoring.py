"""Score how well signals distinguish planted cheats from honest look-alikes."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.coverage.signals.networks import SAME_NETWORK, groups_of_phones, is_mostly_outside
from backend.coverage.signals.rules import (
    OF_COMMUNES,
    OF_DEVICES,
    OF_PROVINCES,
    SIGNALS,
    DeviceSample,
    Evidence,
)
from backend.coverage.signals.shares import ONE_DEVICE, DeviceCount, shares_of_one_person
from tests.tools.signal_months.cheats import CHEATS
from tests.tools.signal_months.forgeries import FORGERIES, RESEMBLING
from tests.tools.signal_months.honest import LOOK_ALIKES, volunteers
from tests.tools.signal_months.month import Month
from tests.tools.signal_months.receipts import receive, uses_of

KINDS = (*SIGNALS, ONE_DEVICE, SAME_NETWORK)

# Months for the evaluation; the limits were chosen on seeds 0 to 99.
REPORTED_ON = range(2_000, 2_100)
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


def made(seed: int, cheats: bool = True) -> Month:
    """Build a month of honest people, look-alikes and, if wanted, cheats."""
    month = Month(seed)
    volunteers(month)
    for habits, frauds in ((LOOK_ALIKES, CHEATS), (RESEMBLING, FORGERIES)):
        for habit in habits:
            if month.rng.random() < LOOK_ALIKE_CHANCE:
                habit(month)
        for fraud in frauds if cheats else ():
            if month.rng.random() < CHEAT_CHANCE:
                fraud(month)
    month.leave_out_the_impossible()
    receive(month)
    return month


def found_in(month: Month, listed: bool = True) -> dict[str, list[Evidence]]:
    """Search a month as the server does: commune by commune, phone by phone, as a province."""
    found: dict[str, list[Evidence]] = {name: [] for name in KINDS}
    total = Counter(row.device for row in month.rows)
    communes: dict[int, list[DeviceSample]] = defaultdict(list)
    for row in month.rows:
        assert row.unit is not None
        communes[row.unit].append(row)
    for unit in sorted(communes):
        here = Counter(row.device for row in communes[unit])
        rows = [
            row._replace(elsewhere=total[row.device] - here[row.device]) for row in communes[unit]
        ]
        for rule in OF_COMMUNES:
            found[rule.__name__] += rule(rows)
        counts = [DeviceCount(device, "mobile", n) for device, n in sorted(here.items())]
        people = {device: person.int for device, person in month.people.items()}
        for share in shares_of_one_person(counts, people):
            found[ONE_DEVICE].append(Evidence(ONE_DEVICE, share.devices, ()))
    for rule in (*OF_DEVICES, *OF_PROVINCES):
        found[rule.__name__] += rule(month.rows)
    found[SAME_NETWORK] = _networks(month, listed)
    return found


def _networks(month: Month, listed: bool) -> list[Evidence]:
    uses = uses_of(month, listed=listed)
    groups = [[use.device for use in group.uses] for group in groups_of_phones(uses)]
    for unit in sorted({use.unit for use in uses if use.unit is not None}):
        here = [use for use in uses if use.unit == unit and use.outside is not None]
        outside = [use for use in here if use.outside]
        people = {use.person for use in outside}
        if is_mostly_outside(len(outside), len(here), len(people)):
            groups.append([use.device for use in outside])
    return [Evidence(SAME_NETWORK, tuple(sorted(set(group))), ()) for group in groups]


def flagged_honest_months(seeds: Iterable[int]) -> Counter[str]:
    """Return the kinds of signals in months without cheats, and "any" for the months."""
    months: Counter[str] = Counter()
    for seed in seeds:
        names = [name for name, found in found_in(made(seed, cheats=False)).items() if found]
        months.update(names + (["any"] if names else []))
    return months


def scored(seeds: Iterable[int]) -> dict[str, Score]:
    """Return the score of every signal over months."""
    scores = {name: Score() for name in KINDS}
    for seed in seeds:
        month = made(seed)
        for name, found in found_in(month).items():
            add(scores[name], name, month, found)
    return scores


def merged(parts: Iterable[dict[str, Score]]) -> dict[str, Score]:
    """Return the sum of scores of several months."""
    scores = {name: Score() for name in KINDS}
    for part in parts:
        for name, score in part.items():
            whole = scores[name]
            whole.planted += score.planted
            whole.found += score.found
            whole.right += score.right
            whole.wrong += score.wrong
            whole.blamed.update(score.blamed)
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
