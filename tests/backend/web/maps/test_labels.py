"""Names on drawn maps: short, inside, without overlap."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.units.outlines import LabelPosition
from backend.web.maps.labels import SMALL, Wanted, name_box, overlap, place_labels, short_name

ROOMS = st.tuples(st.integers(0, 1600), st.integers(0, 1600), st.integers(1, 900))
WANTED = st.lists(
    st.tuples(st.sampled_from(["Xã Vô Tranh", "Phường Phan Đình Phùng", "Huế"]), ROOMS), max_size=30
)


@pytest.mark.parametrize(
    ("name", "short"),
    [("Xã Vô Tranh", "Vô Tranh"), ("Thành phố Hà Nội", "Hà Nội"), ("Phường 12", "Phường 12"),
     ("Đặc khu Trường Sa", "Trường Sa"), ("Quận 1", "Quận 1"), ("Huế", "Huế")],
)  # fmt: skip
def test_names_are_short(name: str, short: str) -> None:
    assert short_name(name) == short


@given(WANTED)
@settings(max_examples=60)
def test_no_two_namesoverlap(rows: list[tuple[str, tuple[int, int, int]]]) -> None:
    wanted = [
        Wanted(str(at), name, LabelPosition(*position), note="50%")
        for at, (name, position) in enumerate(rows)
    ]
    placed = place_labels(wanted, 1600, 1600)
    assert len({one.code for one in placed}) == len(placed)
    boxes = [name_box(one.at, one.lines, bool(one.note), SMALL) for one in placed]
    assert not any(overlap(a, b) for n, a in enumerate(boxes) for b in boxes[:n])
    for box in boxes:
        assert min(box) >= 0 and max(box) <= 1600


def test_a_large_unit_has_its_name_and_share_on_phones_too() -> None:
    [one] = place_labels(
        [Wanted("1", "Xã Vô Tranh", LabelPosition(800, 800, 900), note="41%")], 1600, 1600
    )
    assert (one.lines, one.note, one.fine) == (("Vô Tranh",), "41%", False)
    [fine] = place_labels([Wanted("1", "Xã Vô Tranh", LabelPosition(800, 800, 110))], 1600, 1600)
    assert fine.fine
    assert place_labels([Wanted("1", "Xã Vô Tranh", LabelPosition(800, 800, 20))], 1600, 1600) == ()
