"""How a letter cites documents, in the form of Decree 30/2020/NĐ-CP."""

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from backend.reports.content.references import cite_document, cite_documents, day_in_words


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_days_have_the_zeros_of_the_decree(day: date) -> None:
    words = day_in_words(day).split()
    assert (int(words[1]), int(words[3]), int(words[5])) == (day.day, day.month, day.year)
    assert len(words[1]) == 2 and words[3].startswith("0") == (day.month <= 2)


def test_a_document_is_cited_in_the_form_of_the_decree() -> None:
    one: Any = {
        "type": "Công văn", "number": "5691", "symbol": "BTTTT-CVT", "issued_on": "2024-12-31",
        "issuer": "Bộ Thông tin và Truyền thông", "about": "V/v đo chất lượng mạng.",
    }  # fmt: skip
    assert cite_document(one) == (
        "Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của Bộ Thông tin và Truyền thông"
        " về việc đo chất lượng mạng"
    )
    earlier = one | {"number": "12", "issued_on": "2024-02-01"}
    assert cite_documents([one, earlier]).startswith("Công văn số 12/BTTTT-CVT ngày 01 tháng 02")
