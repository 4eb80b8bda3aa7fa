"""Old communes to new ones and back."""

import pytest

from geo.crosswalk import Crosswalk
from geo.gazetteer import load_units


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
