"""Programs of developers: each can be started with the present code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BENCHES = sorted(path.stem for path in (ROOT / "scripts" / "bench.d").glob("*.py"))
TOOLS = sorted(path.parent.name for path in (ROOT / "tests" / "tools").glob("*/__main__.py"))
TOOLS.remove("docs_generator")  # it writes when it is imported; test_docs.py compares what it makes
# Each imports the application: one process for all of them.
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (BENCHES, ["scripts/bench.d", "."]),
        ([f"tests.tools.{name}.__main__" for name in TOOLS], ["."]),
    ],
    ids=["benches", "tools"],
)
def test_programs_find_what_they_import(names: list[str], paths: list[str]) -> None:
    assert len(names) > 4
    command = [sys.executable, "-c", IMPORT_ALL, *names]
    environment = {"PYTHONPATH": ":".join(str(ROOT / path) for path in paths)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("own", "status"), [(True, 0), (False, 1)])
def test_setup_notices_that_the_system_has_another_python(
    tmp_path: Path, own: bool, status: int
) -> None:
    """An upgrade of the system replaces what `.venv/bin/python` links to; packages stay behind."""
    for name in ("scripts/setup", "requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    catalogue = tmp_path / "backend/i18n/locale/vi/LC_MESSAGES/messages.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.touch()
    os.utime(catalogue, (0, 0))
    catalogue.with_suffix(".mo").touch()
    python, minor = Path(sys.executable).resolve(), sys.version_info.minor
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/pyvenv.cfg").write_text(
        f"home = {python.parent}\ninclude-system-site-packages = false\n"
    )
    (tmp_path / f".venv/lib/python3.{minor if own else minor - 1}").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(python)
    locks = [(tmp_path / f"requirements{part}.txt").read_bytes() for part in ("", "-dev")]
    sums = subprocess.run(["cksum"], input=b"".join(locks), capture_output=True, check=True).stdout
    (tmp_path / f".venv/.installed-{sums.decode().strip().replace(' ', '-')}").touch()
    command = [tmp_path / "scripts/setup", "--dev"]
    environment = os.environ | {"PYTHON": "false"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == status, done.stderr
    assert ("is no Python 3." in done.stderr) == (not own)
