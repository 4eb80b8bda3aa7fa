"""Checking a boundary set against itself and against the list."""

import os
from pathlib import Path

import geopandas
import pytest
import shapely

from geo.boundaries import read
from geo.catalogue import read_catalogue
from geo.checks import check, to_text
from geo.gazetteer import load_units
from tests.support.geo_frames import BOWTIE, frame, pair, square, unit


@pytest.fixture
def two() -> geopandas.GeoDataFrame:
    return pair()


class TestCheck:
    def test_a_good_set_has_nothing_to_say(self, two: geopandas.GeoDataFrame) -> None:
        report = check(two, [unit("00001"), unit("00002")])
        assert (report.problems, report.notes) == ([], [])
        assert report.by_type == {"Phường": 1, "Xã": 1}
        assert to_text(report).splitlines()[0] == "2 units"
        assert "nothing found" in to_text(report)

    def test_missing_and_unknown_codes_are_notes(self, two: geopandas.GeoDataFrame) -> None:
        report = check(two, [unit("00001"), unit("00003"), unit("01", level="province")])
        assert (report.missing, report.unknown) == (["00003"], ["00002"])
        assert report.problems == []
        assert "listed units without a polygon: 1 (00003)" in report.notes

    def test_another_system_is_a_problem(self, two: geopandas.GeoDataFrame) -> None:
        report = check(two, [unit("00003")])
        assert "2 of 2 codes are not in the list" in report.problems[0]

    def test_codes_twice_or_of_letters_are_problems(self) -> None:
        both = frame({"00001": square(0), "x": square(1)})
        both = geopandas.GeoDataFrame(
            {"code": ["00001", "00001", "x"]}, geometry=[square(0), square(1), square(2)], crs=4326
        )
        report = check(both, [unit("00001")])
        assert report.duplicates == ["00001"]
        assert [problem.split(": ", 1)[1] for problem in report.problems] == [
            "codes that occur twice",
            "codes that are not digits",
        ]

    def test_overlaps_are_measured_in_square_kilometres(self) -> None:
        shapes = {"00001": square(0, size=0.11), "00002": square(1), "00003": square(5)}
        report = check(frame(shapes), [unit(code) for code in shapes])
        # 0.01 by 0.1 degrees at 21 degrees north
        assert report.overlap_km2 == pytest.approx(1.11 * 11.1 * 0.9336, rel=0.01)
        assert [pair[:2] for pair in report.overlaps] == [("00001", "00002")]
        assert report.problems == []
        assert any("00001/00002" in note for note in report.notes)

    def test_enclosed_gaps_are_measured(self) -> None:
        ring = {f"0000{i}": square(i % 3, i // 3) for i in range(9) if i != 4}
        report = check(frame(ring), [unit(code) for code in ring])
        assert len(report.gaps) == 1
        assert report.gap_km2 == pytest.approx(11.1 * 11.1 * 0.933, rel=0.01)

    def test_known_centres_elsewhere_are_told(self, two: geopandas.GeoDataFrame) -> None:
        known = [
            unit("00001", latitude=21.05, longitude=105.15),  # in 00002
            unit("00002", latitude=10.0, longitude=105.0),  # in none
            unit("00003", latitude=21.05, longitude=105.15),  # has no polygon
        ]
        report = check(two, known)
        assert report.strayed == [("00001", "00002")]
        assert report.adrift == ["00002"]

    def test_a_centre_on_a_shared_border_belongs_to_both(self, two: geopandas.GeoDataFrame) -> None:
        known = [unit(code, latitude=21.05, longitude=105.1) for code in ("00001", "00002")]
        assert check(two, known).strayed == []

    def test_areas_are_held_against_the_published(self, two: geopandas.GeoDataFrame) -> None:
        report = check(two, [unit("00001", area_km2=115.0), unit("00002", area_km2=150.0)])
        assert [code for code, *_ in report.areas_off] == ["00002"]
        assert report.areas_off[0][1] == pytest.approx(115.1, rel=0.01)

    def test_what_was_repaired_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "set.parquet"
        frame({"00001": square(0), "00002": BOWTIE}).to_parquet(path)
        report = check(read(path), [unit("00001"), unit("00002")])
        assert list(report.repaired) == ["00002"]
        assert report.problems == []
        assert "repaired" in to_text(report)

    def test_unrepaired_geometry_is_a_problem(self) -> None:
        report = check(frame({"00001": BOWTIE}), [unit("00001")])
        assert report.invalid == ["00001"]
        assert "PROBLEM: 1 (00001): invalid geometries" in to_text(report)

    def test_swapped_axes_are_a_problem(self) -> None:
        report = check(frame({"00001": shapely.box(21.0, 80.0, 21.1, 80.1)}), [unit("00001")])
        assert "outside Vietnam" in report.problems[0]

    def test_long_lists_are_cut(self) -> None:
        report = check(frame({"00001": square(0)}), [unit(f"{i:05d}") for i in range(1, 31)])
        assert "29 (00002, 00003" in report.notes[0]
        assert "… and 19 more" in report.notes[0]


@pytest.mark.slow
@pytest.mark.real_boundaries
def test_todays_polygons_are_read_and_checked() -> None:
    folder = os.environ.get("BOUNDARIES_DIR")
    if not folder:
        pytest.skip("BOUNDARIES_DIR is not set")
    (source,) = (one for one in read_catalogue(Path(folder)) if one.name == "vn-2025-07")
    report = check(read(source.path), load_units(source.system))
    assert (report.units, report.problems, report.missing, report.unknown) == (3321, [], [], [])
    assert report.overlap_km2 == pytest.approx(10.8, abs=0.1)
    assert report.gap_km2 == pytest.approx(0.06, abs=0.01)
