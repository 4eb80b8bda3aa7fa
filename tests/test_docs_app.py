"""The commands of docs/app.md and docs/other-apps.md run as printed against a real server."""

import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.support.clock import FakeClock

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def url(app: Flask, clock: FakeClock) -> Iterator[str]:
    """The address of a server that knows what time it is, as the commands do."""
    clock.now = datetime.now(UTC)
    app.config["OPERATOR_NAME"] = "Sở KH&CN"
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_run_as_printed(url: str, tmp_path: Path) -> None:
    shown = run_commands("app.md", 8, url, tmp_path)
    assert '"outcome":"accepted"' in shown and '"assurance":"witnessed"' in shown
    assert shown.rstrip().endswith("401")  # the last one asks after the withdrawal


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_commands_of_other_apps_run_as_printed(url: str, tmp_path: Path) -> None:
    assert "claimed" in run_commands("other-apps.md", 1, url, tmp_path)


def run_commands(page: str, blocks_least: int, url: str, folder: Path) -> str:
    """Run the commands of a page one after the other; return what they print."""
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert len(blocks) >= blocks_least
    script = folder / "page.sh"
    script.write_text("set -euo pipefail\n" + "echo; echo '#'\n".join(blocks), encoding="utf-8")
    environment = {**os.environ, "URL": url, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        ["bash", str(script)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
