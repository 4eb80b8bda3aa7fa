"""Programs of developers: each can be started with the present code."""

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
