"""Fetching today's set, from a server on this host."""

import http.server
import io
import json
import os
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
import shapely

from geo import fetch as fetching
from geo.approximate import build
from geo.boundaries import digest, read
from geo.fetch import fetch, tarball_url
from geo.gazetteer import load_units
from geo.polygons import BoundaryError
from tests.support.geo_frames import BOWTIE, square, unit

KNOWN = [
    unit("01", level="province", name="Hà Nội", type="Thành phố"),
    unit("00004", name="Phường Ba Đình", type="Phường", area_km2=115.0),
    unit("00008", name="Phường Ngọc Hà", type="Phường", area_km2=200.0),
]
TOP = "vietnamese-provinces-database-cd58063/"
WARDS = TOP + "json/geojson/01_ha_noi/wards/"
Server = Callable[..., str]


def geojson(code: str, shape: shapely.Geometry) -> bytes:
    geometry = json.loads(shapely.to_geojson(shape))
    feature = {"type": "Feature", "id": code, "geometry": geometry}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def tarball(files: dict[str, bytes], *others: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for other in others:
            archive.addfile(other)
    return buffer.getvalue()


def two_communes() -> dict[str, bytes]:
    return {
        TOP + "README.md": b"# readme",
        TOP + "json/geojson/01_ha_noi/01_ha_noi.geojson": b"the province, not wanted",
        WARDS + "00008_ngoc_ha.geojson": geojson("00008", square(1)),
        WARDS + "00004_ba_dinh.geojson": geojson("00004", square(0)),
    }


@pytest.fixture
def serve() -> Iterator[Server]:
    """Start a server that answers each request with the next body, the last one for ever."""
    servers = []

    def start(*bodies: bytes, promised: int | None = None) -> str:
        left = list(bodies)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = left.pop(0) if len(left) > 1 else left[0]
                found = self.path == tarball_url("")
                self.send_response(200 if found else 404)
                length = len(body) if promised is None or body is bodies[-1] else promised
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: Any) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_communes_are_fetched_named_and_checked(serve: Server, tmp_path: Path) -> None:
    steps: list[tuple[int, int | None]] = []
    body = tarball(two_communes())
    fetched = fetch(
        serve(body), tmp_path / "new", lambda now, all_: steps.append((now, all_)), KNOWN
    )
    assert steps[0] == (0, len(body))
    assert steps[-1] == (len(body), len(body))
    found = read(fetched.path)
    assert list(found["code"]) == ["00004", "00008"]
    assert list(found["name"]) == ["Phường Ba Đình", "Phường Ngọc Hà"]
    assert list(found["province_name"]) == ["Hà Nội", "Hà Nội"]
    assert digest(found) == fetched.digest
    assert fetched.path.name == f"vn-2025-{fetched.digest[:8]}.parquet"
    assert [code for code, *_ in fetched.report.areas_off] == ["00008"]
    assert list((tmp_path / "new").iterdir()) == [fetched.path]


@pytest.mark.long
def test_all_3321_communes_pass_against_the_list(serve: Server, tmp_path: Path) -> None:
    frame = build("2025")
    frame = frame.set_geometry(small(frame))
    fetched = fetch(serve(tarball(whole_set(frame))), tmp_path)
    assert fetched.report.units == 3321
    assert list(read(fetched.path)["name"]) == list(frame["name"])


def small(frame: geopandas.GeoDataFrame) -> geopandas.GeoSeries:
    """Lozenges of a hundred metres inside each polygon, so that the test stays quick."""
    points = shapely.point_on_surface(np.asarray(frame.geometry.array))
    return geopandas.GeoSeries(shapely.buffer(points, 0.0005, quad_segs=1), crs=frame.crs)


def whole_set(frame: geopandas.GeoDataFrame) -> dict[str, bytes]:
    shapes = np.asarray(frame.geometry.array)
    return {
        f"{TOP}json/geojson/{province}/wards/{code}_ten.geojson": geojson(code, shape)
        for province, code, shape in zip(frame["province_code"], frame["code"], shapes, strict=True)
    }


def test_a_cut_off_download_starts_over(serve: Server, tmp_path: Path) -> None:
    body = tarball(two_communes())
    steps: list[int] = []
    url = serve(body[:100], body, promised=len(body))
    fetched = fetch(url, tmp_path, lambda now, _all: steps.append(now), KNOWN)
    assert fetched.report.units == 2
    assert steps.count(0) == 2


def test_three_failures_are_told_and_leave_nothing(serve: Server, tmp_path: Path) -> None:
    url = serve(tarball(two_communes()))
    with pytest.raises(BoundaryError, match=r"not fetched in 3 attempts \(HTTP Error 404"):
        fetch(url + "/elsewhere", tmp_path, known=KNOWN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc", "ftp://127.0.0.1"])
def test_only_the_web_is_fetched(tmp_path: Path, url: str) -> None:
    with pytest.raises(BoundaryError, match="only http and https"):
        fetch(url, tmp_path, known=KNOWN)


def refused(url: str, folder: Path, message: str) -> None:
    with pytest.raises(BoundaryError, match=message):
        fetch(url, folder / "set", known=KNOWN)
    assert list((folder / "set").iterdir()) == []
    assert [path.name for path in folder.iterdir()] == ["set"]


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("00009", square(2), "1 communes not in the list, first 00009"),
        ("00008", None, "1 communes missing, first 00008"),
        ("00004", square(2), "codes that occur twice"),
        ("00008", shapely.box(20.0, 100.0 - 30, 20.1, 70.1), "outside Vietnam"),
    ],
)
def test_other_content_is_refused(
    serve: Server, tmp_path: Path, name: str, shape: shapely.Geometry | None, message: str
) -> None:
    files = two_communes()
    del files[WARDS + "00008_ngoc_ha.geojson"]
    if shape is not None:
        files[WARDS + "x.geojson"] = geojson(name, shape)
    refused(serve(tarball(files)), tmp_path, message)


def test_invalid_polygons_are_repaired_and_told(serve: Server, tmp_path: Path) -> None:
    files = two_communes() | {WARDS + "00008_ngoc_ha.geojson": geojson("00008", BOWTIE)}
    report = fetch(serve(tarball(files)), tmp_path, known=KNOWN).report
    assert list(report.repaired) == ["00008"]


def test_a_file_that_is_no_geojson_is_refused(serve: Server, tmp_path: Path) -> None:
    files = two_communes() | {WARDS + "00008_ngoc_ha.geojson": b"<html>"}
    refused(serve(tarball(files)), tmp_path, "is no usable GeoJSON")


def test_a_body_that_is_no_tarball_is_refused(serve: Server, tmp_path: Path) -> None:
    refused(serve(b"<html>too many requests</html>"), tmp_path, "cannot be unpacked")
    body = tarball(two_communes())
    refused(serve(body[: len(body) // 2]), tmp_path, "tarball: ")  # ends early, or holds nothing


def test_a_tarball_without_communes_is_refused(serve: Server, tmp_path: Path) -> None:
    refused(serve(tarball({TOP + "README.md": b""})), tmp_path, "has no json/geojson")


def test_names_that_climb_out_are_never_written(serve: Server, tmp_path: Path) -> None:
    evil = geojson("00009", square(2))
    names = ("../../wards/x.geojson", "/json/geojson/01/wards/../x.geojson", "/tmp/x.geojson")
    names += (TOP + "json/geojson/../wards/x.geojson", WARDS + "../../x.geojson")
    files = two_communes() | dict.fromkeys(names, evil)
    assert fetch(serve(tarball(files)), tmp_path / "set", known=KNOWN).report.units == 2
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(serve: Server, tmp_path: Path, kind: bytes) -> None:
    link = tarfile.TarInfo(WARDS + "00009_link.geojson")
    link.type, link.linkname = kind, "/etc/passwd"
    refused(serve(tarball(two_communes(), link)), tmp_path, "is no ordinary file")


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("MAX_DOWNLOAD_BYTES", "larger than"),
        ("MAX_FILE_BYTES", "more than expected"),
        ("MAX_TOTAL_BYTES", "more than expected"),
        ("MAX_FILES", "more than expected"),
    ],
)
def test_more_than_the_limits_is_refused(
    serve: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, message: str
) -> None:
    monkeypatch.setattr(fetching, limit, 1)
    refused(serve(tarball(two_communes())), tmp_path, message)


def test_the_address_is_the_hosts_tarball_of_the_pinned_commit() -> None:
    url = tarball_url("https://example.org/")
    assert url.startswith("https://example.org/thanglequoc/vietnamese-provinces-database/tar.gz/")
    assert len(url.rsplit("/", 1)[1]) == 40


@pytest.mark.slow
@pytest.mark.real_boundaries
def test_todays_published_polygons_pass(serve: Server, tmp_path: Path) -> None:
    folder = os.environ.get("BOUNDARIES_DIR")
    if not folder:
        pytest.skip("BOUNDARIES_DIR is not set")
    frame = geopandas.read_parquet(Path(folder) / "vn-2025-07.full.parquet")
    frame = frame[frame["province_code"] == "19"]  # one province: the whole takes a minute
    known = [unit for unit in load_units("2025") if unit.province_code == "19"]
    report = fetch(serve(tarball(whole_set(frame))), tmp_path, known=known).report
    assert (report.units, report.problems, report.missing) == (92, [], [])
