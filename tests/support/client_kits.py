"""The client kits, built for tests."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.client_kits.building import ROOT

# npm's codes where a registry does not answer.
OFFLINE = ("EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT")


def build_kit(name: str, folder: Path) -> Path:
    """Build a kit below a folder, in a process of its own with an application of its own.

    Skip the test where npm reaches no registry.
    """
    environment = os.environ | {
        "DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none",
        "VAR_DIR": str(folder / "var"), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    command = [sys.executable, "-m", "tests.tools.client_kits", name, "--folder", folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode and any(f"code {one}" in done.stderr for one in OFFLINE):
        pytest.skip(f"npm reaches no registry: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return folder


def require_npm() -> None:
    """Skip the test without Node, or fail if CI=true."""
    if shutil.which("npm") is None:
        missing = "Node is not installed; on Debian or Ubuntu: sudo apt install npm"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
