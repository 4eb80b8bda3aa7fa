"""Settings: a value that cannot be used ends the start and is named."""

import os
import stat
from logging import getLevelName
from pathlib import Path

import pytest

from backend.coverage.signals.findings import POSITION_DECIMALS
from backend.coverage.statistics.release_rules import CELL_RESOLUTION
from backend.database import extensions
from backend.doors.odata import views as odata
from backend.http import logging as http_logging
from backend.http import requests
from backend.measurements.archive import service as archive
from backend.measurements.recording.rules import MAX_AGE
from backend.outbox import service as outbox
from backend.units import cli as units_cli
from backend.web.admin import job_kinds
from backend.web.measure import speed
from config import settings
from config.settings import FORMER, SettingError
from config.workers import THREADS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODE", "test"),
        ("PORT", "eight thousand"),
        ("SPEED_AT_ONCE", "-1"),
        ("SMTP_TLS", "maybe"),
        ("BOUNDARIES_DIR", "/nowhere/at/all"),
        ("DIGEST_WEBHOOK", "ftp://example.vn"),
        ("SPEED_URL", "https://speed.example.vn/path"),
        ("PUBLISH", "later"),
        ("COARSEN_AFTER_DAYS", "60"),
        ("OIDC_ISSUER", "sso.example.vn"),
        ("OIDC_RULES", "/nowhere/rules.toml"),
        ("OPEN_RMBT_URL", "https://rmbt.example.vn/path"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name}=.*{value}"):
        settings.read({"VAR_DIR": str(tmp_path), name: value})


def test_production_names_its_operator(tmp_path: Path) -> None:
    given = {"VAR_DIR": str(tmp_path), "MODE": "production"}
    with pytest.raises(SettingError, match="OPERATOR_NAME"):
        settings.read(given)
    with pytest.raises(SettingError, match="OPERATOR_CONTACT"):
        settings.read({**given, "OPERATOR_NAME": "Sở KH&CN"})
    named = settings.read({**given, "OPERATOR_NAME": "Sở KH&CN", "OPERATOR_CONTACT": "0208"})
    assert named["MODE"] == "production"


def test_a_provider_needs_the_name_of_this_installation(tmp_path: Path) -> None:
    given = {"VAR_DIR": str(tmp_path), "OIDC_ISSUER": "https://sso.example.vn"}
    with pytest.raises(SettingError, match="OIDC_CLIENT_ID is required"):
        settings.read(given)
    given["OIDC_CLIENT_ID"] = "do-song"
    assert settings.read(given)["OIDC_CLIENT_SECRET"] == ""
    chosen = settings.read({**given, "OIDC_SCOPES": "openid  roles"})
    assert chosen["OIDC_SCOPES"] == ("openid", "roles")
    with pytest.raises(SettingError, match="OIDC_SCOPES"):
        settings.read({**given, "OIDC_SCOPES": "profile email"})


def test_a_measuring_server_of_rtr_needs_its_secret(tmp_path: Path) -> None:
    given = {"VAR_DIR": str(tmp_path), "OPEN_RMBT_URL": "https://rmbt.example.vn"}
    with pytest.raises(SettingError, match="OPEN_RMBT_KEY is required"):
        settings.read(given)


def test_a_former_setting_with_another_value_is_named_in_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"VAR_DIR": str(tmp_path)}
    fixed = {name: value.replace("VAR_DIR", str(tmp_path)) for name, value in FORMER.items()}
    assert settings.read(given | fixed) == settings.read(given | dict.fromkeys(FORMER, ""))
    assert capsys.readouterr().err == ""
    for name, value in FORMER.items():
        settings.read(given | fixed | {name: f"{value}0"})
        assert f"{name} is no longer a setting, it is always {value}." in capsys.readouterr().err


def test_former_settings_have_the_values_that_are_in_use() -> None:
    constants = {
        "ARCHIVE_DIR": f"VAR_DIR/{archive.FOLDER}",
        "BOUNDARIES_URL": units_cli.SOURCE_URL,
        "CELL_RESOLUTION": CELL_RESOLUTION,
        "DATABASE_POOL": extensions.MAX_POOL,
        "DATABASE_TIMEOUT_S": extensions.POOL_WAIT_S,
        "EVENTS_DAYS": outbox.KEPT.days,
        "LOG_LEVEL": getLevelName(http_logging.LEVEL),
        "MAX_BODY_BYTES": requests.MAX_BODY_BYTES,
        "ODATA_PER_HOUR": odata.PER_HOUR,
        "REACHED_IS": ">=",
        "SAMPLE_DECIMALS": POSITION_DECIMALS,
        "SET_CPU_S": job_kinds.MAX_CPU_S,
        "SET_MEMORY_MB": job_kinds.MAX_MEMORY_BYTES // 1_000_000,
        "SPEED_GB_PER_HOUR": speed.MAX_ADDRESS_PER_HOUR // 1_000_000_000,
        "WEB_THREADS": THREADS,
    }
    assert {name: str(value) for name, value in constants.items()} == FORMER
    assert not set(FORMER) & {setting.name for setting in settings.SETTINGS}


PRODUCTION = {"MODE": "production", "OPERATOR_NAME": "Sở KH&CN", "OPERATOR_CONTACT": "0208"}


@pytest.mark.parametrize("key", ["a", "x" * 31, "mật khẩu"])
def test_production_refuses_a_short_key(tmp_path: Path, key: str) -> None:
    given = {"VAR_DIR": str(tmp_path), "SECRET_KEY": key}
    with pytest.raises(SettingError, match="SECRET_KEY has fewer than 32 bytes") as refused:
        settings.read({**PRODUCTION, **given})
    assert f"={key}" not in str(refused.value)
    assert settings.read(given)["SECRET_KEY"] == key  # for a trial


def test_a_long_key_and_a_generated_one_serve_production(tmp_path: Path) -> None:
    given = {**PRODUCTION, "VAR_DIR": str(tmp_path)}
    assert len(settings.read(given)["SECRET_KEY"]) == 64
    assert settings.read({**given, "SECRET_KEY": "x" * 32})["SECRET_KEY"] == "x" * 32


def test_the_folder_of_keys_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        settings.read({"VAR_DIR": str(tmp_path / "var")})
    finally:
        os.umask(before)
    mode = stat.S_IMODE((tmp_path / "var").stat().st_mode)
    assert mode == (0o711 if os.geteuid() == 0 else 0o700)


def test_the_mode_of_a_folder_that_exists_stays(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    settings.read({"VAR_DIR": str(tmp_path)})
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_no_body_outlives_the_position_that_it_holds(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="RETENTION_DAYS is less than COARSEN_AFTER_DAYS"):
        settings.read({"VAR_DIR": str(tmp_path), "RETENTION_DAYS": "80"})
    kept = settings.read(
        {"VAR_DIR": str(tmp_path), "RETENTION_DAYS": "80", "COARSEN_AFTER_DAYS": "80"}
    )
    assert kept["RETENTION_DAYS"] == 80


def test_what_is_coarsened_can_no_longer_be_joined_by_late_samples() -> None:
    assert MAX_AGE.days == settings.ARRIVAL_DAYS


def test_a_refused_address_of_the_database_tells_no_password(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"^DATABASE_URL: must be") as refused:
        settings.read({"VAR_DIR": str(tmp_path), "DATABASE_URL": "mysql://dosong:secret@host/db"})
    assert "secret" not in str(refused.value)


def test_addresses_that_people_paste_name_the_driver(tmp_path: Path) -> None:
    for pasted in ("postgres://h/db", "postgresql://h/db", "postgresql+psycopg://h/db"):
        read = settings.read({"VAR_DIR": str(tmp_path), "DATABASE_URL": pasted})
        assert read["DATABASE_URL"] == read["DATABASE_OWNER_URL"] == "postgresql+psycopg://h/db"
