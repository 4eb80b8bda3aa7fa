"""The import of teams finds a commune as people write it."""

from datetime import UTC, datetime

import pytest
from flask import Flask

from backend.units import finder as bulk_places
from backend.units.finder import NamedUnit, UnitFinder
from backend.units.index import FoundUnit
from backend.units.search import Choice
from tests.support.people import organisation, unit_id
from tests.support.team_files import GOOD, import_list, teams


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "note"),
    [
        ("5713", "05713", "code_padded"),
        ("xã huống thượng, tp. thái nguyên", "05713", None),
        ("X. Huống Thượng", "05713", None),
        ("Huống Thượng, Thái Nguyên, Tỉnh Thái Nguyên", "05713", None),
        ("Xa Huong Thuong, Thai Nguyen", "05713", "place_loosely"),
        ("Thị trấn Hoá Thượng", "05692", None),
        ("471", "471", None),
        ("Xã Huống Thượng, Huyện Đồng Hỷ", None, "place_unknown"),
        ("Xã Huống Thươngg", None, "place_unknown"),
        ("Xứ Nẫu", None, "place_unknown"),
    ],
)
def test_a_commune_is_found_as_people_write_it(
    app: Flask, youth: int, words: str, code: str | None, note: str | None
) -> None:
    listed = f'name,type,xã\nĐội 1,youth,"{words}"\n'
    row = import_list(app, youth, listed, dry_run=True)["rows"][0]
    if code is None:
        assert [one["code"] for one in row["errors"]] == [note]
        return
    assert [one["code"] for one in row["notes"]] == [note] * (note is not None)
    import_list(app, youth, listed)
    assert teams(app)[0][2] == unit_id(app, code)
    again = import_list(app, youth, f'name,type,xã\nĐội 1,youth,"{row["home"]}"\n')
    assert again["totals"]["unchanged"] == 1


def test_a_misspelt_commune_is_answered_with_what_was_meant(app: Flask, youth: int) -> None:
    done = import_list(app, youth, "name,type,xã\nĐội 1,youth,Xã Huống Thươngg\n", dry_run=True)
    candidates = done["rows"][0]["errors"][0]["candidates"]
    assert "Xã Huống Thượng, Thành phố Thái Nguyên, Tỉnh Thái Nguyên (05713)" in candidates


def test_of_several_communes_of_a_name_that_of_the_organisation_is_meant(app: Flask) -> None:
    province = unit_id(app, "46", level="province")
    local = organisation(app, "Tỉnh Đoàn Thừa Thiên Huế", unit_id=province)
    row = import_list(app, local, "name,type,xã\nĐội 1,youth,Xã Phú An\n")["rows"][0]
    assert [one["code"] for one in row["notes"]] == ["place_at_home"]
    assert row["home"] == "Xã Phú An, Huyện Phú Vang, Thành phố Huế"


def test_the_communes_are_those_of_today(app: Flask, youth: int) -> None:
    import_list(app, youth, GOOD)
    body = "name,xã\nĐội 1,Xã Đồng Hỷ\nĐội Huống Thượng,Xã Huống Thượng\n"
    later = datetime(2025, 7, 10, tzinfo=UTC)
    now = import_list(app, youth, body, dry_run=True, now=later)
    assert now["rows"][0]["home"] == "Xã Đồng Hỷ, Tỉnh Thái Nguyên"
    assert [one["code"] for one in now["rows"][1]["notes"]] == ["place_was"]


@pytest.mark.slow
def test_a_wrong_column_costs_no_endless_guessing() -> None:
    above = (("Huyện A", "Huyện"),)
    known = [
        NamedUnit(n, f"{n:05}", f"Xã Tân {n}", "Xã", above, frozenset({n})) for n in range(900)
    ]
    places = UnitFinder(known, lambda text: Choice(candidates=(FoundUnit(known[0]),)))
    unknown = [f"Xã Tâm Tân {n}x" for n in range(bulk_places.MAX_UNKNOWN + 1)]
    found = [places.find(text) for text in unknown]
    assert found[-2].candidates and not found[-1].candidates
    # Rows that repeat a text cost nothing, and are answered alike.
    assert places.find(unknown[0]) == found[0]


def test_rows_of_one_misspelt_name_all_get_the_suggestion() -> None:
    known = [NamedUnit(1, "00001", "Xã Tân Lập", "Xã", (), frozenset({1}))]
    asked: list[str] = []

    def choose(text: str) -> Choice:
        asked.append(text)
        return Choice(candidates=(FoundUnit(known[0]),))

    places = UnitFinder(known, choose)
    found = {places.find("Xã Tân Lâpp").candidates for _ in range(2_000)}
    assert found == {("Xã Tân Lập (00001)",)} and len(asked) == 1


def test_former_units_are_found_beyond_the_limit_of_unknown_ones() -> None:
    now, was = (NamedUnit(n, f"0000{n}", f"Xã {n}", "Xã", (), frozenset({n})) for n in (1, 2))
    places = UnitFinder([now], lambda text: Choice(candidates=(FoundUnit(now, was),)))
    found = [places.find(f"Xã cũ {n}") for n in range(bulk_places.MAX_UNKNOWN + 50)]
    assert {one.error for one in found} == {"place_was_which"}


def test_a_short_number_that_may_be_two_codes_is_ambiguous() -> None:
    known = [
        NamedUnit(n, code, f"Xã {code}", "Xã", (), frozenset({n}))
        for n, code in enumerate(("318", "00318"))
    ]
    places = UnitFinder(known, lambda text: Choice())
    found = places.find("318")
    assert found.error == "place_ambiguous"
    assert found.candidates == ("Xã 318 (318)", "Xã 00318 (00318)")
    assert places.find("00318").unit == known[1]
