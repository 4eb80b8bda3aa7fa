"""`flask units setup` and `fetch`: what a start brings, and what the network brings."""

import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select

from backend.database.extensions import db
from backend.units import cli as units_cli
from backend.units import locator
from backend.units.models import BoundarySet, Unit
from geo import approximate
from geo.fetch import COMMIT, REPOSITORY
from tests.support.boundary_sets import FOREIGN, november, units_restored, write_catalogue

Units = Callable[..., Result]
NOVEMBER = {
    "file": '"november.parquet"',
    "system": '"2024"',
    "valid_from": "2024-11-01",
    "valid_to": "2024-11-30",
    "quality": '"derived"',
}


@pytest.fixture(autouse=True)
def as_it_was(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(locator, "CATALOGUE_TTL_S", 0.0)
    with units_restored(app):
        yield


@pytest.fixture
def folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(app.config, "BOUNDARIES_DIR", tmp_path)
    november().to_parquet(tmp_path / "november.parquet")
    return tmp_path


def sets(app: Flask) -> dict[str, bool]:
    with app.app_context():
        query = select(BoundarySet.name, BoundarySet.activation)
        return {name: activation is not None for name, activation in db.session.execute(query)}


def test_a_second_set_up_finds_nothing_to_do(app: Flask, units: Units) -> None:
    began = time.perf_counter()
    result = units("setup")
    assert (result.exit_code, result.output) == (0, "")
    assert time.perf_counter() - began < 1.0
    assert sets(app) == {"approximate-2024": True, "approximate-2025": True}


@pytest.mark.slow
def test_sets_of_the_folder_are_loaded_and_activated_once(
    app: Flask, units: Units, folder: Path
) -> None:
    write_catalogue(folder, november=NOVEMBER)
    first = units("setup")
    assert first.exit_code == 0, first.output
    assert "Loading november from november.parquet" in first.output
    assert "Now active: november." in first.output
    assert "flask measurements reassign" in first.output
    assert sets(app)["november"] is True
    assert units("setup").output == ""


def test_a_set_that_is_not_active_is_left_alone(app: Flask, units: Units, folder: Path) -> None:
    write_catalogue(folder, november=NOVEMBER | {"active": "false"})
    assert units("setup").output == ""
    assert "november" not in sets(app)


@pytest.mark.slow
def test_a_loaded_set_is_activated(app: Flask, units: Units, folder: Path) -> None:
    units("load", folder / "november.parquet", "--valid-from", "2024-11-01")
    assert sets(app)["november"] is False
    write_catalogue(folder, november=NOVEMBER)
    assert "Now active: november." in units("setup").output
    assert sets(app)["november"] is True


def test_a_file_that_nobody_names_is_skipped_with_a_warning(units: Units, folder: Path) -> None:
    write_catalogue(folder)
    result = units("setup")
    assert result.exit_code == 0
    assert "Warning: november.parquet is skipped" in result.output


def test_a_wrong_catalogue_ends_the_start_in_a_sentence(units: Units, folder: Path) -> None:
    write_catalogue(folder, november=NOVEMBER | {"system": '"2030"'})
    result = units("setup")
    assert result.exit_code == 1
    assert "system must be one of 2024, 2025" in result.output


@pytest.mark.slow
def test_one_set_that_fails_leaves_the_others(app: Flask, units: Units, folder: Path) -> None:
    (folder / "broken.parquet").write_bytes(b"no parquet")
    write_catalogue(folder, november=NOVEMBER, broken=NOVEMBER | {"file": '"broken.parquet"'})
    assert units("setup").exit_code == 1
    assert sets(app).get("november") is True
    assert "broken" not in sets(app)


@pytest.fixture
def published(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A local host that serves a tarball of today's communes, made of the built-in cells."""
    tarball = _tarball()

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == f"/{REPOSITORY}/tar.gz/{COMMIT}"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(tarball)))
            self.end_headers()
            self.wfile.write(tarball)

        def log_message(self, *answer: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    monkeypatch.setattr(units_cli, "SOURCE_URL", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def _tarball() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
        for feature in approximate.build("2025").iterfeatures():
            code = feature["properties"]["code"]
            one = {"type": "Feature", "id": code, "properties": {}, "geometry": feature["geometry"]}
            body = json.dumps({"type": "FeatureCollection", "features": [one]}).encode()
            member = tarfile.TarInfo(f"top/json/geojson/province/wards/{code}_x.geojson")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()


@pytest.mark.slow
@pytest.mark.usefixtures("published")
def test_todays_set_is_fetched_loaded_and_activated(app: Flask, units: Units) -> None:
    result = units("fetch")
    assert result.exit_code == 0, result.output
    assert "3321 units" in result.output
    assert "digest " in result.output
    name = next(name for name in sets(app) if name.startswith("vn-2025-"))
    assert sets(app)[name] is True
    with app.app_context():
        row = db.session.scalar(select(BoundarySet).where(BoundarySet.name == name))
        assert (row.quality, row.note) == ("published", f"github.com/{REPOSITORY} at {COMMIT}")
        assert not db.session.scalar(select(Unit.id).where(Unit.code == FOREIGN))


def test_a_host_that_is_away_is_said(
    app: Flask, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(units_cli, "SOURCE_URL", "http://127.0.0.1:9")
    result = units("fetch")
    assert result.exit_code == 1
    assert "not fetched in 3 attempts" in result.output
