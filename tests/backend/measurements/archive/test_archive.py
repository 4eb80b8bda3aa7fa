"""flask measurements archive, check-archive, restore: months as files, and back to the byte."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import geopandas
import pyarrow.parquet as pq
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from backend.database.extensions import db
from backend.measurements.archive import service as archive_service
from backend.measurements.recording.incoming import LOADED
from tests.support.clock import FakeClock
from tests.support.factories import location, post, register, sample

MONTH = "2024-11"
DECEMBER = datetime(2024, 12, 5, tzinfo=UTC)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(archive_service, "FOLDER", tmp_path / "archive")
    return tmp_path / "archive"


@pytest.fixture
def headers(app: Flask, client: FlaskClient, clock: FakeClock, folder: Path) -> dict[str, str]:
    """A phone that posted what fills every column, in a month that is over by now."""
    mine = register(client)
    clock.now = datetime(2024, 12, 1, tzinfo=UTC)
    kwargs = {"comment": "quán cà phê 𝔘", "app_build": 12345678901234567890, "download_mbps": 48.20}
    post(client, mine, sample(**kwargs), sample("2024-11-15T10:00:00+07:00"))
    post(client, mine, sample("2024-11-30T23:30:00+07:00", status="failed"))
    post(client, mine, sample("2024-11-16T09:00:00+07:00", location=None))
    post(client, mine, sample("2024-12-01T00:30:00+07:00"))  # another month
    clock.now = DECEMBER
    return mine


def run(app: Flask, *words: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=["measurements", *words])
    return result.exit_code, result.output


def stored(app: Flask, month: str = MONTH) -> list[str]:
    """Every row of a month, as the database spells it."""
    asked = "select m::text from measurements m where to_char(day, 'YYYY-MM') = :month order by 1"
    with app.app_context():
        return list(db.session.execute(text(asked), {"month": month}).scalars())


def test_a_month_comes_back_to_the_byte(
    app: Flask, owner: Engine, folder: Path, headers: dict[str, str]
) -> None:
    before = stored(app)
    assert run(app, "archive", MONTH)[0] == 0
    written = (folder / f"{MONTH}.parquet").read_bytes()
    with owner.begin() as connection:
        connection.execute(text("delete from measurements where day < '2024-12-01'"))
    status, answer = run(app, "check-archive", MONTH)
    assert status == 1 and "differs from the archive" in answer
    assert run(app, "restore", MONTH)[1].endswith("restored: 4; skipped, of withdrawn devices: 0\n")
    assert stored(app) == before and len(stored(app, "2024-12")) == 1
    assert run(app, "recount") == (0, "differences: 0\n")
    assert run(app, "restore", MONTH)[1].startswith(f"{MONTH}: restored: 0;")
    assert run(app, "archive", MONTH)[0] == 0
    assert (folder / f"{MONTH}.parquet").read_bytes() == written


def test_an_archive_is_the_same_whatever_time_zone_the_server_tells(
    app: Flask, owner: Engine, folder: Path, headers: dict[str, str]
) -> None:
    assert run(app, "archive", MONTH)[0] == 0
    with owner.begin() as connection:
        name = connection.execute(text("select quote_ident(current_database())")).scalar_one()
        connection.execute(text(f"alter database {name} set timezone = 'Asia/Ho_Chi_Minh'"))
    try:
        with app.app_context():
            db.engine.dispose()
        assert any("+07" in row for row in stored(app))
        assert run(app, "check-archive", MONTH)[0] == 0
    finally:
        with owner.begin() as connection:
            connection.execute(text(f"alter database {name} reset timezone"))
        with app.app_context():
            db.engine.dispose()


def test_who_posts_while_a_month_comes_back_is_judged_with_it(
    app: Flask, client: FlaskClient, owner: Engine, folder: Path, headers: dict[str, str]
) -> None:
    run(app, "archive", MONTH)
    with owner.begin() as connection:
        connection.execute(text("delete from measurements"))
        before = connection.execute(text("select version from devices")).scalar_one()
    run(app, "restore", MONTH)
    with owner.begin() as connection:
        assert connection.execute(text("select version from devices")).scalar_one() > before


def test_strangers_read_it_and_other_users_cannot(
    app: Flask, folder: Path, headers: dict[str, str]
) -> None:
    run(app, "archive", MONTH)
    path = folder / f"{MONTH}.parquet"
    assert [one.stat().st_mode & 0o777 for one in (folder, path, path.with_suffix(".json"))] == [
        0o700, 0o600, 0o600,
    ]  # fmt: skip
    frame = geopandas.read_parquet(path)
    assert frame.crs.to_authority() == ("OGC", "CRS84")
    assert sorted(frame["day"].astype(str)) == list(frame["day"].astype(str))
    assert frame["geometry"].isna().sum() == 1
    asked = f"select fate, count(*), min(unit_code) from '{path}' group by 1 order by 1"
    assert duckdb.sql(asked).fetchall() == [
        ("counted", 1, "05437"), ("failed_test", 1, "05437"), ("position_missing", 1, None),
        ("repeat", 1, "05437"),
    ]  # fmt: skip
    manifest = json.loads(path.with_suffix(".json").read_text())
    assert (manifest["rows"], manifest["version"]) == (4, 5)


@pytest.mark.parametrize(
    ("version", "lacks"),
    [
        ("1", ["assurance", "data_cap_mb", *LOADED, "host"]),
        ("2", ["data_cap_mb", *LOADED, "host"]),
        ("3", [*LOADED, "host"]),
        ("4", ["host"]),
    ],
)
def test_an_archive_of_an_earlier_version_is_restored(
    app: Flask, folder: Path, headers: dict[str, str], owner: Engine, version: str, lacks: list[str]
) -> None:
    run(app, "archive", MONTH)
    path = folder / f"{MONTH}.parquet"
    old = pq.read_table(path).drop_columns(lacks)
    pq.write_table(old.replace_schema_metadata({"dosong_archive": version}), path)
    manifest = json.loads(path.with_suffix(".json").read_text())
    manifest |= {"version": int(version), "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(manifest))
    with owner.begin() as connection:
        connection.execute(text("delete from measurements"))
    assert run(app, "restore", MONTH)[0] == 0
    with owner.begin() as connection:
        for column in lacks:
            values = connection.execute(text(f"select {column} from measurements")).scalars()
            assert list(values) == [None] * 4


def test_what_is_damaged_or_missing_or_too_early_is_told(
    app: Flask, clock: FakeClock, folder: Path, headers: dict[str, str]
) -> None:
    assert "no archive of this month" in run(app, "restore", MONTH)[1]
    clock.now = datetime(2024, 11, 30, 16, tzinfo=UTC)
    assert "not over" in run(app, "archive", MONTH)[1]
    clock.now = DECEMBER
    run(app, "archive", MONTH)
    path = folder / f"{MONTH}.parquet"
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    for command in ("restore", "check-archive"):
        status, answer = run(app, command, MONTH)
        assert status == 1 and "damaged" in answer
    assert list(folder.glob(".*")) == []


def test_an_archive_that_holds_more_is_never_written_over(
    app: Flask, owner: Engine, folder: Path, headers: dict[str, str]
) -> None:
    run(app, "archive", MONTH)
    held = (folder / f"{MONTH}.parquet").read_bytes()
    with owner.begin() as connection:
        connection.execute(text("delete from measurements where status = 'failed'"))
    assert "contains more" in run(app, "archive", MONTH)[1]
    done = app.test_cli_runner().invoke(args=["privacy", "expire"])
    assert done.exit_code == 1 and MONTH in done.output
    assert (folder / f"{MONTH}.parquet").read_bytes() == held


def expire(app: Flask) -> str:
    done = app.test_cli_runner().invoke(args=["privacy", "expire"])
    assert done.exit_code == 0, done.output
    return str(done.output)


def texts(folder: Path) -> str:
    return duckdb.sql(f"select * from '{folder}/*.parquet'").df().to_csv()


@pytest.mark.parametrize("days", [0, 20])  # its rows are removed, or stay without a person
def test_withdrawals_and_retention_reach_the_archive(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    folder: Path,
    headers: dict[str, str],
    days: int,
) -> None:
    other = register(client)
    clock.now = datetime(2024, 11, 20, tzinfo=UTC)
    elsewhere = location(latitude=21.581234)
    post(client, other, sample("2024-11-17T09:00:00+07:00", location=elsewhere))
    clock.now = DECEMBER
    run(app, "archive", MONTH)
    assert "archives" not in expire(app)
    clock.now += timedelta(days=days)
    assert "21.5942" in texts(folder) and "quán cà phê" in texts(folder)
    assert client.delete("/api/v1/devices/me", headers=headers).status_code == 200
    assert run(app, "restore", MONTH)[1].endswith("restored: 0; skipped, of withdrawn devices: 4\n")
    assert f"archives written again: {MONTH}" in expire(app)
    assert "21.5942" not in texts(folder) and "quán cà phê" not in texts(folder)
    assert "21.581234" in texts(folder)
    clock.now = DECEMBER + timedelta(days=90)
    expire(app)
    assert "21.581234" not in texts(folder) and "21.581" in texts(folder)
    assert run(app, "check-archive", MONTH)[0] == 0
    assert run(app, "recount")[0] == 0


def test_what_comes_back_to_days_that_were_coarsened_is_coarsened_too(
    app: Flask, owner: Engine, clock: FakeClock, folder: Path, headers: dict[str, str]
) -> None:
    run(app, "archive", MONTH)
    with owner.begin() as connection:  # an accident
        connection.execute(text("delete from measurements where day < '2024-12-01'"))
    clock.now = DECEMBER + timedelta(days=100)
    app.test_cli_runner().invoke(args=["privacy", "expire"])
    assert "restored: 4;" in run(app, "restore", MONTH)[1]
    assert any("21.5942" in row for row in stored(app))
    expire(app)
    assert not any("21.5942" in row for row in stored(app))
    assert "21.5942" not in texts(folder)
