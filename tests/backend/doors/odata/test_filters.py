"""Filters of OData: parsed with their types, and evaluated on rows and on blocks of rows."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.doors.odata.filters import MAX_NODES, MAX_TEXT, parse_filter
from backend.errors import Problem

KINDS = {
    "Month": "string", "Name": "string", "Counted": "number", "Share": "number",
    "Reached": "boolean", "Day": "date", "At": "time",
}  # fmt: skip
ROW: dict[str, Any] = {
    "Month": "2026-10", "Name": "Xã Đông 'Bắc'", "Counted": 7, "Share": None, "Reached": True,
    "Day": date(2026, 10, 2), "At": datetime(2026, 10, 2, 5, tzinfo=UTC),
}  # fmt: skip


def reason(text: str) -> tuple[int, str, str]:
    with pytest.raises(Problem) as found:
        parse_filter(text, KINDS)
    (one,) = found.value.errors
    return found.value.status, one.field, one.code


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("Counted eq 7", True),
        ("Counted ne 7", False),
        ("7 le Counted and Counted lt 7.5", True),
        ("Counted gt 7 or Month eq '2026-10'", True),
        ("Month ge '2026-01' and Month le '2026-12'", True),
        ("Month in ('2026-09','2026-10')", True),
        ("Month in ('2026-09')", False),
        ("Name eq 'Xã Đông ''Bắc'''", True),
        ("contains(tolower(Name),'đông')", True),
        ("startswith(Name,'Xã') eq true", True),
        ("endswith(Name,'x')", False),
        ("length(Month) eq 7 and indexof(Name,'Đ') eq 3", True),
        ("substring(Month,5) eq '10' and substring(Month,0,4) eq '2026'", True),
        ("concat(Month,'-01') eq '2026-10-01'", True),
        ("not Reached", False),
        ("not (Counted eq 8)", True),
        ("Reached", True),
        ("Reached and not contains(Name,'y')", True),
        ("Share eq null", True),
        ("Share ne null", False),
        ("Share gt 0.5", False),
        ("not (Share gt 0.5)", False),  # null is not true either way
        ("Share gt 0.5 or Counted eq 7", True),
        ("null eq null", True),
        ("Day eq 2026-10-02 and year(Day) eq 2026 and month(Day) eq 10", True),
        ("At ge 2026-10-02T12:00:00+07:00", True),
        ("date(At) eq 2026-10-02 and hour(At) eq 5", True),
        ("(((Counted eq -7)))", False),
        ("  Counted   eq\t7  ", True),
        ("round(2.5) eq 3 and round(-2.5) eq -3 and round(2.4) eq 2", True),
        ("floor(1.9) eq 1 and ceiling(1.1) eq 2", True),
    ],
)
def test_it_selects_rows(text: str, selected: bool) -> None:
    assert parse_filter(text, KINDS).matches(ROW) is selected


@pytest.mark.parametrize(
    ("text", "field", "code"),
    [
        ("Colour eq 1", "$filter.Colour", "unknown_field"),
        ("Counted eq 'x'", "$filter", "odata_types"),
        ("Day eq 2026-10-02T05:00:00Z", "$filter", "odata_types"),
        ("Reached gt true", "$filter", "odata_types"),
        ("Counted", "$filter", "odata_types"),
        ("Counted and Reached", "$filter", "odata_types"),
        ("contains(Counted,'1')", "$filter.contains", "odata_types"),
        ("length(Name,1)", "$filter.length", "odata_types"),
        ("evil(Name)", "$filter.evil", "unknown_field"),
        ("Month/Name eq 1", "$filter", "odata_syntax"),
        ("Counted eq", "$filter", "odata_syntax"),
        ("Counted eq 7 Reached", "$filter", "odata_syntax"),
        ("(Counted eq 7", "$filter", "odata_syntax"),
        ("Counted eq 7)", "$filter", "odata_syntax"),
        ("Counted eq 7abc", "$filter", "odata_syntax"),
        ("Name eq 'open", "$filter", "odata_syntax"),
        ("Month in ()", "$filter", "odata_syntax"),
        ("Day eq 2026-13-40", "$filter", "odata_syntax"),
        ("At eq 2026-10-02T99:00:00Z", "$filter", "odata_syntax"),
        ("Counted eq 99999999999999999999", "$filter", "out_of_range"),
        ("Counted eq 1e999", "$filter", "out_of_range"),
        ("Name eq 'x'; drop table users", "$filter", "odata_syntax"),
        (" or ".join(["Counted eq 1"] * 26), "$filter", "odata_complex"),
        ("(" * 200 + "Reached" + ")" * 200, "$filter", "odata_complex"),
        ("not " * 200 + "Reached", "$filter", "odata_complex"),
        ("Name eq '" + "x" * MAX_TEXT + "'", "$filter", "too_long"),
    ],
)
def test_it_refuses_with_field_and_reason(text: str, field: str, code: str) -> None:
    assert reason(text) == (400, field, code)


def test_a_hundred_nodes_are_accepted() -> None:
    text = " or ".join(["Counted eq 7"] * 25)  # 3 x 25 + 24
    assert len(text.split()) == MAX_NODES - 1
    assert parse_filter(text, KINDS).matches(ROW)


@pytest.mark.parametrize(
    ("text", "decided"),
    [
        ("Month eq '2026-10'", True),
        ("Month eq '2026-09'", False),
        ("Month eq '2026-09' and Counted gt 3", False),
        ("Month eq '2026-10' and Counted gt 3", None),
        ("Month eq '2026-10' or Counted gt 3", True),
        ("not (Month ge '2026-10')", False),
        ("startswith(Month,'2025')", False),
        ("Month in ('2026-09',Name)", None),
        ("Share gt 1 and Month eq '2026-09'", False),
    ],
)
def test_what_rows_have_in_common_decides_for_all(text: str, decided: bool | None) -> None:
    assert parse_filter(text, KINDS).decides({"Month": "2026-10"}) is decided


ATOMS = st.sampled_from(
    ["Month eq '2026-10'", "Month lt '2026-11'", "Counted gt 3", "Share eq null", "Share lt 1",
     "Reached", "contains(Name,'Đ')"]
)  # fmt: skip
FILTERS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({' '.join(t)})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=6,
)


@given(
    FILTERS,
    st.sampled_from(["2026-09", "2026-10", "2026-11"]),
    st.integers(0, 6),
    st.sampled_from([None, 0.5, 2.0]),
    st.booleans(),
)
def test_a_block_that_is_left_out_has_no_selected_row(
    text: str, month: str, counted: int, share: float | None, reached: bool
) -> None:
    found = parse_filter(text, KINDS)
    row = ROW | {"Month": month, "Counted": counted, "Share": share, "Reached": reached}
    decided = found.decides({"Month": month})
    assert decided is None or decided is found.matches(row)


@given(st.text(alphabet="CountedMh eqandortnul'()., 0123456789-TZ:", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        parse_filter(text, KINDS).matches(ROW)
    except Problem as problem:
        assert problem.status in (400, 501) and problem.errors


@pytest.mark.parametrize("name", ["add", "mod", "has", "now", "matchesPattern"])
def test_what_the_standard_has_besides_is_named(name: str) -> None:
    text = f"{name}(Name,'x') eq 1" if len(name) > 3 else f"Counted {name} 1 eq 8"
    assert reason(text) == (501, f"$filter.{name}", "odata_not_supported")
