"""The embedded PostgreSQL: a real server, started, killed and started again."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, text

from backend.server.postgres.embedded import PORT, EmbeddedPostgres, PostgresError, binary
from backend.server.postgres.programs import Account, make_socket_folder, pid_of, socket_folder
from backend.server.postgres.roles import REPORTING_SETTINGS, SUPERUSER, url

AWKWARD = "Đo Sóng – thử 'một'"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture(scope="module")
def var_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # pytest's own folder is closed to everybody else: the case of a clone below /root.
    return tmp_path_factory.mktemp("closed") / AWKWARD / "var"


@pytest.fixture(scope="module")
def server(var_dir: Path) -> Iterator[EmbeddedPostgres]:
    var_dir.parent.mkdir(mode=0o755)
    server = EmbeddedPostgres(var_dir, fsync=False)
    yield server
    server.stop()
    shutil.rmtree(server.socket_dir, ignore_errors=True)


def ask(url: str, statement: str) -> object:
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        engine.dispose()


def modes(paths: list[Path]) -> list[tuple[int, int, int]]:
    found = [path.stat() for path in paths]
    return [(status.st_mode, status.st_uid, status.st_gid) for status in found]


@pytest.mark.slow
def test_start_changes_no_existing_folder(server: EmbeddedPostgres, var_dir: Path) -> None:
    existing = [*var_dir.parents, *binary("postgres").parents]
    before = modes(existing)
    server.start()
    assert server.running()
    assert modes(existing) == before


def test_start_again_does_nothing(server: EmbeddedPostgres) -> None:
    server.start()
    pid = pid_of(server.data)
    EmbeddedPostgres(server.var_dir, fsync=False).start()
    assert pid_of(server.data) == pid


def test_owner_may_migrate_and_app_may_only_sign_in(server: EmbeddedPostgres) -> None:
    server.start()
    ask(server.owner_url, "CREATE TABLE IF NOT EXISTS kept (id int)")
    ask(server.owner_url, "CREATE EXTENSION IF NOT EXISTS btree_gist")
    assert ask(server.app_url, "SELECT current_user") == "dosong_app"
    for statement in ("SELECT * FROM kept", "CREATE TABLE other (id int)", "CREATE ROLE x"):
        with pytest.raises(Exception, match="permission denied"):
            ask(server.app_url, statement)


def test_a_database_of_an_earlier_version_gets_the_role_of_analysts(
    server: EmbeddedPostgres,
) -> None:
    server.start()
    postgres = url(SUPERUSER, server.passwords.of(SUPERUSER), server.socket_dir, PORT)
    ask(postgres, "DROP ROLE dosong_reporting")
    known = json.loads(server.passwords.path.read_text())
    del known["dosong_reporting"]
    server.passwords.path.write_text(json.dumps(known))
    server.stop()
    server.start()
    kept = json.loads(server.passwords.path.read_text())
    assert {name: kept[name] for name in known} == known
    assert stat.S_IMODE(server.passwords.path.stat().st_mode) == 0o600
    limits = "SELECT rolconnlimit || array_to_string(rolconfig, ' ') FROM pg_roles"
    found = str(ask(postgres, f"{limits} WHERE rolname = 'dosong_reporting'"))
    assert found.startswith("10")
    assert all(f"{name}={value}" in found for name, value in REPORTING_SETTINGS.items())


def test_settings_are_durable_and_utf8(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    asked = "SELECT current_setting('{}')"
    expected = {"listen_addresses": "", "synchronous_commit": "on", "server_encoding": "UTF8"}
    expected |= {"password_encryption": "scram-sha-256", "TimeZone": "UTC"}
    for name, value in expected.items():
        assert ask(server.app_url, asked.format(name)) == value
    assert EmbeddedPostgres(tmp_path).fsync


def test_nobody_enters_without_a_password(server: EmbeddedPostgres) -> None:
    server.start()
    url = make_url(server.app_url).set(password="guess")
    with pytest.raises(Exception, match="password authentication failed"):
        ask(url.render_as_string(hide_password=False), "SELECT 1")
    assert stat.S_IMODE(server.passwords.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert len(os.fsencode(server.socket_dir)) + len("/.s.PGSQL.5432.lock") < 107


@pytest.mark.long
def test_a_killed_server_is_started_again_with_its_data(server: EmbeddedPostgres) -> None:
    server.start()
    ask(server.owner_url, "CREATE TABLE survivor AS SELECT 42 AS value")
    pid = pid_of(server.data)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    while pid_of(server.data) == pid:
        time.sleep(0.01)
    assert not server.running()
    server.start()
    assert ask(server.owner_url, "SELECT value FROM survivor") == 42


def test_a_pid_file_of_another_program_is_in_nobodys_way(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    assert not server.running()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n0\n5432\n")
    assert not server.running()
    server.start()
    assert server.running()


def test_a_swept_socket_folder_is_made_again(server: EmbeddedPostgres) -> None:
    server.start()
    shutil.rmtree(server.socket_dir)
    assert not server.running()
    server.start()
    assert ask(server.app_url, "SELECT 1") == 1


def test_stop_is_clean_and_may_be_repeated(server: EmbeddedPostgres) -> None:
    with server:
        assert server.running()
    server.stop()
    assert pid_of(server.data) is None
    assert "database system is shut down" in server.log.read_text().splitlines()[-1]


def test_a_broken_server_tells_what_its_log_says(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    monkeypatch.setattr("backend.server.postgres.embedded.START_TRIES", 0)
    monkeypatch.setattr("backend.server.postgres.embedded.SETTINGS", {"shared_buffers": "many"})
    with pytest.raises(PostgresError, match="shared_buffers"):
        server.start()


@pytest.mark.slow
def test_a_half_made_database_is_made_anew(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "var", fsync=False)
    (tmp_path / "var" / "postgres.new").mkdir(parents=True)
    (tmp_path / "var" / "postgres.new" / "PG_VERSION").touch()
    with server:
        assert ask(server.app_url, "SELECT 1") == 1
    shutil.rmtree(server.socket_dir)


def test_lost_passwords_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PostgresError, match="backup of VAR_DIR"):
        _ = EmbeddedPostgres(tmp_path).app_url


def test_a_folder_that_somebody_else_put_there_is_refused(tmp_path: Path) -> None:
    account = Account(os.geteuid(), os.getegid())
    path = tmp_path / "socket"
    (tmp_path / "elsewhere").mkdir()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PostgresError, match="Remove it"):
        make_socket_folder(path, account)
    path.unlink()
    path.mkdir(mode=0o755)
    with pytest.raises(PostgresError, match="mode 0700"):
        make_socket_folder(path, account)


def test_a_long_temporary_folder_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("x" * 80)))
    assert socket_folder(tmp_path, Account(1, 1)).parent == Path("/tmp")


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(PostgresError, match="pg_nothing"):
        binary("pg_nothing")


def test_its_programs_work(server: EmbeddedPostgres) -> None:
    server.start()
    url = make_url(server.owner_url).set(drivername="postgresql")
    command = [binary("pg_dump"), "--schema-only", url.render_as_string(hide_password=False)]
    dump = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "PostgreSQL database dump complete" in dump.stdout
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        assert connection.info.server_version >= 150000


AS_ORDINARY_USER = """
import sys
from backend.server.postgres.embedded import EmbeddedPostgres
with EmbeddedPostgres(sys.argv[1], fsync=False) as server:
    print(server.account.uid, server.running())
"""


@pytest.mark.slow
@needs_root
def test_an_ordinary_user_runs_it_too(tmp_path: Path) -> None:
    user = pwd.getpwnam("daemon")
    home = tmp_path / "nhà"
    home.mkdir(mode=0o700)
    os.chown(home, user.pw_uid, user.pw_gid)
    become = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]  # to reach Python
    command = [*become, sys.executable, "-c", AS_ORDINARY_USER, str(home / "var")]
    here = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, check=False)
    assert (done.stdout, done.stderr) == (f"{user.pw_uid} True\n", "")
    # Root takes the same data as their owner, and leaves them that owner's.
    with EmbeddedPostgres(home / "var", fsync=False) as server:
        assert server.account.uid == user.pw_uid
        assert ask(server.app_url, "SELECT 1") == 1
    owners = {path.stat().st_uid for path in (home / "var").rglob("*")}
    assert owners == {user.pw_uid}
    shutil.rmtree(server.socket_dir)


@pytest.mark.slow
@needs_root
def test_a_clone_below_a_closed_folder_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in /root/dosong, whose .venv, and so PostgreSQL's own programs, nobody else reaches."""
    package = binary("postgres").parents[2]
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in (package.name, f"{package.name}.libs"):
        unused = shutil.ignore_patterns("include", "*.a")
        shutil.copytree(package.with_name(name), closed / name, ignore=unused)
    there = SimpleNamespace(origin=str(closed / package.name / "__init__.py"))
    monkeypatch.setattr("backend.server.postgres.programs.find_spec", lambda name: there)
    with EmbeddedPostgres(closed / "var", fsync=False) as server:
        assert ask(server.app_url, "SELECT 1") == 1
    shutil.rmtree(server.socket_dir)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
