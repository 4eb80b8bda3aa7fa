"""Long files of tests begin first."""

from pathlib import Path

import pytest

from tests.support.file_order import LONG, begins

TESTS = Path(__file__).parent


def test_every_long_file_is_there_once() -> None:
    assert [path for path in LONG if not (TESTS / path).is_file()] == []
    assert len(set(LONG)) == len(LONG)


def test_they_stand_before_all_others(request: pytest.FixtureRequest) -> None:
    paths = [item.path.relative_to(TESTS).as_posix() for item in request.session.items]
    places = [begins(path) for path in paths]
    assert places == sorted(places)


def test_the_script_keeps_that_order() -> None:
    """By itself pytest-xdist begins with the files that have the most tests."""
    script = (TESTS.parent / "scripts" / "test").read_text(encoding="utf-8")
    assert "--dist loadfile --no-loadscope-reorder" in script
