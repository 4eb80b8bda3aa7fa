"""Which cells with radio samples are shown, with which figures."""

import h3
from hypothesis import given
from hypothesis import strategies as st

from backend.coverage.statistics.no_connection_rules import cell_at
from backend.coverage.statistics.radio_rules import Track, live_cells, shown_cells
from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS

CELLS = sorted(h3.grid_disk(h3.latlng_to_cell(21.87, 105.60, 8), 2))
ALL = {cell_at(cell, resolution) for cell in CELLS for resolution in (8, 7, 6)}


@st.composite
def tracks(draw: st.DrawFn) -> list[Track]:
    """Draw tracks of phones, of which negative persons are no volunteers."""
    found = {}
    for _ in range(draw(st.integers(0, 60))):
        device = draw(st.integers(0, 15))
        value = draw(st.none() | st.integers(-140, -50))
        key = device, draw(st.sampled_from(CELLS)), draw(st.sampled_from(["", "Viettel"]))
        technology = "none" if value is None else draw(st.sampled_from(["4G", "5G"]))
        n = draw(st.integers(1, 9))
        found[(*key, technology)] = Track(
            device, device // 2 - 2, key[1], key[2], technology, n, value, value
        )
    return list(found.values())


@given(tracks())
def test_every_shown_cell_has_enough_volunteers_and_no_sample_is_in_two(given: list[Track]) -> None:
    left, total = list(given), 0
    for cell in shown_cells(given, ALL):
        inside = [
            one
            for one in left
            if (cell_at(one.cell, cell.resolution), one.operator, one.technology)
            == (cell.cell, cell.operator, cell.technology)
        ]
        assert len({one.person for one in inside if one.person >= 0}) >= CELL_VOLUNTEERS
        assert cell.n == sum(one.n for one in inside)
        assert cell.devices == len({one.device for one in inside})
        left = [one for one in left if one not in inside]
        total += cell.n
    assert total == sum(one.n for one in given) - sum(one.n for one in left)


@given(tracks())
def test_live_cells_have_every_sample(given: list[Track]) -> None:
    found = live_cells(given)
    assert sum(one.n for one in found) == sum(one.n for one in given)
    values = {one.best_dbm for one in given}
    assert all({one.median_dbm, one.best_dbm} <= values for one in found)


@given(tracks())
def test_cells_outside_all_communes_are_not_shown(given: list[Track]) -> None:
    assert shown_cells(given, ()) == []
