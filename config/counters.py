"""The folder of the workers' counters; prometheus_client reads it when imported."""

import shutil
from pathlib import Path

FOLDER = "counters"  # in VAR_DIR


def fresh_folder(var_dir: Path) -> str:
    """Empty the folder, since counters start at 0, and return its path."""
    folder = var_dir / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return str(folder)
