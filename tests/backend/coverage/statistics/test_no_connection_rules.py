"""Which places without a connection are shown: enough volunteers, and nothing by subtraction."""

from collections import Counter
from datetime import date, timedelta

import h3
from hypothesis import given
from hypothesis import strategies as st

from backend.coverage.statistics.no_connection_rules import (
    RESOLUTIONS,
    Note,
    cell_at,
    is_shown,
    shown_places,
)
from backend.coverage.statistics.release_rules import CELL_VOLUNTEERS

DAY = date(2024, 11, 15)
CENTRE = h3.latlng_to_cell(21.87, 105.60, 8)
AROUND = sorted(h3.grid_disk(CENTRE, 4))


def note(person: int, cell: str = CENTRE, day: int = 0, received: int | None = None) -> Note:
    later = day if received is None else received
    return Note(person, cell, DAY + timedelta(day), DAY + timedelta(later), "Viettel", alone=True)


def shown(notes: list[Note], measured: dict[str, int] | None = None) -> dict[str, bool]:
    inside = {cell_at(one, resolution) for one in AROUND for resolution in RESOLUTIONS}
    return {place.cell: place.zone for place in shown_places(notes, inside, measured or {})}


def test_enough_volunteers_on_two_days_make_a_zone() -> None:
    assert shown([note(person, day=person % 2) for person in range(5)]) == {CENTRE: True}
    assert shown([note(person) for person in range(5)]) == {CENTRE: False}  # a single day
    assert shown([note(person, day=person % 2) for person in range(4)]) == {}


def test_few_volunteers_wait_for_a_coarser_cell() -> None:
    neighbours = [one for one in AROUND if cell_at(one, 7) == cell_at(CENTRE, 7)]
    notes = [note(person, neighbours[person], person % 2) for person in range(5)]
    assert shown(notes) == {cell_at(CENTRE, 7): False}  # an area, never a zone
    far = [one for one in AROUND if cell_at(one, 6) == cell_at(CENTRE, 6)]
    wide = {cell_at(one, 7): one for one in far}
    notes = [note(person, cell) for person, cell in enumerate([*wide.values()][:5])]
    assert set(shown(notes)) <= {cell_at(CENTRE, 6)}


def test_a_clock_that_lies_makes_no_second_day() -> None:
    notes = [note(person, day=person % 2, received=3) for person in range(5)]
    assert shown(notes) == {CENTRE: False}


def test_a_script_of_new_phones_shows_nothing() -> None:
    notes = [note(-1 - person, day=person % 2) for person in range(200)]
    assert shown(notes) == {}
    assert shown([*notes, *(note(person, day=person % 2) for person in range(4))]) == {}


def test_phones_of_one_address_are_no_evidence() -> None:
    behind = [Note(person, CENTRE, DAY, DAY, "Viettel", alone=person == 0) for person in range(50)]
    assert shown(behind) == {}


def test_one_person_with_most_notes_hides_the_place() -> None:
    routine = [note(0, day=day) for day in range(10)]
    assert shown([*routine, *(note(person) for person in range(1, 5))]) == {}


def test_a_place_where_more_phones_measured_is_no_zone() -> None:
    notes = [note(person, day=person % 2) for person in range(5)]
    assert shown(notes, {CENTRE: 4}) == {CENTRE: True}
    assert shown(notes, {CENTRE: 5}) == {CENTRE: False}


def test_places_at_sea_are_not_shown() -> None:
    assert shown_places([note(person) for person in range(9)], set(), {}) == []


def test_operators_are_named_when_enough_volunteers_noted_them() -> None:
    notes = [note(person) for person in range(5)]
    notes += [Note(person, CENTRE, DAY, DAY, "MobiFone", alone=True) for person in range(5, 9)]
    (place,) = shown_places(notes, {CENTRE}, {})
    assert place.operators == ("Viettel",) and (place.notes, place.people) == (9, 9)


NOTES = st.lists(
    st.builds(
        Note,
        person=st.integers(-6, 8),
        cell=st.sampled_from(AROUND),
        day=st.sampled_from([DAY, DAY + timedelta(1)]),
        received_day=st.sampled_from([DAY + timedelta(1), DAY + timedelta(2)]),
        operator=st.sampled_from(["Viettel", "MobiFone", None]),
        alone=st.booleans(),
    ),
    max_size=60,
)


@given(NOTES)
def test_every_place_has_enough_volunteers_and_no_note_is_in_two(notes: list[Note]) -> None:
    inside = {cell_at(one, resolution) for one in AROUND for resolution in RESOLUTIONS}
    places = shown_places(notes, inside, {})
    left = list(notes)
    for place in places:  # the finest first
        of_place = [one for one in left if cell_at(one.cell, place.resolution) == place.cell]
        left = [one for one in left if one not in of_place]
        assert place.notes == len(of_place)
        evidence = {one.person for one in of_place if one.alone and one.person >= 0}
        assert place.people == len(evidence) >= CELL_VOLUNTEERS
        assert 2 * max(Counter(one.person for one in of_place).values()) <= place.notes
        assert not place.zone or place.resolution == RESOLUTIONS[0]
    by_cell = Counter(one.cell for one in left)
    assert not any(is_shown([one for one in left if one.cell == cell]) for cell in by_cell)
    assert sum(place.notes for place in places) + len(left) == len(notes)


@given(NOTES, st.integers(0, 8))
def test_fewer_notes_never_show_a_place_of_fewer_people(notes: list[Note], gone: int) -> None:
    """Without one person, every place still shown has enough others: a difference names a crowd."""
    without = [one for one in notes if one.person != gone]
    inside = {cell_at(one, resolution) for one in AROUND for resolution in RESOLUTIONS}
    assert all(place.people >= CELL_VOLUNTEERS for place in shown_places(without, inside, {}))
