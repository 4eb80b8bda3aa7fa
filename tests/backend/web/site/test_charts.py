"""Axes of charts."""

from hypothesis import given
from hypothesis import strategies as st

from backend.drawing import ticks
from backend.web.site.charts import bars


@given(st.floats(0.01, 1e7))
def test_ticks_are_few_round_and_reach_the_highest_value(highest: float) -> None:
    found = ticks(highest)
    step = found[1]
    assert found[0] == 0 and 2 <= len(found) <= 6
    assert found[-2] < highest <= found[-1] * (1 + 1e-9)
    assert float(f"{step:.0e}") == float(f"{step:.6e}")  # one digit


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30), st.integers(1, 10_000))
def test_bars_lie_below_the_last_tick(values: list[int], line: int) -> None:
    chart = bars([(str(n), float(n), str(n)) for n in values], line)
    assert chart.ticks[-1].top == 0 and chart.ticks[0].top == 100
    assert all(0 <= one.top <= 100 and one.height <= 100 for one in chart.bars)
    assert chart.line is not None and 0 <= chart.line < 100


def test_a_group_is_shown_at_its_first_bar() -> None:
    labels = [("11", 1.0, "1"), ("12", 2.0, "2"), ("01", 3.0, "3")]
    chart = bars(labels, groups=("2024", "2024", "2025"))
    assert [(one.full_label, one.begins) for one in chart.bars] == [
        ("11/2024", True), ("12/2024", False), ("01/2025", True)
    ]  # fmt: skip


def test_a_first_bar_alone_in_its_group_leaves_the_room_to_the_next() -> None:
    labels = [("12", 1.0, "1"), ("01", 2.0, "2"), ("02", 3.0, "3")]
    chart = bars(labels, groups=("2024", "2025", "2025"))
    assert [one.begins for one in chart.bars] == [False, True, False]
    assert bars(labels[:1], groups=("2024",)).bars[0].begins
