"""The first page of admins: steps of a new installation, commands to copy; times and pictures."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.jobs.models import Job
from backend.jobs.service import seconds_left
from backend.monitoring.checks import CHECKS, Finding
from backend.monitoring.first_run import first_run
from tests.support import people
from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock
from tests.support.people import account

NOW = datetime(2026, 11, 20, 3, tzinfo=UTC)


def left(app: Flask, now: datetime, *, encrypted: bool = True) -> list[str]:
    with app.app_context():
        steps = first_run(app.config, now, encrypted=encrypted)
        return [step.name for step in steps if not step.done]


def test_each_step_is_done_by_its_real_state(
    app: Flask, admin: AdminBrowser, clock: FakeClock, tmp_path: Path
) -> None:
    names = {"OPERATOR_NAME": "", "OPERATOR_CONTACT": "", "PUBLIC_URL": "", "SMTP_HOST": ""}
    app.config.update(names, BACKUP_DIR=str(tmp_path))
    assert left(app, clock.now) == ["operator", "tls", "mail", "backup", "boundaries", "official"]
    page = admin.get("/admin")
    assert "<strong>0</strong> trên 6 bước đã xong" in page
    app.config.update(OPERATOR_NAME="Sở KH&CN", OPERATOR_CONTACT="0208 3855 555")
    app.config.update(SMTP_HOST="127.0.0.1", MAIL_FROM="a@example.vn")
    app.config.update(PUBLIC_URL="https://do.example.vn")
    folder = tmp_path / "dosong-20241120T000000Z"
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    account(app, "lan@example.vn", "official", people.unit_id(app, "05443"))
    assert left(app, clock.now) == ["boundaries"]
    assert left(app, clock.now, encrypted=False) == ["tls", "boundaries"]


@pytest.mark.parametrize(
    ("environment", "files", "found"),
    [
        (
            {},
            (),
            [
                ">scripts/settings OPERATOR_NAME=",
                ">scripts/backup</textarea>",
                "scripts/serve --reload",
            ],
        ),
        (
            {"INVOCATION_ID": "x"},
            (),
            [
                ">systemctl enable --now dosong-backup.timer<",
                "systemctl reload dosong",
                ">VAR_DIR=/",
            ],
        ),
        (
            {},
            (Path("/"),),
            [
                ">docker compose exec app python -m backend.server.backup",
                "settings_command OPERATOR_NAME=",
                "docker compose restart app",
            ],
        ),
    ],
    ids=["scripts/serve", "systemd", "compose"],
)
def test_commands_fit_the_way_the_server_was_started(
    admin: AdminBrowser, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str],
    files: tuple[Path, ...], found: list[str],
) -> None:  # fmt: skip
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("backend.monitoring.first_run.CONTAINER_FILES", files)
    page = admin.get("/admin")
    assert [one for one in found if one not in page] == []
    assert ("systemctl" in page) == bool(environment)


def test_an_empty_server_says_how_its_first_admin_is_made(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    for page in ("/?lang=vi", "/sign-in?lang=vi"):
        text = client.get(page).text
        assert "chưa có quản trị viên" in text and "accounts create-admin" in text, page
    AdminBrowser(app, client, clock.now)
    assert "create-admin" not in app.test_client().get("/sign-in").text


def test_findings_have_the_command_to_copy(admin: AdminBrowser) -> None:
    page = admin.get("/admin")
    assert ">scripts/backup</textarea>" in page and 'data-copy="command-backups-1"' in page
    assert f"trên {len(CHECKS) - 1} mục tốt" in page  # the office's sign-in is off


def test_a_command_quotes_its_path() -> None:
    finding = Finding("x", "y", {"path": "/srv/đo sóng/key"}, command="chmod 600 {path}")
    assert finding.command_line() == "chmod 600 '/srv/đo sóng/key'"
    assert Finding("x", "y").command_line() is None


@pytest.mark.parametrize(
    ("state", "done", "whole", "seconds"),
    [("running", 25, 100, 180.0), ("running", 100, 100, 0.0), ("running", 0, 100, None),
     ("running", 1, 0, None), ("waiting", 0, 0, None)],
)  # fmt: skip
def test_the_time_left_follows_the_speed_so_far(
    state: str, done: int, whole: int, seconds: float | None
) -> None:
    job = Job(state=state, done=done, whole=whole, started_at=NOW - timedelta(minutes=1))
    assert seconds_left(job, NOW) == seconds
    assert seconds_left(Job(state=state, done=done, whole=whole), NOW) is None


def test_the_audit_log_is_filtered_by_the_name_of_a_person(app: Flask, admin: AdminBrowser) -> None:
    lan = account(app, "lan@example.vn")
    admin.done(f"/admin/people/{lan}", role="official", unit="Tỉnh Thái Nguyên")
    page = admin.get(f"/admin/audit?subject=user:{lan}")
    assert f">lan@example.vn</a> <small>user:{lan}</small>" in page
    assert "role.<wbr>grant" in admin.get("/admin/audit?actor=quantri@")
    assert "Không có mục nào" in admin.get("/admin/audit?actor=lan@")
