"""Reading boundary sets, their fingerprint and names."""

import json
from pathlib import Path
from typing import Any

import geopandas
import pytest
import shapely

from geo.boundaries import digest, read, with_names
from geo.gazetteer import load_units
from geo.polygons import BoundaryError
from tests.support.geo_frames import BOWTIE, frame, pair, square, unit


@pytest.fixture
def two() -> geopandas.GeoDataFrame:
    return pair()


class TestRead:
    @pytest.mark.parametrize("suffix", ["parquet", "gpkg", "geojson", "shp"])
    @pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3405", "EPSG:32648"])
    def test_every_usual_format_and_crs_gives_the_same(
        self, tmp_path: Path, two: geopandas.GeoDataFrame, suffix: str, crs: str
    ) -> None:
        path = tmp_path / f"xã phường.{suffix}"
        if suffix == "geojson" and crs != "EPSG:4326":
            pytest.skip("GeoJSON is WGS 84")
        moved = two.to_crs(crs)
        if suffix == "parquet":
            moved.to_parquet(path)
        else:
            moved.to_file(path)
        found = read(path)
        assert found.crs == "EPSG:4326"
        assert list(found["code"]) == ["00001", "00002"]
        assert list(found["name"]) == ["Phường Đ", "Xã B"]
        assert list(found.columns) == ["code", "name", "type", "geometry"]
        distance = shapely.hausdorff_distance(found.geometry.iloc[0], square(0))
        assert distance < 1e-6

    @pytest.mark.parametrize("column", ["ma_xa", "MA_XA", "ward_code", "Code", "id"])
    def test_the_code_is_found_under_usual_names(
        self, tmp_path: Path, two: geopandas.GeoDataFrame, column: str
    ) -> None:
        path = tmp_path / "set.parquet"
        two.rename(columns={"code": column}).to_parquet(path)
        assert list(read(path)["code"]) == ["00001", "00002"]

    def test_columns_can_be_told(self, tmp_path: Path, two: geopandas.GeoDataFrame) -> None:
        path = tmp_path / "set.gpkg"
        two.rename(columns={"code": "khoa", "name": "nhan"}).to_file(path)
        found = read(path, {"code": "KHOA", "name": "nhan"})
        assert list(found["code"]) == ["00001", "00002"]
        assert list(found["name"]) == ["Phường Đ", "Xã B"]
        with pytest.raises(BoundaryError, match="no column of codes found; it has khoa, nhan"):
            read(path)
        with pytest.raises(BoundaryError, match="has no column 'ma'"):
            read(path, {"code": "ma"})
        with pytest.raises(BoundaryError, match="no such column of ours: colour"):
            read(path, {"code": "khoa", "colour": "nhan"})

    def test_numbers_get_their_leading_zeros_back(self, tmp_path: Path) -> None:
        path = tmp_path / "set.parquet"
        numbers = frame({"1": square(0), "2": square(1)}, province_code=[1, None])
        numbers.assign(code=[256, 25]).to_parquet(path)
        found = read(path)
        assert list(found["code"]) == ["00025", "00256"]
        assert list(found["province_code"]) == ["", "01"]

    def test_a_folder_of_files_a_commune_each_is_read(self, tmp_path: Path) -> None:
        for code, column in (("00004", 0), ("00008", 1)):
            collection = {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "id": code,
                        "geometry": json.loads(shapely.to_geojson(square(column))),
                    }
                ],
            }
            folder = tmp_path / "json/geojson/01_ha_noi/wards"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{code}_ten.geojson").write_text(json.dumps(collection))
        # The province's own polygon lies beside the folder of its communes.
        (folder.parent / "01_ha_noi.geojson").write_text(json.dumps(collection | {"features": []}))
        found = read(tmp_path)
        assert list(found["code"]) == ["00004", "00008"]
        assert shapely.equals(found.geometry.iloc[1], square(1))

    def test_one_geojson_with_ids_only_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "set.geojson"
        shape = json.loads(shapely.to_geojson(square(0)))
        feature = {"type": "Feature", "id": "00070", "properties": {}, "geometry": shape}
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        assert list(read(path)["code"]) == ["00070"]

    def test_invalid_polygons_are_repaired_and_told(self, tmp_path: Path) -> None:
        path = tmp_path / "set.parquet"
        frame({"00001": square(0), "00002": BOWTIE}).to_parquet(path)
        found = read(path)
        assert found.is_valid.all()
        assert list(found.attrs["repaired"]) == ["00002"]
        assert "Self-intersection" in found.attrs["repaired"]["00002"]
        assert set(found.geom_type) <= {"Polygon", "MultiPolygon"}

    def test_a_height_is_dropped(self, tmp_path: Path) -> None:
        path = tmp_path / "set.parquet"
        frame({"00001": shapely.force_3d(square(0), 7.0)}).to_parquet(path)
        assert not read(path).has_z.any()


class TestRefused:
    def test_a_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(BoundaryError, match=r"nowhere\.gpkg: no such file"):
            read(tmp_path / "nowhere.gpkg")

    @pytest.mark.parametrize("name", ["set.parquet", "set.gpkg", "set.geojson", "set.txt"])
    def test_a_file_of_another_kind(self, tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_text("không phải bản đồ")
        with pytest.raises(BoundaryError, match=f"{name}: cannot be read"):
            read(tmp_path / name)

    def test_an_empty_folder(self, tmp_path: Path) -> None:
        with pytest.raises(BoundaryError, match=r"has no \.geojson file"):
            read(tmp_path)

    @pytest.mark.parametrize(
        "text", ["{", "[]", "{}", '{"features": [{"geometry": {"type": "Polygon"}}]}', '{"crs": 1}']
    )
    def test_a_folder_with_a_bad_file(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "x.geojson").write_text(text)
        with pytest.raises(BoundaryError, match=r"x\.geojson: is no usable GeoJSON"):
            read(tmp_path)

    def test_a_folder_without_features(self, tmp_path: Path) -> None:
        (tmp_path / "x.geojson").write_text('{"features": []}')
        with pytest.raises(BoundaryError, match="its 1 files have no features"):
            read(tmp_path)

    def test_no_rows(self, tmp_path: Path) -> None:
        path = tmp_path / "set.parquet"
        frame({"00001": square(0)}).head(0).to_parquet(path)
        with pytest.raises(BoundaryError, match="has no features"):
            read(path)

    def test_no_crs(self, tmp_path: Path, two: geopandas.GeoDataFrame) -> None:
        path = tmp_path / "set.parquet"
        two.set_crs(None, allow_override=True).to_parquet(path)
        with pytest.raises(BoundaryError, match="CRS"):
            read(path)

    @pytest.mark.parametrize("shape", [None, shapely.Point(105, 21), shapely.Polygon()])
    def test_rows_without_a_polygon(self, tmp_path: Path, shape: Any) -> None:
        path = tmp_path / "set.parquet"
        frame({"00001": square(0), "00002": shape}).to_parquet(path)
        with pytest.raises(BoundaryError, match="rows without a polygon: 1, first 00002"):
            read(path)

    def test_metres_called_degrees(self, tmp_path: Path) -> None:
        path = tmp_path / "set.parquet"
        frame({"00001": shapely.box(5e5, 2e6, 6e5, 2.1e6)}).to_parquet(path)
        with pytest.raises(BoundaryError, match="no longitude and latitude"):
            read(path)


class TestDigest:
    def test_it_ignores_order_and_starting_points(self, two: geopandas.GeoDataFrame) -> None:
        turned = two.iloc[::-1].copy()
        ring = list(turned.geometry.iloc[0].exterior.coords)[:-1]
        turned.loc[turned.index[0], "geometry"] = shapely.Polygon(ring[2:] + ring[:2])
        assert digest(turned) == digest(two)
        assert len(digest(two)) == 64

    def test_it_tells_codes_and_shapes_apart(self, two: geopandas.GeoDataFrame) -> None:
        renamed = two.assign(code=["00003", "00001"])
        moved = two.assign(geometry=two.translate(1e-6).array)
        assert len({digest(two), digest(renamed), digest(moved)}) == 3

    def test_names_play_no_part(self, two: geopandas.GeoDataFrame) -> None:
        assert digest(two.drop(columns="name")) == digest(two)


@pytest.mark.slow
def test_names_are_filled_from_the_list_and_kept_where_given() -> None:
    known = [unit("01", level="province", name="Hà Nội"), unit("00001"), unit("00002")]
    filled = with_names(frame({"00001": square(0), "00009": square(1)}), known)
    assert list(filled["name"]) == ["Xã 00001", ""]
    assert list(filled["province_name"]) == ["Hà Nội", ""]
    assert "district_code" not in filled
    given = with_names(frame({"00001": square(0)}, name=["Của tôi"]), known)
    assert list(given["name"]) == ["Của tôi"]
    old = with_names(frame({"00001": square(0)}), load_units("2024"))
    assert list(old["district_name"]) == ["Quận Ba Đình"]
