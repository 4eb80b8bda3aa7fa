"""The built-in sets."""

import os
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely

from geo.approximate import build, far_islands
from geo.boundaries import digest
from geo.checks import check
from geo.derivation.derive import trace
from geo.derivation.outline import country, disc, with_islands
from geo.gazetteer import DATA, FAR_ISLANDS, load_units
from tests.support.approximate_accuracy import CASES, measure

# longitude, latitude, code of 2024, code of 2025
WELL_KNOWN = [
    (105.8531, 21.0292, None, "00070"),  # Hoàn Kiếm
    (112.339, 16.834, "498", "20333"),  # Hoàng Sa
    (111.920, 8.645, "22736", "22736"),  # Trường Sa Lớn
    (114.330, 11.430, "22737", "22736"),  # Song Tử Tây
    (114.330, 9.886, "22739", "22736"),  # Sinh Tồn
    (106.608, 8.690, "755", "26732"),  # Côn Đảo
    (109.117, 15.381, "536", "21548"),  # Lý Sơn
    (107.729, 20.133, "318", "11948"),  # Bạch Long Vĩ
    (108.945, 10.520, None, "23272"),  # Phú Quý
    (107.770, 20.990, None, "07192"),  # Cô Tô
    (104.001, 10.251, None, "31078"),  # Phú Quốc
    (106.991, 20.781, None, "11914"),  # Cát Bà
]


@pytest.fixture(scope="module")
def sets() -> dict[str, geopandas.GeoDataFrame]:
    return {system: build(system) for system in ("2024", "2025")}


@pytest.mark.slow
@pytest.mark.parametrize("system", ["2024", "2025"])
def test_every_commune_has_one_valid_polygon(
    sets: dict[str, geopandas.GeoDataFrame], system: str
) -> None:
    frame = sets[system]
    communes = {unit.code: unit for unit in load_units(system) if unit.level == "commune"}
    assert list(frame["code"]) == sorted(communes)
    assert frame.crs == "EPSG:4326"
    assert frame.is_valid.all()
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert list(frame["name"]) == [communes[code].name for code in frame["code"]]
    assert (frame["province_name"] != "").all()


@pytest.mark.slow
@pytest.mark.parametrize("system", ["2024", "2025"])
def test_cells_share_their_edges_and_do_not_overlap(
    sets: dict[str, geopandas.GeoDataFrame], system: str
) -> None:
    assert shapely.coverage_is_valid(np.asarray(sets[system].geometry.array))


@pytest.mark.parametrize(("longitude", "latitude", "old", "new"), WELL_KNOWN)
def test_well_known_places_and_islands_are_where_they_belong(
    sets: dict[str, geopandas.GeoDataFrame],
    longitude: float,
    latitude: float,
    old: str | None,
    new: str,
) -> None:
    point = shapely.Point(longitude, latitude)
    for system, code in (("2024", old), ("2025", new)):
        found = list(sets[system]["code"][sets[system].intersects(point)])
        assert found == [code] if code else len(found) == 1


@pytest.mark.parametrize("system", ["2024", "2025"])
def test_hoang_sa_and_truong_sa_are_part_of_every_set(
    sets: dict[str, geopandas.GeoDataFrame], system: str
) -> None:
    far = sets[system][sets[system]["code"].isin(FAR_ISLANDS[system])]
    names = " ".join(far["name"])
    assert "Hoàng Sa" in names
    assert "Trường Sa" in names
    assert (shapely.area(np.asarray(far.geometry.array)) > 0).all()
    assert set(far_islands(system)["code"]) == set(FAR_ISLANDS[system])


def test_nothing_lies_abroad_or_out_at_sea(sets: dict[str, geopandas.GeoDataFrame]) -> None:
    elsewhere = [(102.6, 17.97), (104.9, 11.55), (106.7, 23.9), (110.3, 20.0), (110.5, 13.0)]
    for longitude, latitude in elsewhere:  # Vientiane, Phnom Penh, Guangxi, Hainan, the sea
        for frame in sets.values():
            assert not frame.intersects(shapely.Point(longitude, latitude)).any()


def test_both_sets_cover_the_same_ground(sets: dict[str, geopandas.GeoDataFrame]) -> None:
    areas = [shapely.area(np.asarray(frame.geometry.array)).sum() for frame in sets.values()]
    assert areas[0] == pytest.approx(areas[1], rel=1e-4)


@pytest.mark.slow
def test_the_sets_pass_their_own_check(sets: dict[str, geopandas.GeoDataFrame]) -> None:
    report = check(sets["2025"], load_units("2025"))
    assert report.problems == []
    assert (report.missing, report.unknown, report.overlaps) == ([], [], [])


def test_building_twice_gives_the_same(sets: dict[str, geopandas.GeoDataFrame]) -> None:
    assert digest(build("2025")) == digest(sets["2025"])


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown system"):
        build("1954")


def test_the_outline_names_both_archipelagos() -> None:
    outline = shapely.from_geojson((DATA / "outline.geojson").read_text(encoding="utf-8"))
    assert outline.is_valid
    for longitude, latitude, _old, _new in WELL_KNOWN:
        assert outline.contains(shapely.Point(longitude, latitude))


def test_tracing_a_grid_of_labels_keeps_what_touches() -> None:
    labels = np.full((30, 30), -1, dtype=np.int32)
    labels[5:25, 5:15] = 0
    labels[5:25, 15:25] = 2
    labels[10:15, 5:10] = 2  # an exclave
    first, none, last = trace(labels, 3)
    assert none is None
    assert first is not None and last is not None
    assert shapely.coverage_is_valid([first, last])
    assert last.geom_type == "MultiPolygon"
    assert first.area + last.area == pytest.approx(400 * 0.0025**2, rel=0.05)


def test_the_coast_moves_seaward_and_land_borders_stay(tmp_path: Path) -> None:
    atlas = tmp_path / "atlas.json"
    # Two squares of one degree that share the meridian 105; the second is abroad.
    atlas.write_text(
        '{"transform": {"scale": [1, 1], "translate": [104, 10]},'
        ' "arcs": [[[1, 0], [0, 1]], [[1, 1], [-1, 0], [0, -1], [1, 0]],'
        " [[1, 1], [1, 0], [0, -1], [-1, 0]]],"
        ' "objects": {"countries": {"geometries": ['
        '{"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "Vietnam"}},'
        '{"type": "MultiPolygon", "arcs": [[[-1, -3]]], "properties": {"name": "Laos"}}]}}}',
        encoding="utf-8",
    )
    land = country(atlas)
    assert land.contains(shapely.Point(103.99, 10.5))
    assert not land.contains(shapely.Point(105.01, 10.5))


def test_an_island_that_the_outline_lacks_gets_a_disc() -> None:
    land = disc(105.0, 10.0, 20.0)
    more = with_islands(land, [(105.0, 10.0, 30.0), (107.0, 9.0, 12.0)])
    assert more.contains(shapely.Point(107.01, 9.01))
    assert more.area > land.area
    assert with_islands(land, [(105.0, 10.0, 30.0)]).equals(land)


@pytest.mark.slow
@pytest.mark.real_boundaries
def test_accuracy_holds_the_bar() -> None:
    folder = os.environ.get("BOUNDARIES_DIR")
    if not folder:
        pytest.skip("BOUNDARIES_DIR is not set")
    for system, file, bar in CASES:
        right, points = measure(system, Path(folder) / file)
        assert points > 50_000
        assert right >= bar, system
