"""Coverage in words: phones and outings beside samples, forecasts, facts."""

from typing import Any

import pytest

from backend.coverage.figures.words import facts, forecast, lacks_participation, participation
from backend.i18n.catalogues import Language

ITEM = {"target": 300, "devices": 4, "outings": 2, "shortfall": 180, "days_left": 9,
        "needed_per_day": 20, "planned": 0}  # fmt: skip


@pytest.mark.parametrize(("changes", "has", "text"), [
    ({}, 312, "312/300 mẫu · 4 máy · 2 buổi đo (nên có từ 12 máy, 15 buổi đo)"),
    ({}, None, "4 máy · 2 buổi đo (nên có từ 12 máy, 15 buổi đo)"),
    ({"devices": 12, "outings": 15}, 1312, "1.312/300 mẫu · 12 máy · 15 buổi đo"),
    ({"devices": 40, "outings": 14, "target": None}, 31,
     "31 mẫu · 40 máy · 14 buổi đo (nên có từ 12 máy, 15 buổi đo)"),
    ({"devices": None, "outings": None}, 312, "312/300 mẫu"),
    ({"outings": None}, 312, "312/300 mẫu · 4 máy"),  # released before outings were counted
])  # fmt: skip
def test_phones_and_outings_stand_behind_samples(
    changes: dict[str, Any], has: int | None, text: str
) -> None:
    item = ITEM | changes
    assert participation(item, "vi", has) == text
    assert lacks_participation(item) == ("(" in text)


@pytest.mark.parametrize(("language", "ends", "text"), [
    ("vi", (240, 310), "Theo nhịp 14 ngày qua, cuối tháng có khoảng 240 đến 310 mẫu."),
    ("vi", (4, 4), "Theo nhịp 14 ngày qua, cuối tháng có khoảng 4 mẫu."),
    ("en", (4, 4), "At the pace of the last 14 days the month will end with about 4 samples."),
    ("vi", None, None),
])  # fmt: skip
def test_a_forecast_of_one_number_is_one_number(
    language: Language, ends: tuple[int, int] | None, text: str | None
) -> None:
    projection = ends and {"low": ends[0], "middle": ends[0], "high": ends[1]}
    item = {"projection": projection, "days_left": 17}  # the 14th
    assert forecast(item, "2024-11", language) == text
    assert forecast(item | {"days_left": 18}, "2024-11", language) is None  # the days of October


@pytest.mark.parametrize(("has", "changes", "text"), [
    (120, {}, "mới 120 mẫu, cần 20 mẫu mỗi ngày, chưa có kế hoạch"),
    (1, {"needed_per_day": 14}, "mới 1 mẫu, cần 14 mẫu mỗi ngày, chưa có kế hoạch"),
    (0, {"planned": None}, "chưa có mẫu nào, cần 20 mẫu mỗi ngày"),
    (210, {"planned": 120}, "210 mẫu, cần 20 mẫu mỗi ngày, kế hoạch có 120 mẫu"),
    (120, {"needed_per_day": None, "days_left": 2, "planned": None},
     "mới 120 mẫu, còn 180 mẫu, 2 ngày"),
    (300, {"shortfall": 0, "planned": None}, "300 mẫu"),
])  # fmt: skip
def test_facts_say_what_stands_and_lacks(has: int, changes: dict[str, Any], text: str) -> None:
    assert facts(ITEM | changes, has, "vi") == text
