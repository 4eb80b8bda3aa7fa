"""A demo server and its accounts."""

import os
import re
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.nginx import free_port

ROOT = Path(__file__).parents[3]
# A line of `flask demo load --people`: role, name, password.
PERSON = re.compile(r"^\s+(\w+)\s+(\S+@\S+)\s+(\S+)$", re.MULTILINE)
READY_S = 900  # loading the demo takes two minutes on two idle cores


@contextmanager
def demo_server() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the URL of a server with the demo, and NAME:PASSWORD by role."""
    with tempfile.TemporaryDirectory(prefix="dosong-pictures-") as folder:
        log = Path(folder, "serve.log")
        environment = os.environ | {"VAR_DIR": f"{folder}/var", "PORT": str(free_port())}
        environment.pop("DATABASE_URL", None)
        url = f"http://127.0.0.1:{environment['PORT']}"
        with log.open("w") as output:
            server = subprocess.Popen(
                [ROOT / "scripts" / "serve", "--demo"], env=environment, stdout=output,
                stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            print("Loading the demo …", flush=True)
            _wait_until_ready(server, url)
            print("Making map tiles …", flush=True)
            tiles = [ROOT / "scripts" / "flask", "web", "tiles"]
            subprocess.run(tiles, env=environment, check=True, stdout=subprocess.DEVNULL)
            people = PERSON.findall(log.read_text(encoding="utf-8"))
            yield url, {role: f"{name}:{password}" for role, name, password in people}
        except OSError as error:
            raise SystemExit(f"{error}\n{log.read_text(encoding='utf-8')}") from error
        finally:
            server.terminate()
            server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + READY_S
    while server.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(1)
    raise OSError("the demo server did not get ready")
