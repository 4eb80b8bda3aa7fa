"""The files for containers, nginx and systemd: read by their own linters where these are there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from config import settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "config" / "deploy"


def test_compose_names_settings_and_files_that_exist() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"database", "app", "nginx"}
    assert services["database"]["image"] == "postgres:17"
    assert set(services["app"]["environment"]) <= {setting.name for setting in settings.SETTINGS}
    mounts = [mount for service in services.values() for mount in service["volumes"]]
    for source in (mount.split(":")[0] for mount in mounts if mount.startswith("./")):
        assert (ROOT / source).is_file()


def test_compose_asks_for_what_the_example_lists() -> None:
    asked = (ROOT / "compose.yaml").read_text()
    lines = (DEPLOY / "env.example").read_text().splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert names
    assert all("${" + name + ":" in asked for name in names)


def test_units_name_settings_that_exist() -> None:
    known = {setting.name for setting in settings.SETTINGS} | {
        "TMPDIR",
        "PYTHONUNBUFFERED",
        "MPLCONFIGDIR",
    }
    for unit in DEPLOY.glob("*.service"):
        for line in unit.read_text().splitlines():
            if line.startswith("Environment="):
                words = line.removeprefix("Environment=").split()
                assert {word.split("=")[0] for word in words} <= known


def test_nginx_logs_no_query_string() -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    assert "$request_uri" not in text
    assert "$args" not in text
    assert '"$request"' not in text


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")
def test_nginx_reads_its_file(tmp_path: Path) -> None:
    here = (DEPLOY / "nginx.conf").read_text().replace("/var/log/nginx", str(tmp_path))
    (tmp_path / "site.conf").write_text(here)
    whole = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{ include {tmp_path}/site.conf; }}\n"
    (tmp_path / "nginx.conf").write_text(whole)
    command = ["nginx", "-t", "-e", "stderr", "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_reads_its_units(tmp_path: Path) -> None:
    for unit in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]:
        python = "/opt/dosong/.venv/bin/python"
        (tmp_path / unit.name).write_text(unit.read_text().replace(python, "/usr/bin/env"))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", sorted([*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]))
def test_shell_scripts_parse(script: Path) -> None:
    if script.is_file() and b"bash" in script.read_bytes().split(b"\n")[0]:
        done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
