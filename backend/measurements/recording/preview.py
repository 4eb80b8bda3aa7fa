"""Judge a sample that is not stored: whether a test of this phone would count here, and when."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID, uuid4

from backend.clock import day_begin, month_end
from backend.database.extensions import fetch_autocommit
from backend.measurements.recording import incoming, rules, timeline
from backend.measurements.recording.counting import CountChanges
from backend.measurements.recording.rows import SampleRow
from backend.measurements.recording.service import RecordingContext, judge

DAY = timedelta(days=1)
KINDS = {"mobile": "mobile", "fixed": "wifi"}


def preview(
    device_id: UUID, place: Mapping[str, Any], now: datetime, context: RecordingContext
) -> dict[str, Any]:
    """Return the verdict on a confirmed test that begins here now, and from when on one counts.

    `place` has a position, its accuracy, network and operator. The circles are the phone's own
    samples near which a test is a repeat.
    """
    row, entries = _judge_at(now, device_id, place, context)
    sample, later = incoming.sample_of(row), []
    if row["valid"] and not row["counted"]:
        later = _times_of_change(sample, entries)
    counts_at = (at for at in later if _judge_at(at, device_id, place, context)[0]["counted"])
    return {
        "at": now,
        "counts": row["counted"],
        "reason": next(iter(row["reasons"]), None),
        "until": next(counts_at, None),
        "circles": [
            {
                "latitude": one.latitude,
                "longitude": one.longitude,
                "radius_m": rules.repeat_radius_m(one, sample),
                "until": one.at + rules.REPEAT_WINDOW,
            }
            for one in rules.anchors(entries, sample)
        ],
    }


def _judge_at(
    at: datetime, device_id: UUID, place: Mapping[str, Any], context: RecordingContext
) -> tuple[SampleRow, Sequence[rules.TimelineEntry]]:
    """Judge a test as a post at this time would; return its row, and the stored samples."""
    body = {
        "id": str(uuid4()), "measured_at": at.isoformat(), "status": "finished",
        "download_mbps": 10, "upload_mbps": 10, "ping_ms": 10, "isp": place["operator"],
        "network": {"kind": KINDS[place["network"]], "operator": place["operator"]},
        "location": {name: place[name] for name in ("latitude", "longitude", "accuracy_m")},
    }  # fmt: skip
    receipt = incoming.ReceiptContext(at)
    items = incoming.prepare([([body], receipt)], context.locator, context.key)
    sender = timeline.Sender(device_id=device_id)
    state = timeline.read_state(fetch_autocommit, sender, items, context.caps.commune)
    row: SampleRow = {**items[0].row, "device_id": device_id, "assurance": "witnessed"}
    judge(fetch_autocommit, state, [row], CountChanges(), context.caps)
    return row, [*timeline.entries_of(state.timeline.rows)]


def _times_of_change(
    sample: rules.Sample, entries: Sequence[rules.TimelineEntry]
) -> list[datetime]:
    """Return when the verdict may change: as a test, a way, a repeat, the day or the month ends."""
    month_begin = day_begin(month_end(f"{sample.day:%Y-%m}") + DAY)
    ends = {day_begin(sample.day + DAY), month_begin}
    for test, verdict, _ in entries:
        if verdict and verdict.valid:
            ends |= {test.end, test.at + timedelta(seconds=ceil(rules.travel_s(test, sample)))}
            if rules.same_spot(test, sample):
                ends.add(test.at + rules.REPEAT_WINDOW)
    return sorted(end for end in ends if end > sample.at)
