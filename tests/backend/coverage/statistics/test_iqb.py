"""The Internet Quality Barometer: its formula, and what intervals leave open."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.coverage.statistics.iqb import USES, rate, score

# The figures of an example of M-Lab's library. By its formula: web browsing and audio meet all four
# requirements, video and backup lack one of weight 4 in 14, conferences and games meet none.
EXAMPLE = {"download_mbps": 15, "upload_mbps": 20, "ping_ms": 75, "packet_loss": 0.007}


def iqb(figures: dict[str, float]) -> float | None:
    """Return the IQB of figures by metric; None without any."""
    scores = [
        score(use, lambda one: one.met(figures[one.metric]) if one.metric in figures else None)
        for use in USES
    ]
    known = [one for one in scores if one is not None]
    return sum(known) / len(known) if known else None


def spread(median: float, low: float, high: float) -> dict[str, float]:
    return {"device_median": median, "device_median_low": low, "device_median_high": high}


def item(download: Any, upload: Any, ping: Any) -> dict[str, Any]:
    return {"download_mbps": download, "upload_mbps": upload, "ping_ms": ping}


def test_the_score_follows_the_formula() -> None:
    assert iqb(EXAMPLE) == pytest.approx((1 + 1 + 10 / 14 + 0 + 10 / 14 + 0) / 6)
    assert iqb({"download_mbps": 1e3, "upload_mbps": 1e3, "ping_ms": 1, "packet_loss": 0}) == 1
    assert iqb({"download_mbps": 1, "upload_mbps": 1, "ping_ms": 900, "packet_loss": 0.5}) == 0
    assert iqb({}) is None


def test_a_figure_at_its_threshold_does_not_meet_it() -> None:
    assert iqb({"download_mbps": 25}) == pytest.approx(3 / 6)  # web, audio and backup want 10
    assert iqb({"ping_ms": 10}) == pytest.approx(5 / 6)


def test_a_missing_figure_is_left_out_with_its_weight() -> None:
    known = {name: value for name, value in EXAMPLE.items() if name != "packet_loss"}
    assert iqb(known) == pytest.approx((1 + 1 + 6 / 10 + 0 + 6 / 10 + 0) / 6)


def test_what_an_interval_leaves_open_is_unclear() -> None:
    found = rate(item(spread(30, 22, 40), spread(12, 11, 13), spread(40, 30, 49)))
    assert found is not None
    uses = {one["code"]: one for one in found["uses"]}
    met = {one["metric"]: one["met"] for one in uses["video"]["requirements"]}
    assert met == {"download_mbps": "unclear", "upload_mbps": "yes", "ping_ms": "yes"}
    assert (uses["video"]["low"], uses["video"]["score"], uses["video"]["high"]) == (0.6, 1, 1)
    assert found["low"] < found["score"] == found["high"] < 1


@pytest.mark.parametrize("lacking", ["download_mbps", "upload_mbps", "ping_ms"])
def test_a_missing_median_gives_no_score(lacking: str) -> None:
    whole = item(spread(30, 22, 40), spread(12, 11, 13), spread(40, 30, 49))
    assert rate(whole | {lacking: None}) is None


LIMITS = st.tuples(*[st.floats(0.1, 300)] * 3).map(sorted).map(lambda one: (one[1], one[0], one[2]))


@given(st.tuples(LIMITS, LIMITS, LIMITS))
def test_scores_lie_between_their_limits(limits: tuple[tuple[float, ...], ...]) -> None:
    found = rate(item(*(spread(*one) for one in limits)))
    assert found is not None
    for one in (found, *found["uses"]):
        assert 0 <= one["low"] <= one["score"] <= one["high"] <= 1
    assert [one["code"] for one in found["uses"]] == [use.code for use in USES]
