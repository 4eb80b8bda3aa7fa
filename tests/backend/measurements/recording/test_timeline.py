"""Which days of a device a post reads: a store in memory, compared with judging all of them."""

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from backend.clock import day_begin, local_day
from backend.measurements.recording import rules, timeline
from backend.measurements.recording.rules import Caps, Owner
from backend.measurements.recording.timeline import Judge

EVENING = datetime.fromisoformat("2024-11-28T19:30:00+07:00")  # two days before a month's end
JUDGE = Judge(Owner(EVENING - timedelta(days=90)), Caps(day=3, commune=5))
TESTS_A_DAY = 6
Row = dict[str, Any]


@pytest.fixture(autouse=True)
def low_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "TESTS_A_DAY", TESTS_A_DAY)


def row(minutes: float, spot: int = 0, mnc: str = "Viettel", mock: bool = False) -> Row:
    """A sample so many minutes after the evening; spots are 150 m apart, from 9 on 400 km more."""
    at = EVENING + timedelta(minutes=minutes)
    return {
        "id": uuid.uuid4(),
        "measured_at": at,
        "day": local_day(at),
        "network": "mobile",
        "operator": mnc,
        "latitude": 21.5 - spot * 150 / 111_195 - (spot >= 9) * 3.6,
        "longitude": 105.8,
        "accuracy_m": 10.0,
        "own_reasons": (),
        "marks": ["mock_position"] * mock,
        "unit_id": 1 + spot // 9,
        "duration_s": None,
    }


class Store:
    """The rows of one device, and the answers to the statements of the timeline."""

    def __init__(self) -> None:
        self.rows: dict[uuid.UUID, Row] = {}
        self.read: list[Row] = []

    def fetch(self, statement: str, values: Mapping[str, Any]) -> list[Row]:
        answers = {
            timeline.READ: self._spans, timeline.TALLIES: self._tallies,
            timeline.CAPPED: self._capped,
        }  # fmt: skip
        return list(answers[statement](values))

    def _ordered(self) -> list[Row]:
        return sorted(self.rows.values(), key=lambda one: (one["measured_at"], one["id"]))

    def _spans(self, values: Mapping[str, Any]) -> Iterator[Row]:
        for begin, end in zip(_times(values["begins"]), _times(values["ends"]), strict=True):
            found = [one for one in self._ordered() if begin <= one["measured_at"] < end]
            self.read += found[: values["most"]]
            yield from found[: values["most"]]

    def _using(self, begin: datetime, end: datetime) -> list[Row]:
        return [
            one
            for one in self._ordered()
            if begin <= one["measured_at"] < end and rules.uses_commune_cap(one["reasons"])
        ]

    def _tallies(self, values: Mapping[str, Any]) -> Iterator[Row]:
        for one in self._using(values["month_begin"], values["month_end"]):
            if str(one["day"]) not in values["days"].strip("{}").split(","):
                yield {**one, "n": 1}

    def _capped(self, values: Mapping[str, Any]) -> Iterator[Row]:
        found = self._using(values["begin"], values["end"])
        key = (values["unit_id"], values["network"])
        same = [one for one in found if (one["unit_id"], one["network"]) == key]
        for place, one in enumerate(same, 1):
            if values["after"] < place <= values["to"]:
                yield {**one, "place": place, "final": False}

    def post(self, new: list[Row]) -> None:
        judged = timeline.judge_new(self.fetch, uuid.uuid4(), new, JUDGE)
        reasons = {one["id"]: verdict.reasons for one, verdict in judged}
        self.rows |= {one["id"]: one for one in new}
        for identity, found in reasons.items():
            self.rows[identity] = {**self.rows[identity], "reasons": found, "final": False}

    def verdicts(self) -> dict[uuid.UUID, tuple[str, ...]]:
        return {identity: one["reasons"] for identity, one in self.rows.items()}


def _times(array: str) -> list[datetime]:
    return [datetime.fromisoformat(one) for one in array.strip("{}").split(",")]


@pytest.fixture
def store() -> Store:
    return Store()


def all_judged(rows: list[Row]) -> dict[uuid.UUID, tuple[str, ...]]:
    """The reasons by judging everything from the first day on."""
    ordered = sorted(rows, key=lambda one: (one["measured_at"], one["id"]))
    entries = [rules.TimelineEntry(timeline.sample_of(one), None) for one in ordered]
    since = {one["day"]: day_begin(one["day"]) for one in ordered}
    judged = rules.judge_timeline(entries, since, JUDGE.owner, JUDGE.caps)
    return {entry.sample.id: verdict.reasons for entry, verdict in judged}


minutes = st.one_of(
    st.integers(0, 600),  # around midnight
    st.builds(lambda day, at: 1_440 * day + at, st.integers(0, 12), st.integers(0, 1_440)),
)
spots = st.tuples(
    minutes, st.integers(0, 11), st.sampled_from(["Viettel", "Viettel", "MobiFone", "iTel"]),
    st.sampled_from([False, False, False, True]),
)  # fmt: skip


@pytest.mark.slow
@settings(
    max_examples=300,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(spots, min_size=2, max_size=30), st.data())
def test_posts_in_any_order_give_the_verdicts_of_judging_everything(
    store: Store, places: list[tuple[int, int, str, bool]], data: st.DataObject
) -> None:
    store.rows.clear()
    rows = [row(*place) for place in places]
    arrivals = data.draw(st.permutations(rows))
    while arrivals:
        size = data.draw(st.integers(1, len(arrivals)))
        store.post(arrivals[:size])
        arrivals = arrivals[size:]
    assert store.verdicts() == all_judged(rows)


def test_a_test_just_before_an_evening_changes_what_the_evening_means(store: Store) -> None:
    """A far test at 19:50 makes that of 20:10 impossible, which then is in the way of none."""
    evening, after_midnight = row(40), row(275)
    store.post([evening, after_midnight])
    assert store.verdicts()[after_midnight["id"]] == ("repeat",)
    late = row(20, 11)
    store.post([late])
    assert store.verdicts() == all_judged([evening, after_midnight, late])
    assert store.verdicts()[after_midnight["id"]] == ()


def test_a_test_in_the_morning_pushes_one_of_the_evening_out_of_the_day(store: Store) -> None:
    day = 1_440 - 600
    tests = [row(day + 10 * n, n % 9) for n in range(TESTS_A_DAY - 1)]
    evening, after_midnight = row(day + 1_430 - 700), row(day + 1_440 - 700 + 200)
    store.post([*tests, evening, after_midnight])
    late = row(day - 5, 8)
    store.post([late])
    assert store.verdicts() == all_judged([*tests, evening, after_midnight, late])


def test_a_batch_reads_the_days_of_its_samples_alone(store: Store) -> None:
    days = [row(1_440 * day + 900 + n, n % 9) for day in range(58) for n in range(5)]
    store.post(days)
    store.read.clear()
    store.post([row(1_000), row(57 * 1_440 + 1_000)])
    assert {one["day"] for one in store.read} == {days[0]["day"], days[-1]["day"]}
