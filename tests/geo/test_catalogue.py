"""A folder of sets and its sets.toml."""

from datetime import date
from pathlib import Path

import pytest

from geo.catalogue import files_in, read_catalogue, unlisted
from geo.polygons import BoundaryError

SETS = """
[one]
file = "one.parquet"
system = "2024"
valid_from = 2024-11-01
valid_to = 2024-11-30
quality = "derived"
note = "ghi chú"

["two.full"]
file = "two.gpkg"
system = "2025"
valid_from = 2025-07-01
quality = "published"
active = false
"""


class TestCatalogue:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "sets.toml").write_text(SETS, encoding="utf-8")
        for name in ("one.parquet", "two.gpkg", "three.geojson", "README.md"):
            (tmp_path / name).touch()
        return tmp_path

    def test_each_table_is_a_set(self, folder: Path) -> None:
        one, two = read_catalogue(folder)
        assert (one.name, one.path, one.system) == ("one", folder / "one.parquet", "2024")
        assert (one.valid_from, one.valid_to) == (date(2024, 11, 1), date(2024, 11, 30))
        assert (one.quality, one.note, one.active) == ("derived", "ghi chú", True)
        assert (two.name, two.valid_to, two.note, two.active) == ("two.full", None, None, False)

    def test_files_that_it_does_not_name_are_told(self, folder: Path) -> None:
        assert [path.name for path in unlisted(folder)] == ["three.geojson"]
        assert unlisted(folder, []) == files_in(folder)
        assert len(files_in(folder)) == 3

    def test_a_folder_without_it_has_no_sets(self, tmp_path: Path) -> None:
        assert read_catalogue(tmp_path) == []

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("[one]", "[one", "cannot be read"),
            ("[one]", f"[one]\nnote = {'[' * 3000}", "cannot be read"),
            ('system = "2024"', "", "set 'one': lacks system"),
            ('system = "2024"', 'system = "2023"', "system must be one of 2024, 2025"),
            ('system = "2024"', "system = 2024", "system must be one of"),
            ('"derived"', '"official"', "quality must be one of"),
            ("2024-11-01", '"2024-11-01"', "valid_from must be a date"),
            ("2024-11-01", "2024-11-01T00:00:00", "valid_from must be a date"),
            ("2024-11-30", "2024-10-30", "valid_to is before valid_from"),
            ("active = false", 'active = "no"', "set 'two.full': active must be a bool"),
            ("note =", "notes =", "unknown fields notes"),
            ("one.parquet", "none.parquet", "does not exist"),
            ("one.parquet", "../../etc/passwd", "lies outside the folder"),
            ("[one]", "loose = 1\n[one]", "set 'loose': is no table"),
        ],
    )
    def test_what_is_wrong_is_named(self, folder: Path, old: str, new: str, message: str) -> None:
        (folder / "sets.toml").write_text(SETS.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(BoundaryError, match=message) as caught:
            read_catalogue(folder)
        assert "sets.toml" in str(caught.value)
