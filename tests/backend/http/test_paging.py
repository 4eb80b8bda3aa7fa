"""Cursors are read back as they were written, and nothing else is read."""

from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Problem
from backend.fields import MAX_ID, aware_time
from backend.http.paging import decode_cursor, encode_cursor, row_id, sort_text, take_page

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))


@given(TEXTS, st.integers(0, MAX_ID))
def test_a_cursor_is_read_back(key: str, number: int) -> None:
    assert decode_cursor(encode_cursor(key, number), sort_text, row_id) == (key, number)


def test_days_times_and_uuids_are_read_back() -> None:
    place = date(2024, 11, 1), datetime(2024, 11, 2, 3, 4, 5, 6, UTC), UUID(int=7)
    assert decode_cursor(encode_cursor(*place), date.fromisoformat, aware_time, UUID) == place


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        encode_cursor("a"),
        encode_cursor("a", 1, 2),
        encode_cursor("a", -1),
        encode_cursor("a", True),
        encode_cursor("a", MAX_ID + 1),
        encode_cursor("\x00", 1),
        encode_cursor(1, 1),
        urlsafe_b64encode(b'["\\ud800", 1]').decode(),
        urlsafe_b64encode(b'["a", 1e400]').decode(),
        urlsafe_b64encode(b"7").decode(),
    ],
)
def test_other_texts_are_refused(cursor: str) -> None:
    with pytest.raises(Problem) as refused:
        decode_cursor(cursor, sort_text, row_id)
    assert [error.code for error in refused.value.errors] == ["not_cursor"]


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        decode_cursor(urlsafe_b64encode(content).decode(), sort_text, row_id)
    except Problem as problem:
        assert problem.status == 422


def test_the_last_page_has_no_cursor() -> None:
    assert take_page([1, 2], 2, lambda row: (row,)) == ([1, 2], None)
    rows, cursor = take_page([1, 2, 3], 2, lambda row: (row,))
    assert (rows, decode_cursor(cursor, row_id)) == ([1, 2], (2,))
