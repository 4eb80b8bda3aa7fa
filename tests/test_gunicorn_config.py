"""The configuration of gunicorn: its hooks do what it says of them."""

import os
import subprocess
import sys
from pathlib import Path

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
