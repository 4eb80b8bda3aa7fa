"""The saved index and the cache."""

import os
from pathlib import Path

import geopandas
import pytest

from geo import grid
from geo.grid import DamagedIndexError
from geo.index import CommuneIndex, load_or_build
from tests.support.geo_coverages import (
    SETS,
    SOUTH,
    STEP,
    WEST,
    random_points,
)

INDEXES = {name: CommuneIndex.from_frame(frame) for name, frame in SETS.items()}


def test_a_saved_index_answers_the_same(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "index"
    INDEXES["messy"].save(path)
    loaded = CommuneIndex.load(path)
    x, y = random_points(SETS["messy"], 1_000)
    before, after = (i.locate_many(x, y, x * 0 + 100) for i in (INDEXES["messy"], loaded))
    assert [before.location(k) for k in range(1_000)] == [after.location(k) for k in range(1_000)]
    assert loaded.codes == INDEXES["messy"].codes
    assert [p.name for p in path.parent.iterdir()] == ["index"]
    INDEXES["messy"].save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("damage", ["empty", "short", "flip", "foreign", "version"])
def test_a_damaged_file_is_refused(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "index"
    INDEXES["lattice"].save(path)
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
    contents = {"empty": bytearray(), "short": content[:-64], "foreign": bytearray(b"x" * 5_000)}
    path.write_bytes(contents.get(damage, content))
    if damage == "version":
        monkeypatch.setattr(grid, "FORMAT", grid.FORMAT + 1)
    with pytest.raises(DamagedIndexError, match="index: "):
        CommuneIndex.load(path)


def test_the_cache_builds_once_and_again_when_damaged(tmp_path: Path) -> None:
    builds = []

    def load() -> geopandas.GeoDataFrame:
        builds.append(1)
        return SETS["lattice"]

    first = load_or_build(load, "abc", tmp_path)
    assert load_or_build(load, "abc", tmp_path).codes == first.codes
    assert len(builds) == 1
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.write_bytes(b"junk" * 100)
    assert load_or_build(load, "abc", tmp_path).locate(WEST + STEP, SOUTH + STEP)
    assert len(builds) == 2


def test_a_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        INDEXES["lattice"].save(tmp_path / "index")
    assert list(tmp_path.iterdir()) == []
