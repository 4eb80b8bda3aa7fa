"""Judge a sample that is not stored: whether a test of this phone would count here, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, TypedDict
from uuid import UUID, uuid4

from backend.clock import day_begin, local_day, month_end
from backend.database.extensions import fetch_autocommit
from backend.fields import Json
from backend.measurements.recording import incoming, rules, timeline
from backend.measurements.recording.requirements import proof_problem, required_at
from backend.measurements.recording.rows import SampleRow
from backend.measurements.recording.service import RecordingContext
from backend.measurements.recording.timeline import State

DAY = timedelta(days=1)
KINDS = {"mobile": "mobile", "fixed": "wifi"}
OF_THE_DAY = ("too_many_tests", "third_operator", "daily_cap")
# Times at which a test is judged. Each reason is waited for once, so few are needed; a phone whose
# clock is ahead, and that measures all the time, would need one for each test.
MAX_LOOKS = 20


class Circle(TypedDict):
    """One of the phone's own samples, and how far from it a test is no repeat before a time."""

    latitude: float | None
    longitude: float | None
    radius_m: float
    until: datetime


class Preview(TypedDict):
    """The verdict on a confirmed test that begins here at a time.

    `reason` is the main one against it. From `until` on a test counts; None if it does now, or if
    waiting is of no use.
    """

    at: datetime
    counts: bool
    reason: str | None
    until: datetime | None
    circles: list[Circle]


@dataclass(frozen=True, slots=True)
class _Here:
    """A test here on each of the days whose state was read, and the phone's stored samples."""

    rows: Mapping[date, SampleRow]
    state: State
    entries: Sequence[rules.TimelineEntry]
    caps: rules.Caps

    def test_at(self, at: datetime) -> rules.Sample:
        """Return the sample of a test at a time of one of these days."""
        row: SampleRow = {**self.rows[local_day(at)], "measured_at": at, "received_at": at}
        counts_from = required_at(self.state.requirements, at)
        if problem := proof_problem(row, counts_from):
            row["own_reasons"] = rules.by_weight([*row["own_reasons"], problem])
        return incoming.sample_of(row)

    def judge(self, test: rules.Sample) -> rules.Verdict:
        """Return the verdict on a test; the stored samples keep theirs."""
        assert self.state.owner
        new = rules.TimelineEntry(test, None)
        ordered = sorted([*self.entries, new], key=lambda one: (one.sample.at, one.sample.id))
        since = dict.fromkeys(self.rows, test.at)
        tallies = self.state.timeline.tallies
        judged = rules.judge_timeline(ordered, since, self.state.owner, self.caps, tallies)
        return next(verdict for entry, verdict in judged if entry is new)


def preview(
    device_id: UUID, place: Mapping[str, Any], now: datetime, context: RecordingContext
) -> Preview:
    """Return the verdict on a confirmed test that begins here now, and from when on one counts.

    `place` has a position, its accuracy, network and operator. The circles are the phone's own
    samples near which a test is a repeat.
    """
    here = _read(device_id, place, now, context)
    test = here.test_at(now)
    verdict = here.judge(test)
    return {
        "at": now,
        "counts": verdict.counted,
        "reason": next(iter(verdict.reasons), None),
        "until": _counts_from(here, test, verdict),
        "circles": [
            {
                "latitude": one.latitude,
                "longitude": one.longitude,
                "radius_m": rules.repeat_radius_m(one, test),
                "until": one.at + rules.REPEAT_WINDOW,
            }
            for one in rules.anchors(here.entries, test)
        ],
    }


def _read(
    device_id: UUID, place: Mapping[str, Any], now: datetime, context: RecordingContext
) -> _Here:
    """Read in one statement what tests of today, tomorrow and the next month depend on."""
    times = now, _midnight(local_day(now)), _next_month(local_day(now))
    sent = [([_body(at, place)], incoming.ReceiptContext(at)) for at in times]
    tests = incoming.prepare(sent, context.locator, context.key)
    sender = timeline.Sender(device_id=device_id)
    state = timeline.read_state(fetch_autocommit, sender, tests, context.caps.commune)
    rows: dict[date, SampleRow] = {
        test.row["day"]: {**test.row, "device_id": device_id, "assurance": "witnessed"}
        for test in tests
    }
    return _Here(rows, state, [*timeline.entries_of(state.timeline.rows)], context.caps)


def _body(at: datetime, place: Mapping[str, Any]) -> dict[str, Json]:
    return {
        "id": str(uuid4()), "measured_at": at.isoformat(), "status": "finished",
        "download_mbps": 10, "upload_mbps": 10, "ping_ms": 10, "isp": place["operator"],
        "network": {"kind": KINDS[place["network"]], "operator": place["operator"]},
        "location": {name: place[name] for name in ("latitude", "longitude", "accuracy_m")},
    }  # fmt: skip


def _counts_from(here: _Here, test: rules.Sample, verdict: rules.Verdict) -> datetime | None:
    """Return the first time at which a test counts; None if it does now, or at none in sight."""
    for _ in range(MAX_LOOKS if not verdict.counted else 0):
        at = _next_look(verdict.reasons, test, here.entries)
        if at is None or local_day(at) not in here.rows:
            return None
        test = here.test_at(at)
        verdict = here.judge(test)
        if verdict.counted:
            return at
    return None


def _next_look(
    reasons: Sequence[str], test: rules.Sample, entries: Sequence[rules.TimelineEntry]
) -> datetime | None:
    """Return until when no test counts for sure; None if waiting does not end all of the reasons.

    A stored test of a later time, by a clock that is ahead, may end them earlier, at its end.
    """
    tests = [one for one, verdict, _ in entries if verdict and not rules.ignored(verdict)]
    before = [one for one in tests if one.at <= test.at]
    ends = [_end_of(reason, test, before, entries) for reason in reasons]
    known = [end for end in ends if end]
    if len(known) < len(ends):
        return None
    return min([max(known), *(one.end for one in tests[len(before) :])])


def _end_of(
    reason: str,
    test: rules.Sample,
    before: Sequence[rules.Sample],
    entries: Sequence[rules.TimelineEntry],
) -> datetime | None:
    """Return when a reason ends, if no test comes between; None: not by waiting."""
    if reason in OF_THE_DAY:
        return _midnight(test.day)
    if reason == "commune_cap":
        return _next_month(test.day)
    if reason == "overlap":
        return max(one.end for one in before)
    if reason == "impossible_travel":
        return before[-1].at + timedelta(seconds=ceil(rules.travel_s(before[-1], test)))
    if reason == "repeat":
        near = (one.at for one in rules.anchors(entries, test) if rules.same_spot(one, test))
        return max(near) + rules.REPEAT_WINDOW
    return None


def _midnight(day: date) -> datetime:
    """Return the end of a day."""
    return day_begin(day + DAY)


def _next_month(day: date) -> datetime:
    """Return the end of the month of a day."""
    return _midnight(month_end(f"{day:%Y-%m}"))
