"""The comparison of two versions' answers: what differs between runs of equal code is left out."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.tools.answers.__main__ import compare, store
from tests.tools.answers.content import normal


def test_identifiers_and_secrets_of_a_run_are_left_out() -> None:
    first, second = (
        json.dumps({"request_id": run, "device": f"{run * 8}-aaaa-4aaa-8aaa-{run * 12}", "n": 7})
        for run in "ab"
    )
    kind = "application/json"
    assert normal(first.encode(), kind, "/x") == normal(second.encode(), kind, "/x")
    assert '"n": 7' in normal(first.encode(), kind, "/x")


def test_members_of_an_archive_are_compared_one_by_one() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("units.csv", "code,n\r\n19,7\r\n")
    assert "== units.csv\ncode,n\r\n19,7" in normal(packed.getvalue(), "application/zip", "/x")


def test_a_comparison_prints_each_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for folder, n in ((before, 7), (after, 8)):
        store(folder, "/api/v1/units", "equal\n")
        store(folder, "/api/v1/coverage?month=2024-11", f"200\nn {n}\n")
    store(after, "/api/v1/new", "200\n")
    assert compare(before, after) == 2
    printed = capsys.readouterr().out
    assert "coverage?month=2024-11" in printed and "-n 7" in printed and "+n 8" in printed
    assert f"new\n  only in {after}" in printed and "2 of 3 files differ" in printed
    assert compare(before, before) == 0
