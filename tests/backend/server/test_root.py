"""Started as root: the servers continue as the owner of VAR_DIR, or refuse in production."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import SettingError
from config.workers import refuse_root

ROOT = Path(__file__).parents[3]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
AFTER = """
import os, sys
from pathlib import Path
from backend.server.running.serve import leave_root
leave_root(Path(sys.argv[1]))
print(os.getresuid(), os.getresgid(), sorted(os.getgroups()))
"""


def ids_after(var_dir: Path) -> str:
    command = [sys.executable, "-c", AFTER, str(var_dir)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


@needs_root
def test_root_continues_as_the_owner_of_the_folder(tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.chown(tmp_path, nobody.pw_uid, nobody.pw_gid)
    uid, gid = nobody.pw_uid, nobody.pw_gid
    assert ids_after(tmp_path) == f"{(uid,) * 3} {(gid,) * 3} {[gid]}"


@needs_root
def test_an_owner_without_a_name_has_no_groups(tmp_path: Path) -> None:
    os.chown(tmp_path, 61234, 61234)
    assert ids_after(tmp_path) == f"{(61234,) * 3} {(61234,) * 3} []"


def test_in_a_folder_of_its_own_it_stays_who_it_is(tmp_path: Path) -> None:
    assert ids_after(tmp_path).startswith(str(os.getresuid()))


@needs_root
@pytest.mark.parametrize(
    "program", [("backend.server",), ("gunicorn", "-c", "config/gunicorn.py", "wsgi:app")]
)
def test_production_does_not_serve_as_root(tmp_path: Path, program: tuple[str, ...]) -> None:
    given = {"MODE": "production", "OPERATOR_NAME": "Sở", "OPERATOR_CONTACT": "0208"}
    environment = {**os.environ, **given, "VAR_DIR": str(tmp_path)}
    command = [sys.executable, "-m", *program]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0 and "refuses to serve as root" in done.stdout + done.stderr


def test_another_account_and_a_trial_may_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_root("development")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    refuse_root("production")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SettingError, match="refuses to serve as root"):
        refuse_root("production")
