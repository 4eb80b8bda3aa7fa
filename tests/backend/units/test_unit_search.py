"""Units are found as people write their names, and names of ended units lead to today's."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.units import search
from backend.units.index import FoundUnit, unit_index
from backend.units.search import (
    NearNames,
    choose_units,
    home_area,
    search_units,
    within_one_edit,
)
from tests.support.people import unit_id

TODAY = date(2026, 11, 27)
BEFORE = date(2024, 11, 20)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Xã Vô Tranh", "Xã Vô Tranh, Tỉnh Thái Nguyên"),
        ("xa vo tranh", "Xã Vô Tranh, Tỉnh Thái Nguyên"),
        ("TP HCM", "Thành phố Hồ Chí Minh"),
        ("tphcm", "Thành phố Hồ Chí Minh"),
        ("sài gòn", "Thành phố Hồ Chí Minh"),
        ("t. thái nguyên", "Tỉnh Thái Nguyên"),
        ("thái nguyên", "Tỉnh Thái Nguyên"),
        ("p. phan đình phùng, thái nguyên", "Phường Phan Đình Phùng, Tỉnh Thái Nguyên"),
        ("phu luong, thai nguyen", "Xã Phú Lương, Tỉnh Thái Nguyên"),
        ("phú lương thái nguyên", "Xã Phú Lương, Tỉnh Thái Nguyên"),
        ("thi tran du", "Xã Phú Lương, Tỉnh Thái Nguyên"),
        ("tt đu", "Xã Phú Lương, Tỉnh Thái Nguyên"),
        ("tỉnh hà giang", "Tỉnh Tuyên Quang"),
        ("19", "Tỉnh Thái Nguyên"),
        ("tt du h phu luong", "Xã Phú Lương, Tỉnh Thái Nguyên"),
        ("thai nguyn", "Tỉnh Thái Nguyên"),
        ("thainguyen", "Tỉnh Thái Nguyên"),
        ("xã vô trnah", "Xã Vô Tranh, Tỉnh Thái Nguyên"),
        ("phu luong, thai nguyenn", "Xã Phú Lương, Tỉnh Thái Nguyên"),
        ("xã phan đình phùng", "Phường Phan Đình Phùng, Tỉnh Thái Nguyên"),  # was a phường
    ],
)
def test_the_best_result_is_the_unit_that_is_meant(app: Flask, text: str, name: str) -> None:
    with app.app_context():
        best = search_units(text, TODAY)[0].unit
    assert best.label == f"{name} ({best.code})"


def test_an_ended_district_leads_to_the_communes_on_its_ground(app: Flask) -> None:
    with app.app_context():
        found = search_units("huyen phu luong", TODAY)
        choice = choose_units("Huyện Phú Lương", TODAY)
    assert {one.was.name for one in found if one.was} == {"Huyện Phú Lương"}
    likely = {one.unit.name for one in choice.candidates if one.likely}
    assert choice.error == "unit_was" and {"Xã Phú Lương", "Xã Vô Tranh"} <= likely


@pytest.mark.parametrize(
    ("text", "error", "candidate"),
    [
        ("19 Lào Cai", "unit_code_and_name", "Tỉnh Thái Nguyên"),
        ("Lào Cai (19)", "unit_code_and_name", "Tỉnh Lào Cai"),
        ("Xã Phú Lương", "unit_which", "Xã Phú Lương"),
        ("99999", "unit_unknown", None),
        ("xứ sở diệu kỳ", "unit_unknown", None),
        ("!", "unit_unknown", None),
    ],
)
def test_what_is_not_clear_is_asked(
    app: Flask, text: str, error: str, candidate: str | None
) -> None:
    with app.app_context():
        choice = choose_units(text, TODAY)
    assert (choice.units, choice.error) == ((), error)
    assert candidate is None or candidate in [one.unit.name for one in choice.candidates]


def test_an_area_limits_a_choice_and_settles_an_ambiguous_name(app: Flask) -> None:
    home = unit_id(app, "19", "2025", "province")
    old = unit_id(app, "168", "2024", "district")  # Huyện Phú Lương
    with app.app_context():
        chosen = choose_units("Xã Phú Lương", TODAY, within=home)
        outside = choose_units("Hà Nội", TODAY, within=home)
        assert home_area(old, TODAY) == home
    assert [one.place for one in chosen.units] == ["Tỉnh Thái Nguyên"]
    assert outside.error == "unit_outside"


def test_every_label_is_its_units_own(app: Flask) -> None:
    with app.app_context():
        for day in (TODAY, BEFORE):
            for unit in unit_index().on(day)[::97]:
                assert choose_units(unit.label, day, level=unit.level).units == (unit,)


def test_the_api_searches_within_a_unit(client: FlaskClient) -> None:
    query = {"q": "phu luong", "within": "19", "as_of": "2026-11-27"}
    items = client.get("/api/v1/units/search", query_string=query).json["items"]
    assert items[0]["label"].startswith("Xã Phú Lương, Tỉnh Thái Nguyên (")
    assert all(one["place"] == "Tỉnh Thái Nguyên" for one in items if one["level"] == "commune")
    assert client.get("/api/v1/units/search").status_code == 422
    assert client.get("/api/v1/units/search?q=a&within=77777").status_code == 404
    assert client.get("/api/v1/units/search", query_string={"q": "'%_"}).json["items"] == []


def test_the_likely_successors_of_a_found_unit_are_complete(client: FlaskClient) -> None:
    """A form offers all of them at once."""
    query = {"q": "huyen phu luong", "as_of": "2026-11-27", "limit": 1}
    items = client.get("/api/v1/units/search", query_string=query).json["items"]
    assert len(items) == 4 and all(one["likely"] for one in items)


@given(st.text("abc ", max_size=8), st.text("abc ", max_size=8))
def test_names_are_one_edit_apart_if_a_single_change_makes_them_equal(one: str, other: str) -> None:
    assert within_one_edit(one, other) == (other in _edited(one) or one == other)


@given(st.lists(st.text("abcd", min_size=5, max_size=9)), st.text("abcd", min_size=5, max_size=9))
def test_near_names_are_all_within_one_edit(names: list[str], text: str) -> None:
    assert NearNames(names).find(text) == {one for one in names if within_one_edit(one, text)}


def _edited(text: str) -> set[str]:
    """Return every text that one letter added, left out, changed or swapped makes of a text."""
    cuts = [(text[:at], text[at:]) for at in range(len(text) + 1)]
    return (
        {begin + end[1:] for begin, end in cuts if end}
        | {begin + letter + end[1:] for begin, end in cuts if end for letter in "abc "}
        | {begin + letter + end for begin, end in cuts for letter in "abc "}
        | {begin + end[1] + end[0] + end[2:] for begin, end in cuts if len(end) > 1}
    )


def test_a_text_is_searched_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack: 2,000 rows of a list with one misspelt commune, 20 ms each."""
    searched = list[str]()
    search_units = search.search_units

    def counted(text: str, day: date, **how: Any) -> list[FoundUnit]:
        searched.append(text)
        return search_units(text, day, **how)

    monkeypatch.setattr(search, "search_units", counted)
    with app.app_context():
        text = "Xã Phú Lưongg"
        answers = {search.choose_units(text, TODAY, level="commune") for _ in range(2_000)}
    assert len(answers) == 1 and len(searched) <= 2
