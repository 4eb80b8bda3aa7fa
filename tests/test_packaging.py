"""pyproject.toml agrees with the code, the locks and the scripts."""

import json
import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from backend import VERSION

ROOT = Path(__file__).parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, GROUPS = CONFIG["project"], CONFIG["dependency-groups"]
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


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


def test_the_supported_pythons_are_those_of_setup() -> None:
    setup = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
    low, high = re.findall(r"\((\d+), (\d+)\)", setup)
    assert PROJECT["requires-python"] == f">={'.'.join(low)},<{high[0]}.{int(high[1]) + 1}"


def test_every_dependency_is_locked_in_its_range() -> None:
    """Where this fails, run scripts/lock."""
    extras = [one for extra in PROJECT["optional-dependencies"].values() for one in extra]
    groups = [one for group in GROUPS.values() for one in group]
    for lock, declared in (
        ("requirements.txt", [*PROJECT["dependencies"], *extras]),
        ("requirements-dev.txt", groups),
    ):
        pins = locked(lock)
        for requirement in map(Requirement, declared):
            versions = pins[canonicalize_name(requirement.name)]
            assert all(map(requirement.specifier.contains, versions)), (lock, requirement)


def test_both_locks_agree() -> None:
    runtime, development = locked("requirements.txt"), locked("requirements-dev.txt")
    for package in runtime.keys() & development.keys():
        assert set(development[package]) <= set(runtime[package]), package


def test_locks_name_no_index_and_have_hashes() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
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
