"""wsgi.py: what every process of the application has before it imports anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COUNT = """
import os, sys, wsgi
assert "numpy" in sys.modules
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_linear_algebra_has_no_threads_of_its_own() -> None:
    environment = {key: one for key, one in os.environ.items() if key != "OPENBLAS_NUM_THREADS"}
    environment["DATABASE_URL"] = "postgresql+psycopg://nobody@localhost/none"
    done = subprocess.run(
        [sys.executable, "-c", COUNT], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"


# The configuration of gunicorn


# In a process of its own, as gunicorn's: the configuration opens a folder for counters.
FROZEN = """
import gc
from config import gunicorn

loaded = []  # a list can be part of a cycle, so collections look at it
assert any(each is loaded for each in gc.get_objects())
gunicorn.when_ready(None)
assert not any(each is loaded for each in gc.get_objects())
"""


def test_no_collection_of_a_worker_touches_what_is_loaded(tmp_path: Path) -> None:
    environment = os.environ | {"VAR_DIR": str(tmp_path), "PYTHONPATH": os.curdir}
    subprocess.run([sys.executable, "-c", FROZEN], env=environment, check=True)
