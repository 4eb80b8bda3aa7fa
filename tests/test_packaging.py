"""pyproject.toml agrees with the code, the locks and the scripts."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from backend import VERSION

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, GROUPS = CONFIG["project"], CONFIG["dependency-groups"]
# Documents that state the supported Pythons, and their word between the lowest and the highest.
SPAN = {
    "README.md": "to",
    "README.vi.md": "đến",
    "docs/operator.md": "to",
    "docs/vi/operators.md": "đến",
    "scripts/setup": "to",
}
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-cluster.txt")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def locked(name: str) -> dict[str, list[str]]:
    """The versions of every package in a lock: several where Python's version decides."""
    pins: dict[str, list[str]] = {}
    for package, version in PIN.findall((ROOT / name).read_text(encoding="utf-8")):
        pins.setdefault(canonicalize_name(package), []).append(version)
    return pins


def test_the_version_is_that_of_the_code() -> None:
    assert PROJECT["version"] == VERSION


def test_every_folder_with_modules_is_a_package() -> None:
    """import-linter sees only packages: a folder without `__init__.py` escapes its contracts."""
    files = (path for root in ("backend", "geo") for path in (ROOT / root).rglob("*.py"))
    folders = {path.parent for path in files} - set((ROOT / "backend/migrations").rglob("*"))
    folders -= {ROOT / "backend/migrations"}  # run by Alembic, never imported
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_supported_pythons_are_the_same_everywhere() -> None:
    low, high = re.findall(r"\(3, (\d+)\)", read("scripts/setup"))
    minors = range(int(low), int(high) + 1)
    assert PROJECT["requires-python"] == f">=3.{low},<3.{int(high) + 1}"
    assert f"--universal --python-version 3.{low} " in read("scripts/lock")
    (names,) = re.findall(r"local names=\((.+?)\)", read("scripts/setup"))
    assert names.split() == ["python3", *(f"python3.{n}" for n in reversed(minors)), "python"]
    for document, to in SPAN.items():
        spans = re.findall(rf"Python (3\.\d+) {to} (3\.\d+)", read(document))
        assert set(spans) == {(f"3.{low}", f"3.{high}")}, document


def test_every_dependency_is_locked_in_its_range() -> None:
    """Where this fails, run scripts/lock."""
    for lock, declared in (
        ("requirements.txt", PROJECT["dependencies"]),
        ("requirements-dev.txt", [*GROUPS["dev"], *GROUPS["docs"]]),
        ("requirements-cluster.txt", GROUPS["cluster"]),
    ):
        pins = locked(lock)
        for requirement in map(Requirement, declared):
            versions = pins[canonicalize_name(requirement.name)]
            assert all(map(requirement.specifier.contains, versions)), (lock, requirement)


@pytest.mark.parametrize("lock", LOCKS[1:])
def test_locks_agree(lock: str) -> None:
    runtime, other = locked("requirements.txt"), locked(lock)
    for package in runtime.keys() & other.keys():
        assert set(other[package]) <= set(runtime[package]), package


def test_locks_name_no_index_and_have_hashes() -> None:
    for name in LOCKS:
        lock = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"://|^--(index|extra|find)", lock, re.MULTILINE)
        assert lock.count("==") <= lock.count("--hash=sha256:")


def test_containers_have_a_supported_python() -> None:
    for path in (ROOT / "Dockerfile", ROOT / ".devcontainer" / "Dockerfile"):
        (version,) = re.findall(r"^FROM python:(\d+\.\d+)-", path.read_text("utf-8"), re.MULTILINE)
        assert SpecifierSet(PROJECT["requires-python"]).contains(version)
    devcontainer = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert (ROOT / devcontainer["postCreateCommand"].split()[0]).exists()


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (targets,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert targets.split() == re.findall(r"^([a-z]+):.* ## \S", makefile, re.MULTILINE)
