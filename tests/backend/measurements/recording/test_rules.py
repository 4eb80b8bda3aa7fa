"""The rules themselves: pure, without a database."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.clock import local_day
from backend.measurements.recording import rules
from backend.measurements.recording.reasons import BY_CODE, REASONS
from backend.measurements.recording.rules import Caps, Owner, Sample, TimelineEntry, Verdict

NOON = datetime(2024, 11, 15, 5, 0, tzinfo=UTC)
OWNER, CAPS = Owner(NOON - timedelta(days=90)), Caps()


def one(minutes: float = 0, metres: float = 0, **changes: Any) -> Sample:
    """A sample so many minutes after noon, so many metres north of a point."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "at": NOON + timedelta(minutes=minutes),
        "network": "mobile",
        "operator": "Viettel",
        "latitude": 21.5 + metres / 111_000,
        "longitude": 105.8,
        "accuracy_m": 10.0,
        "own_reasons": (),
    }
    values |= changes
    return Sample(day=local_day(values["at"]), **values)


def reasons(*samples: Sample) -> list[tuple[str, ...]]:
    """The reasons of each sample of a timeline, judged from its start."""
    timeline = [TimelineEntry(sample, None) for sample in samples]
    since = dict.fromkeys((sample.day for sample in samples), samples[0].at)
    settled = rules.judge_timeline(timeline, since, OWNER, CAPS)
    return [verdict.reasons for _, verdict in settled]


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (one(239.9), ("repeat",)),
        (one(240), ()),
        (one(60, metres=95), ("repeat",)),
        (one(60, metres=120), ()),
        (one(60, metres=120, accuracy_m=150.0), ("repeat",)),
        (one(60, network="fixed"), ()),
        (one(60, operator="MobiFone"), ()),
        (one(60, operator=None), ()),
        (one(5, metres=95_000), ("impossible_travel",)),
        (one(60, metres=95_000), ()),
        (one(60, own_reasons=("failed_test",)), ("failed_test",)),
    ],
)
def test_a_second_sample(second: Sample, expected: tuple[str, ...]) -> None:
    assert reasons(one(), second) == [(), expected]


def test_a_repeat_does_not_begin_a_window_of_its_own() -> None:
    assert reasons(one(), one(200), one(241)) == [(), ("repeat",), ()]


def test_going_away_and_coming_back_is_still_a_repeat() -> None:
    assert reasons(one(), one(60, metres=5_000), one(120)) == [(), (), ("repeat",)]


def test_what_is_not_valid_stands_for_nothing() -> None:
    failed = one(own_reasons=("failed_test",))
    assert reasons(failed, one(5)) == [("failed_test",), ()]


def test_the_first_reason_is_the_one_of_most_weight() -> None:
    assert rules.by_weight(["repeat", "failed_test", "position_missing"])[0] == "position_missing"


@pytest.mark.parametrize(
    ("mcc", "mnc", "stated", "expected"),
    [
        ("452", "04", None, "Viettel"),
        ("452", "4", "x", "Viettel"),
        ("452", "99", "New one", "New one"),
        ("65535", "65535", None, None),
        (None, None, " ", None),
    ],
)
def test_operators_are_named_by_their_code(
    mcc: str | None, mnc: str | None, stated: str | None, expected: str | None
) -> None:
    assert rules.operator_of("mobile", mcc, mnc, stated) == expected
    assert rules.operator_of("wifi", mcc, mnc, "FPT") == "FPT"


def test_every_reason_has_words_in_both_languages() -> None:
    assert len(BY_CODE) == len(REASONS)
    for reason in REASONS:
        assert reason.message("vi") != reason.message("en")


steps = st.tuples(st.integers(0, 2_000), st.integers(0, 400), st.sampled_from(["mobile", "fixed"]))


@given(st.lists(steps, min_size=1, max_size=25), st.data())
def test_settling_from_a_late_one_on_equals_a_full_pass(
    spots: list[tuple[int, int, str]], data: st.DataObject
) -> None:
    samples = sorted(
        (one(minutes, metres, network=network) for minutes, metres, network in spots),
        key=lambda sample: (sample.at, sample.id),
    )
    late = data.draw(st.sampled_from(samples))
    kept = [sample for sample in samples if sample is not late]
    stored = dict(zip([s.id for s in kept], reasons(*kept) if kept else [], strict=True))
    timeline = [
        TimelineEntry(sample, None if sample is late else Verdict(stored[sample.id]))
        for sample in samples
    ]
    since = dict.fromkeys((sample.day for sample in samples), late.at)
    for entry, verdict in rules.judge_timeline(timeline, since, OWNER, CAPS):
        stored[entry.sample.id] = verdict.reasons
    assert [stored[sample.id] for sample in samples] == reasons(*samples)
