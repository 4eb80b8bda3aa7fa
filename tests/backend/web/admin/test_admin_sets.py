"""Boundary sets at the admin's pages: sent as a file, checked, seen on a map, activated."""

import io
import json
import re
import resource
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from flask import Flask
from geopandas import GeoDataFrame
from pyarrow import parquet
from shapely import GEOSException, box, polygons
from sqlalchemy import select

from backend.accounts.models import AuditEntry
from backend.database.extensions import db
from backend.errors import Problem
from backend.jobs.models import Job
from backend.units import locator, uploads
from backend.web.admin import job_kinds
from backend.web.admin.job_kinds import memory_limit
from geo.polygons import BoundaryError
from tests.support.admin_client import AdminBrowser, field_error
from tests.support.boundary_sets import FOREIGN, november, units_restored
from tests.support.factories import post, register, sample
from tests.support.people import audit_entries

SPAN = {"valid_from": "2024-11-01", "valid_to": "2024-11-30", "quality": "published"}


@pytest.fixture(autouse=True)
def as_it_was(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(locator, "CATALOGUE_TTL_S", 0.0)
    app.config["VAR_DIR"] = tmp_path
    with units_restored(app):
        yield


def geojson(frame: GeoDataFrame | None = None) -> bytes:
    return (november() if frame is None else frame).to_json().encode()


def packed(**files: bytes) -> bytes:
    """A zip with files by name; in names, two underscores stand for a dot."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as room:
        for name, raw in files.items():
            at = zipfile.ZipInfo(name.replace("__", "."))  # of 1980, whenever this runs
            room.writestr(at, raw, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def sent(raw: bytes, called: str = "nov.geojson", **typed: Any) -> dict[str, Any]:
    return {"name": "nov", **SPAN, **typed, "file": (io.BytesIO(raw), called)}


def worked(app: Flask) -> Job:
    """The last job, after it was done."""
    done = app.test_cli_runner().invoke(args=["jobs", "run"])
    assert done.exit_code == 0, done.output
    with app.app_context():
        return db.session.query(Job).order_by(Job.id.desc()).first()


def unpacking_to_gigabytes(path: Path) -> bytes:
    """GeoParquet that names one polygon of a million vertices 128 times: 2 GB once it is read."""
    ring = np.tile([[105.0, 21.0], [105.1, 21.0], [105.1, 21.1]], (333_333, 1))
    shapes = pa.array([polygons(ring).wkb], pa.large_binary())
    twice = pa.DictionaryArray.from_arrays(pa.array([0] * 128, pa.int32()), shapes)
    columns = {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"]}}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": columns}
    table = pa.table({"code": [f"{n:05}" for n in range(128)], "geometry": twice})
    kept = {"compression": "zstd", "store_schema": False, "dictionary_pagesize_limit": 2**30}
    with parquet.ParquetWriter(path, table.schema, **kept) as file:
        file.write_table(table)
        file.add_key_value_metadata({"geo": json.dumps(geo)})
    return path.read_bytes()


def left(app: Flask) -> list[str]:
    """The files that are kept."""
    return [path.name for path in (app.config["VAR_DIR"] / uploads.FOLDER).glob("*/*")]


def put_in_use(app: Flask, admin: AdminBrowser, name: str) -> str:
    """Compute what a set moves, see it and confirm; return what was seen."""
    admin.done("/admin/jobs/try_set", name=name)
    job = worked(app)
    assert job.error is None, job.error
    page = admin.get(f"/admin/sets/tried/{job.id}")
    [go] = re.findall(r'name="go" value="(\w{64})"', page)
    admin.done(f"/admin/sets/tried/{job.id}", go=go)
    again = admin.get(f"/admin/sets/tried/{job.id}", 422)  # other sets are in use now
    assert "Tính lại" in again and 'name="go"' not in again
    return page


@pytest.mark.slow
def test_a_set_is_sent_checked_seen_and_activated(app: Flask, admin: AdminBrowser) -> None:
    admin.done("/admin/sets", **sent(geojson()))
    assert left(app) == ["set.geojson"]
    assert "Thêm bộ ranh giới" in admin.get("/admin")
    job = worked(app)
    assert job.result is not None and job.result["loaded"] == 171, job.error
    assert (job.done, job.whole, left(app)) == (4, 4, [])
    page = admin.get(f"/admin/checks/{job.id}")
    assert "Quần đảo Hoàng Sa" in page and "Biển Đông" in page
    assert FOREIGN in page and "Thiếu hình" in page
    near = page.split("?finding=")[1].split("#")[0]
    assert "found-own" in admin.get(f"/admin/checks/{job.id}?finding={near}")
    admin.get(f"/admin/checks/{job.id}?finding=999", status=404)
    phone = app.test_client()
    post(phone, register(phone), sample("2024-11-10T09:00:00+07:00"))
    page = put_in_use(app, admin, "nov")
    [moves] = re.findall(r"(\d+) mẫu của tháng này", page)
    done = worked(app)  # what was seen is what is done
    assert done.kind == "reassign" and done.result is not None
    assert done.result["moved"] == int(moves)
    assert [act for act, _ in audit_entries(app, "nov")] == ["units.load", "units.activate"]
    with app.app_context():
        query = select(AuditEntry.actor).where(AuditEntry.subject == "nov")
        assert set(db.session.scalars(query)) == {job.asked_by}
    assert "Bộ ranh giới" in admin.get("/admin/audit?reads=imports")


@pytest.mark.slow
def test_what_cannot_be_loaded_is_shown_where_it_lies(app: Flask, admin: AdminBrowser) -> None:
    frame = november()
    frame.loc[1, "code"] = frame.loc[0, "code"]
    frame.loc[2, "geometry"] = box(80, 21, 80.1, 21.1)  # swapped axes
    admin.done("/admin/sets", **sent(geojson(frame)))
    job = worked(app)
    assert job.result is not None and job.result["forbidden"] == 2
    page = admin.get(f"/admin/checks/{job.id}")
    assert "Bộ này không dùng được" in page and "Mã trùng" in page and "Ngoài Việt Nam" in page
    assert "nov <small>" not in admin.get("/admin/sets")


@pytest.mark.slow
def test_a_loaded_set_is_checked(app: Flask, admin: AdminBrowser) -> None:
    admin.done("/admin/jobs/check_set", name="approximate-2025")
    job = worked(app)
    assert f"/admin/checks/{job.id}" in admin.get("/admin/jobs/list")
    page = admin.get(f"/admin/checks/{job.id}?lang=en")
    assert "<pre" in page and "Quần đảo Trường Sa" in page


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["parquet", "gpkg", "shp", "folder"])
def test_every_usual_format_is_read(
    app: Flask, admin: AdminBrowser, tmp_path: Path, kind: str
) -> None:
    frame, folder = november(), tmp_path / "made"
    frame = frame[frame["code"] != FOREIGN]  # a shapefile's columns have no room for its province
    folder.mkdir()
    if kind == "parquet":
        frame.to_parquet(folder / "x.parquet")
    elif kind == "folder":
        for n, half in enumerate((frame[:80], frame[80:])):
            (folder / f"{n}.geojson").write_text(half.to_json(drop_id=True))
            raw = (folder / f"{n}.geojson").read_text()
            (folder / f"{n}.geojson").write_text(raw.replace('"crs"', '"_"'))
    else:
        frame[["code", "name", "geometry"]].to_file(folder / f"x.{kind}")
    files = {path.name.replace(".", "__"): path.read_bytes() for path in folder.iterdir()}
    alone = next(iter(files.values())) if kind in ("parquet", "gpkg") else None
    file = (alone, f"x.{kind}") if alone else (packed(**files), "x.zip")
    admin.done("/admin/sets", **sent(*file))
    job = worked(app)
    assert job.result is not None and job.result["units"] == 170, job.error


@pytest.mark.parametrize(
    "name, raw, words",
    [
        ("x.csv", b"code\n1\n", "Không phải tệp ranh giới"),
        ("x.geojson", b"<OGRVRTDataSource/>", "Không phải tệp ranh giới"),
        ("x.gpkg", b"{}", "Không phải tệp ranh giới"),
        ("x.zip", b"PK\3\4 and no more", "bị hỏng"),
        ("x.zip", packed(a__txt=b"?"), "Không phải tệp ranh giới"),
        ("x.zip", packed(**{"../a__geojson": b"{}"}), "dẫn ra ngoài"),
        ("x.zip", packed(**{"a/../../b__geojson": b"{}"}), "dẫn ra ngoài"),
    ],
    ids=["csv", "vrt", "no gpkg", "damaged", "empty", "above", "far above"],
)
def test_what_is_no_set_is_refused_and_not_kept(
    app: Flask, admin: AdminBrowser, name: str, raw: bytes, words: str
) -> None:
    page = admin.refused("/admin/sets", **sent(raw, name))
    assert words in field_error(page, "file")
    assert left(app) == []


def test_a_zip_bomb_is_refused_unread(
    app: Flask, admin: AdminBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_UNPACKED", 10_000)
    bomb = packed(a__geojson=b"{" + b" " * 20_000)
    assert len(bomb) < 1_000
    assert "quá lớn" in field_error(admin.refused("/admin/sets", **sent(bomb, "x.zip")), "file")


@pytest.mark.parametrize("raw", [b"<VRTDataset/>", b"{"], ids=["vrt", "half"])
def test_zip_is_checked_before_extraction(app: Flask, admin: AdminBrowser, raw: bytes) -> None:
    admin.done("/admin/sets", **sent(packed(a__geojson=raw), "x.zip"))
    job = worked(app)
    assert job.state == "failed"
    assert str(app.config["VAR_DIR"]) not in admin.get("/admin")


@pytest.mark.slow
def test_a_file_that_wants_all_memory_is_refused(
    app: Flask, admin: AdminBrowser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bomb = unpacking_to_gigabytes(tmp_path / "bomb.parquet")
    assert len(bomb) < 1_000_000
    data = re.search(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert data
    before = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(job_kinds, "MAX_MEMORY_BYTES", int(data[1]) * 1_000 + 500_000_000)
    admin.done("/admin/sets", **sent(bomb, "x.parquet"))
    job = worked(app)
    assert (job.state, job.error) == ("failed", "set_memory")
    assert "cần nhiều bộ nhớ hơn" in admin.get("/admin")
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


@pytest.mark.slow
def test_a_file_that_takes_all_cpu_time_is_refused(
    app: Flask, admin: AdminBrowser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a library retries after any exception, too."""

    def busy(*_: object) -> None:
        while True:
            try:
                sum(range(10_000))
            except Exception:
                continue

    monkeypatch.setattr("backend.units.loading.read", busy)
    monkeypatch.setattr(job_kinds, "MAX_CPU_S", 1)
    before = signal.getsignal(signal.SIGPROF)
    admin.done("/admin/sets", **sent(geojson()))
    job = worked(app)
    assert (job.state, job.error) == ("failed", "set_cpu")
    assert "cần nhiều thời gian xử lý hơn" in admin.get("/admin")
    assert signal.getsignal(signal.SIGPROF) == before
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


@pytest.mark.parametrize("error", [MemoryError(), GEOSException("std::bad_alloc")], ids=repr)
def test_readers_tell_each_in_its_way_that_memory_is_short(error: Exception) -> None:
    with pytest.raises(Problem, match="set_memory"), memory_limit(0):
        raise BoundaryError("cannot be read") from error
    with pytest.raises(BoundaryError), memory_limit(0):
        raise BoundaryError("has no code column")


def test_faults_of_the_form_stand_beside_its_fields(app: Flask, admin: AdminBrowser) -> None:
    page = admin.refused("/admin/sets", name="approximate-2025", **SPAN)
    assert field_error(page, "file")
    taken = admin.refused("/admin/sets", **sent(geojson(), name="approximate-2025"))
    assert "mang tên này" in field_error(taken, "name")
    turned = admin.refused("/admin/sets", **sent(geojson(), valid_to="2024-10-01"))
    assert field_error(turned, "valid_to")
    assert left(app) == []


def test_one_set_at_a_time(app: Flask, admin: AdminBrowser) -> None:
    admin.done("/admin/sets", **sent(geojson()))
    assert "đang chờ" in admin.refused("/admin/sets", **sent(geojson(), name="other"))
    assert len(left(app)) == 1


def test_work_that_died_is_done_again_while_its_file_is_kept(
    app: Flask, admin: AdminBrowser
) -> None:
    wrong = sent(geojson(), code_column="MA_XA")
    admin.done("/admin/sets", **wrong)
    job = worked(app)
    assert job.error is not None and "nov.geojson" in job.error and "MA_XA" in job.error
    assert len(left(app)) == 1
    admin.done(f"/admin/jobs/{job.id}/again")
    uploads.delete(app.config["VAR_DIR"], job.arguments["upload"])
    assert worked(app).error == "upload_gone"


def test_a_set_is_activated_and_noted(app: Flask, admin: AdminBrowser) -> None:
    page = put_in_use(app, admin, "approximate-2024")
    [(act, _)] = audit_entries(app, "approximate-2024")[-1:]
    assert act == "units.activate" and "0 mẫu của tháng này" in page
    admin.done("/admin/jobs/try_set", name="none")
    assert worked(app).error == "set_unknown"
