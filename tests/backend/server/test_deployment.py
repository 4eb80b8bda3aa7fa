"""The files for containers, nginx and systemd: read by their own linters where these are there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import click
import pytest
import yaml
from flask import Flask

from backend.i18n.messages import message
from backend.reports.monthly.lifecycle import MAX_SIZE
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.roles import REPORTING_CONNECTIONS, REPORTING_SETTINGS
from backend.units.uploads import MAX_UPLOAD
from backend.web.measure.speed import MAX_TRANSFER
from backend.web.public.views import MAX_FILE
from config import settings
from tests.support.nginx import free_port, needs_nginx, running_nginx, write_files

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "config" / "deploy"


def test_compose_names_settings_and_files_that_exist() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"database", "app", "nginx"}
    assert services["database"]["image"] == "postgres:17"
    assert set(services["app"]["environment"]) <= {setting.name for setting in settings.SETTINGS}
    mounts = [mount for service in services.values() for mount in service["volumes"]]
    for source in (mount.split(":")[0] for mount in mounts if mount.startswith("./")):
        assert (ROOT / source).is_file()


def test_containers_have_no_capability_and_no_writable_root_that_they_do_not_need() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    for name, service in services.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    added = {name: service.get("cap_add", []) for name, service in services.items()}
    assert added["app"] == [] and "NET_BIND_SERVICE" not in added["database"]
    assert not {"SYS_ADMIN", "NET_ADMIN", "DAC_OVERRIDE"} & {
        cap for caps in added.values() for cap in caps
    }


def test_the_role_of_analysts_has_the_same_limits_everywhere() -> None:
    for path in (DEPLOY / "create-roles.sh", ROOT / "docs" / "reporting.md"):
        text = path.read_text(encoding="utf-8")
        assert f"dosong_reporting NOLOGIN CONNECTION LIMIT {REPORTING_CONNECTIONS};" in text
        for name, value in REPORTING_SETTINGS.items():
            assert f"ALTER ROLE dosong_reporting SET {name} = '{value}';" in text


def test_compose_asks_for_what_the_example_lists() -> None:
    asked = (ROOT / "compose.yaml").read_text()
    lines = (DEPLOY / "env.example").read_text().splitlines()
    names = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert names
    assert all("${" + name + ":" in asked for name in names)


def test_units_name_settings_that_exist() -> None:
    known = {one.name for one in settings.SETTINGS} | {"TMPDIR", "PYTHONUNBUFFERED"}
    for unit in DEPLOY.glob("*.service"):
        for line in unit.read_text().splitlines():
            if line.startswith("Environment="):
                words = line.removeprefix("Environment=").split()
                assert {word.split("=")[0] for word in words} <= known


SERVERS = ("nginx.conf", "nginx-tls.conf")


def test_nginx_logs_no_query_string() -> None:
    for name in ("nginx-common.conf", "nginx-site.conf", "nginx.conf"):
        text = (DEPLOY / name).read_text()
        assert "$request_uri" not in text
        assert "$args" not in text
        assert '"$request"' not in text
    redirecting = (DEPLOY / "nginx-tls.conf").read_text().split("listen 443")[0]
    assert "access_log off" in redirecting


@pytest.mark.parametrize(
    ("path", "most"), [("/seal", MAX_FILE), ("/api/v1/reports/7/attachments", MAX_SIZE),
                       ("/desk/reports/7/attachments", MAX_SIZE), ("/do/up", MAX_TRANSFER),
                       ("/admin/sets", MAX_UPLOAD)],
)  # fmt: skip
def test_nginx_lets_through_what_the_app_takes(path: str, most: int) -> None:
    site = (DEPLOY / "nginx-site.conf").read_text()
    sizes = re.findall(r"location ~ (\S+) {[^}]*client_max_body_size (\d+)m", site)
    [size] = [int(size) for pattern, size in sizes if re.search(pattern, path)]
    assert size * 1_000_000 > most


def test_nginx_refuses_long_addresses_as_the_app_does() -> None:
    site = (DEPLOY / "nginx-site.conf").read_text()
    [answer] = re.findall(r"return 414 '(.*)';", site)
    assert json.loads(answer)["title"] == message(json.loads(answer)["code"], "vi")


def test_nginx_leads_the_speed_test_to_where_the_service_starts_it() -> None:
    common = (DEPLOY / "nginx-common.conf").read_text()
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]["environment"]
    assert f"127.0.0.1:{compose['SPEED_PORT']};" in common
    assert f"SPEED_PORT={compose['SPEED_PORT']} " in (DEPLOY / "dosong.service").read_text()


def test_tls_brings_what_compose_lacks() -> None:
    plain = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    text = (ROOT / "compose.tls.yaml").read_text().replace("!override", "")
    services = yaml.safe_load(text)["services"]
    assert set(services) - {"acme"} <= set(plain)
    replaced = [mount.split(":")[1] for mount in services["nginx"]["volumes"]]
    assert replaced[0] in [mount.split(":")[1] for mount in plain["nginx"]["volumes"]]


def own_certificate(folder: Path) -> None:
    """A certificate for nothing, as openssl makes it."""
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    asked = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", *files]
    subprocess.run(["openssl", *asked], check=True, capture_output=True)


@needs_nginx
@pytest.mark.parametrize("name", SERVERS)
def test_nginx_reads_its_files(tmp_path: Path, name: str) -> None:
    own_certificate(tmp_path)
    command = ["nginx", "-t", "-e", "stderr", "-c", str(write_files(tmp_path, name, {}))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@needs_nginx
@pytest.mark.slow
def test_the_log_of_nginx_tells_of_no_one(tmp_path: Path) -> None:
    identifier, log = "0193F2C8-6f1e-7aaa-8888-0123456789ab", tmp_path / "access.log"
    closed = f"127.0.0.1:{free_port()}"
    with running_nginx(tmp_path, closed, closed) as port:
        for path in (f"measurements/{identifier}", f"measurements/{identifier}/x?lat=21.59427"):
            request_until_answered(port, f"/api/v1/{path}")
        request_until_answered(port, "/rmbt/the-token_of-a-device/RMBTControlServer/result")
        request_until_answered(port, "/RMBT/the-token_of-a-device/RMBTControlServer/result/x")
        request_until_answered(port, "/rmbt/the-token%2F_of-a-device/RMBTControlServer/result")
        wait_for(lambda: log.exists() and log.read_text().count("\n") == 5)
    first, second, third, *odd = log.read_text().splitlines()
    assert '"GET /api/v1/measurements/-" 503' in first
    assert '"GET /api/v1/measurements/-/x" 503' in second
    assert '"GET /rmbt/-/RMBTControlServer/result" 503' in third
    assert all('"GET /rmbt/-" 503' in one for one in odd)
    assert not any(trace in first + second for trace in ("127.0.0.1", identifier[:8], "21.59"))


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def request_until_answered(port: int, path: str) -> None:
    def answered() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 503  # no app is behind it
        except ConnectionRefusedError:
            return False
        finally:
            connection.close()

    wait_for(answered)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_reads_its_units(tmp_path: Path) -> None:
    for unit in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]:
        python = "/opt/dosong/.venv/bin/python"
        (tmp_path / unit.name).write_text(unit.read_text().replace(python, "/usr/bin/env"))
    command = ["systemd-analyze", "verify", "--man=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_runbook_types_commands_as_the_service_runs() -> None:
    typed = (ROOT / "docs" / "runbook.md").read_text().partition("dosong() {")[2].partition("}")[0]
    unit = (DEPLOY / "dosong.service").read_text()
    for name, option in {"User": "--uid=", "WorkingDirectory": "--working-directory=",
                         "EnvironmentFile": "EnvironmentFile="}.items():  # fmt: skip
        assert f"\n{name}={typed.partition(option)[2].split()[0]}\n" in unit
    given = re.findall(r"-E (\S+)", typed)
    assert {one.split("=")[0] for one in given} == {"MODE", "VAR_DIR", "TMPDIR"}
    assert all(re.search(rf"^Environment=.*\b{re.escape(one)}( |$)", unit, re.M) for one in given)


def commands() -> dict[str, set[str]]:
    """What timers and the crontab run, by file: the words after `python -m`."""
    found = {}
    for file in [*DEPLOY.glob("*.service"), DEPLOY / "dosong.cron"]:
        runs = re.findall(r"(?:-m|COMPOSE) (backend\.server.*)", file.read_text())
        found[file.name] = set(runs)
    return found


def test_every_timer_has_its_service_and_runs_a_command_that_exists(app: Flask) -> None:
    timers = {timer.stem for timer in DEPLOY.glob("*.timer")}
    services = {service.stem for service in DEPLOY.glob("*.service")} - {"dosong", "measuring-host"}
    assert timers == services
    flask = "backend.server.running.flask_command "
    for file, runs in commands().items():
        assert runs, file
        for words in (run.removeprefix(flask).split() for run in runs if run.startswith(flask)):
            context = click.Context(app.cli)
            group = app.cli.get_command(context, words[0])
            assert isinstance(group, click.Group), words
            command = group.get_command(context, words[1])
            assert command is not None, words
            known = {option for one in command.params for option in one.opts}
            assert {word for word in words if word.startswith("--")} <= known, words


def test_what_systemd_runs_cron_runs_too() -> None:
    runs = commands()
    by_cron = runs.pop("dosong.cron")
    for server in ("dosong.service", "measuring-host.service"):
        runs.pop(server)
    asked = {run.replace("%i", "19") for some in runs.values() for run in some}
    assert by_cron == asked


def test_cron_lines_have_five_fields_a_user_and_times_of_the_timers() -> None:
    lines = (DEPLOY / "dosong.cron").read_text().splitlines()
    tasks = [line.lstrip("#") for line in lines if "$COMPOSE" in line]
    assert len(tasks) == len(list(DEPLOY.glob("*.timer")))
    clocks = {match[1] for match in
              (re.search(r" (\d\d:\d\d):00", timer.read_text()) for timer in DEPLOY.glob("*.timer"))
              if match}  # fmt: skip
    for minute, hour, _, month, weekday, user, *_ in (line.split() for line in tasks):
        assert (month, weekday, user) == ("*", "*", "root")
        assert f"{int(hour):02}:{int(minute):02}" in clocks


def test_the_service_reloads_by_the_same_program() -> None:
    unit = (DEPLOY / "dosong.service").read_text()
    start = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    assert start and f"ExecReload={start[1]} --reload\n" in unit


def test_logs_of_containers_and_of_the_database_stay_small() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert {one["logging"]["driver"] for one in services.values()} == {"local"}
    assert (
        str(EmbeddedPostgres("/var/lib/dosong").log) + " {"
        in (DEPLOY / "dosong.logrotate").read_text()
    )


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not installed")
def test_logrotate_reads_its_file(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.touch()
    text = (DEPLOY / "dosong.logrotate").read_text()
    text = text.replace("/var/lib/dosong/postgres/server.log", str(log)).replace(
        "su dosong dosong", ""
    )
    (tmp_path / "rules").write_text(text)
    command = ["logrotate", "--debug", "--state", str(tmp_path / "state"), str(tmp_path / "rules")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "error" not in done.stderr, done.stderr


@pytest.mark.parametrize("script", sorted([*(ROOT / "scripts").iterdir(), ROOT / ".ci" / "run"]))
def test_shell_scripts_parse(script: Path) -> None:
    if script.is_file() and b"bash" in script.read_bytes().split(b"\n")[0]:
        done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
