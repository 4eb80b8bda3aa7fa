"""/metrics, and that the dashboard and the alerts ask for nothing that it does not tell."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient

from backend import VERSION
from backend.app import create_app
from backend.database.extensions import db
from backend.measurements.recording.models import WithdrawalRequest
from backend.run_log import record_run, runs
from backend.server.running.periodic_command import SCHEDULES, PeriodicCommand, Schedule
from tests.support.clock import FakeClock
from tests.support.devices import ME
from tests.support.factories import location, post, register, sample

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "config" / "deploy" / "monitoring"
LINE = re.compile(r"^(?P<series>[a-z_]+(?:\{[^}]*\})?) (?P<value>\S+)$", re.MULTILINE)
COUNTING = """
from backend.metrics import count_request, count_samples
count_request("POST", "/api/v1/measurements", 201, 0.004)
count_samples([("accepted", "counted"), ("rejected", None)])
"""
TELLING = """
from prometheus_client import generate_latest
from backend.metrics import registry
print(generate_latest(registry()).decode())
"""


def scraped(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return read(answer.text)


def read(shown: str) -> dict[str, float]:
    return {found["series"]: float(found["value"]) for found in LINE.finditer(shown)}


@pytest.fixture
def own_var(app: Flask, tmp_path: Path) -> Path:
    app.config["VAR_DIR"] = tmp_path
    return tmp_path


def test_samples_are_told_by_outcome_and_verdict(app: Flask, client: FlaskClient) -> None:
    phone = register(client)
    before = scraped(client)
    taken = sample()
    coarse = sample("2024-11-15T19:12:33+07:00", location=location(accuracy_m=5_000))
    post(client, phone, taken, coarse)
    post(client, phone, taken)
    post(client, phone, sample(status="nowhere"))
    after = scraped(client)

    def more(series: str) -> float:
        return after[series] - before.get(series, 0)

    assert more('dosong_samples_total{outcome="accepted"}') == 2
    assert more('dosong_samples_total{outcome="duplicate"}') == 1
    assert more('dosong_samples_total{outcome="rejected"}') == 1
    assert more('dosong_verdicts_total{fate="counted"}') == 1
    assert more('dosong_verdicts_total{fate="position_coarse"}') == 1
    assert more('dosong_request_seconds_count{kind="post",status="422"}') == 1
    assert after["dosong_database_up"] == 1


def test_backups_jobs_and_withdrawals_are_told(
    client: FlaskClient, app: Flask, own_var: Path, clock: FakeClock
) -> None:
    assert "dosong_backup_timestamp_seconds" not in scraped(client)
    at = datetime(2024, 11, 20, 1, tzinfo=UTC)
    folder = own_var / "backups" / f"dosong-{at:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    record_run(own_var, "expire", "flask privacy expire", False)
    record_run(own_var, "expire", "flask privacy expire", True)
    asked_at = clock.now - timedelta(days=3)
    with app.app_context():
        db.session.add(WithdrawalRequest(channel="letter", received_at=asked_at))
        db.session.commit()
    client.delete(ME, headers=register(client))  # done at once: waits for nobody
    shown = scraped(client)
    assert shown["dosong_backup_timestamp_seconds"] == at.timestamp()
    assert shown['dosong_job_failures_total{job="expire"}'] == 1
    assert shown['dosong_job_success_timestamp_seconds{job="expire"}'] > at.timestamp()
    assert shown["dosong_withdrawals_open"] == 1
    oldest = shown["dosong_withdrawals_oldest_timestamp_seconds"]
    assert oldest == asked_at.timestamp()
    assert shown["dosong_disk_free_bytes"] > 0


def test_without_the_database_it_says_so(app: Flask, tmp_path: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    alone = create_app(
        DATABASE_URL=away, DATABASE_OWNER_URL=away, VAR_DIR=tmp_path, BOUNDARIES_DIR=None
    )
    shown = scraped(alone.test_client())
    assert shown["dosong_database_up"] == 0
    assert shown[f'dosong_build_info{{version="{VERSION}"}}'] == 1
    assert shown["dosong_disk_free_bytes"] > 0


def test_workers_count_together(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(program: str) -> str:
        command = [sys.executable, "-c", program]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, check=True, text=True
        )
        return done.stdout

    run(COUNTING), run(COUNTING)
    shown = read(run(TELLING))
    assert shown['dosong_samples_total{outcome="accepted"}'] == 2
    assert shown['dosong_verdicts_total{fate="counted"}'] == 2
    assert shown['dosong_request_seconds_count{kind="post",status="201"}'] == 2


def test_a_chore_that_fails_is_noted(tmp_path: Path) -> None:
    environment = {**os.environ, "VAR_DIR": str(tmp_path)}
    failing = Schedule("tiles", ("-c", "raise SystemExit(3)"), 60)
    command = PeriodicCommand(failing, environment)
    command.start_if_due()
    assert command.process is not None
    command.process.wait(20)
    command.start_if_due()
    command.start_if_due()
    noted = runs(tmp_path)["tiles"]
    assert (noted["last_success"], noted["failures"], noted["failing"]) == (None, 1, 1)
    assert SCHEDULES[0].typed == "flask coverage copy-counts"


def test_dashboard_and_alerts_ask_for_what_is_told(
    app: Flask, client: FlaskClient, own_var: Path
) -> None:
    test_backups_jobs_and_withdrawals_are_told(client, app, own_var, app.extensions["clock"])
    post(client, register(client), sample())
    shown = {series.partition("{")[0] for series in scraped(client)} | {"up"}
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    rules = yaml.safe_load((MONITORING / "alerts.yml").read_text())["groups"][0]["rules"]
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules]
    named = {name for one in asked for name in re.findall(r"\bdosong_[a-z_]+|\bup\b", one)}
    assert len(named) > 8
    assert named <= shown


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
@pytest.mark.parametrize(
    "words",
    [("check", "rules", "alerts.yml"), ("test", "rules", "alerts-test.yml"),
     ("check", "config", "--syntax-only", "prometheus.yml")],
)  # fmt: skip
def test_prometheus_reads_its_files(words: tuple[str, ...]) -> None:
    done: Any = subprocess.run(
        ["promtool", *words], cwd=MONITORING, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
