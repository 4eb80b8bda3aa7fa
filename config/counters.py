"""Where the web workers' counters meet; prometheus_client wants to know it before it is loaded."""

import shutil
from pathlib import Path

FOLDER = "counters"  # in VAR_DIR


def fresh_folder(var_dir: Path) -> str:
    """Empty the folder, since counters begin at nought with each start, and tell where it is."""
    folder = var_dir / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    return str(folder)
