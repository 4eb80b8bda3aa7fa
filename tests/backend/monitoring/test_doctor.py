"""flask doctor: finds each planted fault, and nothing where nothing is wrong."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select, text

from backend.app import create_app
from backend.database.extensions import db
from backend.doors.webhooks.models import Webhook
from backend.monitoring import checks
from backend.run_log import record_run
from backend.witness import hosts
from tests.support import open_rmbt
from tests.support.oidc import office, rule
from tests.support.requirements import counting_from


@pytest.fixture
def var_dir(app: Flask, clock: Any, tmp_path: Path) -> Path:
    """A healthy installation: its own folder, today's time, a backup of this morning."""
    clock.now = datetime.now(UTC)
    app.config["VAR_DIR"] = tmp_path
    key = tmp_path / "secret_key"
    key.write_text(app.config["SECRET_KEY"])
    key.chmod(0o600)
    backed_up(tmp_path, clock.now - timedelta(hours=3))
    return tmp_path


def backed_up(var_dir: Path, at: datetime) -> None:
    folder = var_dir / "backups" / f"dosong-{at:%Y%m%dT%H%M%SZ}"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")


def visit(app: Flask) -> tuple[int, str]:
    done = app.test_cli_runner().invoke(args=["doctor"])
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output


@contextmanager
def planted(owner: Engine, table: str, fault: str) -> Iterator[None]:
    """A table that other tests need too, changed for a moment."""
    with owner.begin() as connection:
        connection.execute(text(f"create table healthy as select * from {table}"))
        connection.execute(text(f"update {table} set {fault}"))
    column, _, _ = fault.partition(" ")
    key = "true" if table == "alembic_version" else f"{table}.id = healthy.id"
    back = f"update {table} set {column} = healthy.{column} from healthy where {key}"
    try:
        yield
    finally:
        with owner.begin() as connection:
            connection.execute(text(back))
            connection.execute(text("drop table healthy"))


def found(app: Flask, words: str) -> None:
    """Check that one thing is wrong, and that what to type is shown."""
    code, output = visit(app)
    assert code == 1
    wrong = [line for line in output.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 1 and words in wrong[0], output


def test_production_without_a_proxy(app: Flask, var_dir: Path) -> None:
    app.config |= {"MODE": "production", "PUBLIC_URL": "https://do.example.vn"}
    found(app, "slow clients can stop a server without a proxy")
    app.config["TRUSTED_PROXIES"] = 1
    assert visit(app)[0] == 0


COPY = ["coverage", "copy-counts"]


def test_nothing_is_wrong_with_a_healthy_installation(app: Flask, var_dir: Path) -> None:
    app.test_cli_runner().invoke(args=COPY)
    code, output = visit(app)
    assert code == 0, output
    assert "warning  boundaries: Boundaries are approximate" in output
    assert "warning  counting: Samples count without confirmation" in output
    assert output.count("ok  ") == len(checks.CHECKS) - 2
    with counting_from(app, "witnessed"):
        assert "ok       counting" in visit(app)[1]


def test_public_counts_of_this_morning(app: Flask, var_dir: Path, clock: Any) -> None:
    clock.now -= timedelta(hours=3)
    app.test_cli_runner().invoke(args=COPY)
    clock.now += timedelta(hours=3)
    assert "warning  public_counts: The public sees communes as they were" in visit(app)[1]
    app.test_cli_runner().invoke(args=COPY)
    assert "ok       public_counts" in visit(app)[1]


def test_a_development_server_that_lets_the_network_in(app: Flask, var_dir: Path) -> None:
    app.config["BIND"] = "0.0.0.0"
    found(app, "lets the network in")


def test_a_clock_that_is_off(app: Flask, var_dir: Path, clock: Any) -> None:
    clock.now -= timedelta(minutes=3)
    found(app, "s from this machine's")


def test_a_key_that_others_can_read(app: Flask, var_dir: Path) -> None:
    (var_dir / "secret_key").chmod(0o644)
    found(app, "can be read by others (644)")


def test_a_folder_that_others_can_list(app: Flask, var_dir: Path) -> None:
    var_dir.chmod(0o755)
    code, output = visit(app)
    most = "711" if os.geteuid() == 0 else "700"
    assert code == 0 and "is open to others (755)" in output and f"chmod {most} " in output
    var_dir.chmod(int(most, 8))
    assert "is open to others" not in visit(app)[1]


def test_webhooks_that_deliver_nothing(app: Flask, var_dir: Path, clock: Any) -> None:
    long_ago = clock.now - timedelta(days=2)
    states: tuple[dict[str, Any], ...] = (
        {"failing_since": long_ago},
        {"failing_since": clock.now},
        {"disabled_at": long_ago, "disabled_reason": "failing"},
        {"disabled_at": long_ago, "disabled_reason": "by_admin"},
    )
    with app.app_context():
        for state in states:
            row = Webhook(url="https://example.vn", kinds=[], salt=b"x", cursor=0, **state)
            row.created_at = long_ago
            db.session.add(row)
        db.session.commit()
        first, _, third, _ = db.session.scalars(select(Webhook.id).order_by(Webhook.id))
    code, output = visit(app)
    assert code == 0
    warned = [line for line in output.splitlines() if "webhooks: " in line]
    assert len(warned) == 2
    assert f"Webhook {first} has delivered nothing" in warned[0]
    assert f"Webhook {third} was disabled" in warned[1]


def test_an_unknown_unit_in_a_rule(app: Flask, var_dir: Path, clock: Any) -> None:
    rules = var_dir / "rules.toml"
    rules.write_text(rule("everywhere", "x", "official", unit="99999"))
    with office(app, clock, rules):
        found(app, "The rule “everywhere” gives no role: There is no such team, organisation")
        rules.write_text("[[rule]")
        found(app, "The rules of OIDC_RULES cannot be read: rules.toml")
        rules.write_text(rule("hanoi", "x", "official", unit="01", level="province"))
        assert "ok       office_sign_in" in visit(app)[1]
        app.config |= {"MODE": "production", "TRUSTED_PROXIES": 1}
        found(app, "OIDC_ISSUER is not https")


def test_a_provider_that_is_away_or_another_one_is_a_warning(
    app: Flask, var_dir: Path, clock: Any
) -> None:
    with office(app, clock) as provider:
        output = visit(app)[1]
        assert "warning  office_sign_in: OIDC_RULES is not set" in output
        provider.metadata_changes = {"issuer": "https://evil.example"}
        assert "cannot be used: the issuer is another one" in visit(app)[1]
        app.config["OIDC_ISSUER"] = "http://127.0.0.1:9"
        code, output = visit(app)
        assert code == 0 and "cannot be used: ConnectionError" in output


def test_a_measuring_server_of_rtr_that_is_not_registered(app: Flask, var_dir: Path) -> None:
    app.config["OPEN_RMBT_URL"] = open_rmbt.SERVER_URL
    assert "(OPEN_RMBT_URL) is not registered" in visit(app)[1]
    open_rmbt.register_server(app)
    assert "OPEN_RMBT_URL" not in visit(app)[1]


def test_production_without_its_address(app: Flask, var_dir: Path) -> None:
    app.config |= {"MODE": "production", "TRUSTED_PROXIES": 1}
    (var_dir / "public_hosts").write_text("https://do.example.vn/\nhttps://evil.example/\n")
    code, output = visit(app)
    assert code == 0 and "warning  configuration: PUBLIC_URL is not set" in output
    assert "(https://do.example.vn/, https://evil.example/)" in output
    app.config["PUBLIC_URL"] = "https://do.example.vn"
    assert "PUBLIC_URL" not in visit(app)[1]


def test_no_backup_and_an_old_one(app: Flask, var_dir: Path, clock: Any) -> None:
    clock.now += timedelta(days=1)  # the clock's own check speaks up too
    code, output = visit(app)
    assert code == 1 and "WRONG    backups: The latest backup is of" in output
    app.config["BACKUP_DIR"] = var_dir / "elsewhere"
    assert "WRONG    backups: There is no backup." in visit(app)[1]


def test_a_job_that_failed_and_one_that_went_well_again(app: Flask, var_dir: Path) -> None:
    record_run(var_dir, "tiles", "flask web tiles", False)
    record_run(var_dir, "tiles", "flask web tiles", True)
    assert visit(app)[0] == 0
    for _ in range(2):
        record_run(var_dir, "statistics", "flask coverage refresh --hourly", False)
    found(app, "The job statistics failed 2 times")
    assert "Type: flask coverage refresh --hourly, and see" in visit(app)[1]


def test_a_full_disk(app: Flask, var_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MIN_FREE_BYTES", 10**18)
    code, output = visit(app)
    assert code == 1 and output.count("are free at") == 2, output


def test_tables_of_another_migration(app: Flask, var_dir: Path, owner: Engine) -> None:
    with planted(owner, "alembic_version", "version_num = '0001'"):
        found(app, "at migration 0001, the code at")


def test_no_boundaries(app: Flask, var_dir: Path, owner: Engine) -> None:
    with planted(owner, "boundary_sets", "activation = null"):
        found(app, "No boundary set serves today")


def test_a_role_that_may_too_much(app: Flask, var_dir: Path) -> None:
    with_owner = {"DATABASE_URL": app.config["DATABASE_OWNER_URL"], "VAR_DIR": var_dir}
    other = create_app(**with_owner)
    found(other, "may delete from the audit log")
    with other.app_context():
        db.engine.dispose()


def test_a_database_that_is_away(app: Flask, var_dir: Path) -> None:
    away = "postgresql+psycopg://nobody@/none?host=/nowhere"
    code, output = visit(create_app(DATABASE_URL=away, VAR_DIR=var_dir))
    assert code == 1
    assert "WRONG    database: The database does not answer" in output
    assert "ok       keys" in output  # the others are looked at all the same


def test_a_preferred_host_that_cannot_prove_samples(app: Flask, var_dir: Path, clock: Any) -> None:
    url = "https://speed.example.vn"
    app.config["SPEED_URL"] = url
    assert url not in visit(app)[1]  # claims count
    with counting_from(app, "ticketed"):
        assert (
            f"warning  counting: Samples count from ticketed, which tests at {url}" in visit(app)[1]
        )
        with app.app_context():
            hosts.add_host("old", url, None, clock.now)
        assert "ok       counting" in visit(app)[1]
    with counting_from(app, "witnessed"):
        code, output = visit(app)
        assert code == 0 and "Samples count from witnessed" in output
