"""The operator's base map: roads and water on Vietnam's land, and nothing else of the file."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from shapely import box, union_all
from shapely.geometry import shape

from backend.web.maps import base_lines, basemap
from backend.web.maps.cli import cli

HA_NOI = (105.80, 21.00)
NINE_DASHES = [
    [(110.4, 15.0), (110.6, 12.0)],
    [(111.0, 9.5), (111.3, 8.0)],
    [(117.5, 15), (118, 16)],
]
# The built-in set is drawn around centres: a generous box of the land, and boxes of the islands.
LAND = union_all([box(101.8, 8.0, 109.6, 23.6), box(110.5, 15.5, 113.0, 17.3)])
LAND = union_all([LAND, box(111.5, 6.5, 117.0, 12.0)])


def feature(layer: str, kind: str, geometry: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "type": "Feature", "geometry": geometry, "tippecanoe": {"layer": layer},
        "properties": {"kind": kind, "name": name, "name:vi": name},
    }  # fmt: skip


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": points}


def point(lon: float, lat: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": (lon, lat)}


def square(lon: float, lat: float, side: float) -> dict[str, Any]:
    ends = [(lon, lat), (lon + side, lat), (lon + side, lat + side), (lon, lat + side), (lon, lat)]
    return {"type": "Polygon", "coordinates": [ends]}


def made_file(folder: Path, *, without: str = "") -> Path:
    """A file of the schema with all that must not be shown."""
    lon, lat = HA_NOI
    features = [
        feature("roads", "highway", line((lon, lat), (lon + 0.1, lat + 0.05)), "中国路"),
        feature("roads", "major_road", line((lon, lat), (107.9, 21.6), (109.2, 22.6)), "G7211"),
        feature("roads", "ferry", line((lon, lat), (lon + 0.2, lat)), "Sansha ferry"),
        feature("water", "lake", square(lon, lat + 0.02, 0.03), "西湖"),
        feature("water", "ocean", square(110, 10, 4), "South China Sea"),
        feature("water", "water", point(112.3, 16.8), "西沙群岛 Paracel Islands"),
        feature("places", "locality", point(112.3, 16.8), "Paracel Islands"),
        feature("places", "locality", point(114.3, 10.7), "南沙群岛"),
        feature("earth", "island", square(112.3, 16.8, 0.05), "Sansha"),
        *(feature("boundaries", "country", line(*dash), "nine-dash line") for dash in NINE_DASHES),
        *(feature("roads", "highway", line(*dash), "nine-dash line") for dash in NINE_DASHES),
        *(feature("water", "river", line(*dash), "nine-dash line") for dash in NINE_DASHES),
    ]
    source = folder / "source.geojsonl"
    kept = [one for one in features if one["tippecanoe"]["layer"] != without]
    source.write_text("\n".join(map(json.dumps, kept)))
    made = folder / "source.pmtiles"
    program = Path(sys.executable).with_name("tippecanoe")
    options = ["--quiet", "--force", "--minimum-zoom=0", "--maximum-zoom=11", "--drop-rate=1"]
    subprocess.run([program, *options, "--output", made, source], check=True)
    return made


def decoded(path: Path) -> dict[str, Any]:
    program = Path(sys.executable).with_name("tippecanoe-decode")
    done = subprocess.run([program, path], capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.long
def test_nothing_but_roads_and_water_on_land_is_kept_at_any_zoom(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    source, folder = made_file(tmp_path), app.config["VAR_DIR"] / "tiles"
    run = app.test_cli_runner()
    done = run.invoke(cli, ["basemap", str(source)])
    assert done.exit_code == 0, done.output
    digest = basemap.current_basemap(folder)
    assert digest is not None
    path = basemap.basemap_path(folder, digest)
    answer = decoded(path)
    kinds, zooms = set(), set()
    for tile in answer["features"]:
        zooms.add(tile["properties"]["zoom"])
        for layer in tile["features"]:
            for one in layer["features"]:
                assert set(one["properties"]) == {"kind"}
                kinds.add((layer["properties"]["layer"], one["properties"]["kind"]))
                assert shape(one["geometry"]).within(LAND), one
    assert kinds == {("roads", "highway"), ("roads", "major_road"), ("water", "lake")}
    assert zooms == set(range(5, basemap.LAST_ZOOM + 1))
    text = path.read_bytes() + json.dumps(answer, ensure_ascii=False).encode()
    for word in ("Paracel", "南沙", "西沙", "Sansha", "nine", "South China", "中国", "boundaries"):
        assert word.encode() not in text, word
    _check_pages(client, digest)
    lines = base_lines.read(base_lines.lines_path(path))
    assert lines is not None and len(lines.kinds) > 2
    assert all(box(*map(float, one)).within(LAND) for one in lines.boxes)
    kept = path.rename(tmp_path / path.name)  # as after a restore without its files
    assert basemap.current_basemap(folder) is None
    assert "OpenStreetMap" not in client.get("/?lang=en").text
    kept.rename(path)
    assert basemap.current_basemap(folder) == digest
    assert run.invoke(cli, ["basemap", "--remove"]).exit_code == 0
    assert basemap.current_basemap(folder) is None and not path.exists()
    assert "OpenStreetMap" not in client.get("/?lang=en").text


def _check_pages(client: FlaskClient, digest: str) -> None:
    """The pages name the source of the data, and the file is served by parts."""
    page = client.get("/?lang=en").text
    assert f"/map/base/{digest}.pmtiles" in page and "© OpenStreetMap, ODbL" in page
    headers = {"Range": "bytes=0-6"}
    with client.get(f"/map/base/{digest}.pmtiles", headers=headers) as part:
        assert (part.status_code, part.data) == (206, b"PMTiles")
    assert client.get(f"/map/base/{'0' * 64}.pmtiles").status_code == 404
    drawn = client.get("/unit/01?lang=en").text
    assert 'class="base-highway"' in drawn and "© OpenStreetMap, ODbL</text>" in drawn


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PMTiles\x02" + bytes(120),
        b"PMTiles\x03" + bytes(120),
        b"SQLite format 3\x00" + bytes(200),
    ],
)
def test_other_files_are_refused(app: Flask, tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "map.pmtiles"
    path.write_bytes(raw)
    done = app.test_cli_runner().invoke(cli, ["basemap", str(path)])
    assert done.exit_code == 1 and "not PMTiles" in done.output


def test_a_file_of_another_schema_is_refused(app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner()
    done = run.invoke(cli, ["basemap", str(made_file(tmp_path, without="water"))])
    assert done.exit_code == 1 and "no layer 'water'" in done.output
    assert run.invoke(cli, ["basemap", str(tmp_path / "nowhere.pmtiles")]).exit_code == 1
    assert run.invoke(cli, ["basemap"]).exit_code == 2
