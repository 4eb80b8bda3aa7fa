"""The lists of units, search and order, and old communes to new ones and back."""

import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.gazetteer import Crosswalk, GazetteerUnit, load_units, plain, sort_key

LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxy"


@pytest.fixture(scope="module", params=["2024", "2025"])
def units(request: pytest.FixtureRequest) -> list[GazetteerUnit]:
    return load_units(request.param)


def _of(units: list[GazetteerUnit], level: str) -> dict[str, GazetteerUnit]:
    return {unit.code: unit for unit in units if unit.level == level}


def test_lists_have_the_official_counts() -> None:
    assert Counter(unit.level for unit in load_units("2025")) == {"province": 34, "commune": 3321}
    assert Counter(unit.level for unit in load_units("2024")) == {
        "province": 63,
        "district": 691,  # 696 with the five island districts that count as communes
        "commune": 10_040,
    }


def test_codes_are_text_of_their_level_and_unique(units: list[GazetteerUnit]) -> None:
    assert len({unit.code for unit in units}) == len(units)
    for unit in units:
        assert unit.code.isdecimal()
        allowed = {"province": {2}, "district": {3}, "commune": {3, 5}}[unit.level]
        assert len(unit.code) in allowed
    islands = {c for c in _of(units, "commune") if len(c) == 3}
    assert islands == ({"318", "471", "498", "536", "755"} if units[0].system == "2024" else set())


def test_every_parent_is_listed(units: list[GazetteerUnit]) -> None:
    provinces, districts = _of(units, "province"), _of(units, "district")
    for unit in units:
        assert unit.province_code in provinces
        assert unit.district_code in districts or not unit.district_code
        if unit.level == "commune":
            assert bool(unit.district_code) == (unit.system == "2024" and len(unit.code) == 5)


def test_names_are_whole_composed_and_begin_with_their_type(units: list[GazetteerUnit]) -> None:
    for unit in units:
        assert unit.name == unicodedata.normalize("NFC", unit.name).strip()
        assert unit.name.startswith(unit.type + " ")


def test_every_unit_has_a_centre_in_vietnam(units: list[GazetteerUnit]) -> None:
    for unit in units:
        assert unit.latitude is not None and 7 < unit.latitude < 23.5
        assert unit.longitude is not None and 102 < unit.longitude < 115


def test_hoang_sa_and_truong_sa_are_listed_where_they_lie() -> None:
    old, new = _of(load_units("2024"), "commune"), _of(load_units("2025"), "commune")
    assert (old["498"].name, old["498"].province_code) == ("Huyện Hoàng Sa", "48")
    assert (new["20333"].name, new["20333"].province_code) == ("Đặc khu Hoàng Sa", "48")
    assert (new["22736"].name, new["22736"].province_code) == ("Đặc khu Trường Sa", "56")
    places = {(old[code].latitude, old[code].longitude) for code in ("22736", "22737", "22739")}
    assert len(places) == 3
    assert all(longitude and longitude > 111 for _, longitude in places)


def test_the_replaced_code_of_ba_che_is_used() -> None:
    communes = _of(load_units("2025"), "commune")
    assert communes["06978"].name == "Xã Ba Chẽ"
    assert "06970" not in communes


def test_thai_nguyen_has_172_communes_in_nine_districts() -> None:
    units = [unit for unit in load_units("2024") if unit.province_code == "19"]
    assert Counter(unit.level for unit in units) == {"province": 1, "district": 9, "commune": 172}


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown system '1975'"):
        load_units("1975")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Xã Đồng Hỷ", "xa dong hy"),
        ("đồng hỷ", "dong hy"),
        ("  Thị  trấn\tChùa Hang ", "thi tran chua hang"),
        (unicodedata.normalize("NFD", "Đắk Lắk"), "dak lak"),
        ("Phường Ô Chợ Dừa", "phuong o cho dua"),
        ("", ""),
    ],
)
def test_plain_text_is_found_without_diacritics(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_plain_text_stays_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@pytest.mark.parametrize(
    "names",
    [
        ["an", "ăn", "ân", "bà", "da", "đa", "em", "êm", "on", "ôn", "ơn", "un", "ưn", "yên"],
        ["ma", "mà", "mả", "mã", "má", "mạ"],  # tones, in their order
        ["mà", "man", "mãn", "mang"],  # a tone decides only between equal letters
        ["Đa", "Đà Nẵng", "Đan", "Đan Phượng"],
        ["Phường 1", "Phường 2", "Phường 10", "Phường An Bình"],
        ["Xã Ba", "Xã Bà Rịa", "Xã Bắc", "Xã Đông", "Xã Ea Kar", "Xã Yên"],
    ],
)
def test_names_sort_as_in_a_vietnamese_dictionary(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=lambda name: sort_key(name).encode()) == names


@given(st.text(alphabet=LETTERS, min_size=1), st.text(alphabet=LETTERS, min_size=1))
def test_words_without_tones_sort_letter_by_letter(one: str, other: str) -> None:
    by_letter = [LETTERS.index(c) for c in one] < [LETTERS.index(c) for c in other]
    assert (sort_key(one) < sort_key(other)) == by_letter


@given(st.text())
def test_keys_are_ascii_and_ignore_case_and_form(name: str) -> None:
    assert sort_key(name).isascii()
    assert sort_key(unicodedata.normalize("NFD", "Đồng Hỷ")) == sort_key("ĐỒNG HỶ")


def test_no_two_names_of_a_system_share_a_key(units: list[GazetteerUnit]) -> None:
    names = {unicodedata.normalize("NFC", unit.name).casefold() for unit in units}
    assert len({sort_key(name) for name in names}) == len(names)


@pytest.fixture(scope="module")
def crosswalk() -> Crosswalk:
    return Crosswalk.load()


def test_every_commune_has_a_place_in_it(crosswalk: Crosswalk) -> None:
    old = {unit.code for unit in load_units("2024") if unit.level == "commune"}
    new = {unit.code for unit in load_units("2025") if unit.level == "commune"}
    assert all(crosswalk.successors(code) for code in old)
    assert all(crosswalk.predecessors(code) for code in new)
    assert {found for code in old for found in crosswalk.successors(code)} == new
    assert {found for code in new for found in crosswalk.predecessors(code)} == old


def test_both_directions_agree(crosswalk: Crosswalk) -> None:
    for unit in load_units("2025"):
        for old in crosswalk.predecessors(unit.code):
            assert unit.code in crosswalk.successors(old)


def test_a_reused_code_leads_to_what_its_ground_became(crosswalk: Crosswalk) -> None:
    assert crosswalk.successors("05443") == ("05443",)  # Trưng Vương is part of Phan Đình Phùng
    assert "05443" in crosswalk.predecessors("05443")
    assert len(crosswalk.predecessors("05443")) > 1


def test_islands_keep_their_place(crosswalk: Crosswalk) -> None:
    assert crosswalk.successors("498") == ("20333",)
    assert crosswalk.predecessors("22736") == ("22736", "22737", "22739")


def test_unknown_codes_lead_nowhere(crosswalk: Crosswalk) -> None:
    assert crosswalk.successors("99999") == ()
    assert crosswalk.predecessors("") == ()


def test_a_divided_commune_names_its_main_successor_first() -> None:
    crosswalk = Crosswalk([("a", "1", False), ("a", "2", True), ("b", "2", True)])
    assert crosswalk.successors("a") == ("2", "1")
    assert crosswalk.predecessors("2") == ("a", "b")
