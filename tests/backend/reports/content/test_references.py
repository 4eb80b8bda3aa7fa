"""How a letter writes days, in the form of Decree 30/2020/NĐ-CP."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from backend.reports.content.references import day_in_words


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_days_have_the_zeros_of_the_decree(day: date) -> None:
    words = day_in_words(day).split()
    assert (int(words[1]), int(words[3]), int(words[5])) == (day.day, day.month, day.year)
    assert len(words[1]) == 2 and words[3].startswith("0") == (day.month <= 2)
