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
