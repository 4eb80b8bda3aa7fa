"""One file of settings: written by one command, read by every start, checked by doctor."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from flask import Flask

from backend.clock import utc_now
from backend.monitoring.checks import CheckContext, settings_file
from backend.server.running.settings_command import main
from config import settings
from config.settings import SettingError

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "config/deploy"
GIVEN = (
    "OPERATOR_NAME=Sở KH&CN 'Thái Nguyên' $5", "OPERATOR_CONTACT=0208 3855 692",
    "SMTP_HOST=mail.example.vn", 'SMTP_PASSWORD=a "b" $c',
    "OIDC_ISSUER=https://sso.example.vn", "OIDC_CLIENT_ID=do-song",
)  # fmt: skip


@pytest.fixture
def var_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A VAR_DIR of the environment, in which no other setting stands."""
    for setting in settings.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setenv("VAR_DIR", str(tmp_path / "var"))
    return tmp_path / "var"


def append(var_dir: Path, line: str) -> None:
    """Write a line into the file by hand."""
    with (var_dir / "settings.env").open("a") as file:
        file.write(f"{line}\n")


def words_of(path: Path, key: str) -> list[str]:
    """The words of the lines of a unit that begin with a key."""
    lines = path.read_text().splitlines()
    values = [line.removeprefix(f"{key}=") for line in lines if line.startswith(f"{key}=")]
    return [word for value in values for word in shlex.split(value)]


def environment_of(unit: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words_of(DEPLOY / unit, "Environment"))


def environment_of_compose() -> dict[str, str]:
    """What compose passes with the .env of the example, in which only passwords are set."""
    app = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]
    return {
        name: "" if value.endswith(":-}") else value.replace("${", "").replace("}", "")
        for name, value in app["environment"].items()
    }


STARTS = {
    "scripts/serve": {},
    "systemd": environment_of("dosong.service"),
    "timer of systemd": environment_of("dosong-digest@.service"),
    "compose": environment_of_compose(),
    "cron in the container": environment_of_compose(),
}
READ = """
from wsgi import app
c = app.config
print([c[n] for n in ("OPERATOR_NAME", "SMTP_HOST", "SMTP_PASSWORD")])
print(app.extensions["oidc_provider"].issuer, c["MODE"])
"""


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTS)
def test_the_file_reaches_the_application_however_it_is_started(var_dir: Path, start: str) -> None:
    """Each starts the app with its own environment and with this file."""
    assert main(GIVEN) == 0
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = kept | STARTS[start] | {"VAR_DIR": str(var_dir), "TMPDIR": str(var_dir)}
    environment |= {"DATABASE_URL": "postgresql://127.0.0.1:9/none"}  # the app connects later
    done = subprocess.run(
        [sys.executable, "-c", READ], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    operator, password = GIVEN[0].partition("=")[2], GIVEN[3].partition("=")[2]
    mode = STARTS[start].get("MODE", "development")
    assert done.stdout.splitlines() == [
        str([operator, "mail.example.vn", password]),
        f"https://sso.example.vn {mode}",
    ]


def test_every_way_of_starting_leads_to_the_file() -> None:
    """None needs another file, and none has a setting that the file could not have."""
    for unit in DEPLOY.glob("dosong*.service"):
        assert words_of(unit, "EnvironmentFile") == ["-/etc/dosong.env"], unit.name
        assert environment_of(unit.name)["VAR_DIR"] == "/var/lib/dosong"
    app = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["app"]
    assert "app:/var/lib/dosong" in app["volumes"]
    assert "ENV VAR_DIR=/var/lib/dosong" in (ROOT / "Dockerfile").read_text()


def test_secrets_lie_apart_and_only_their_owner_reads_them(var_dir: Path) -> None:
    assert main(GIVEN) == 0
    assert 'a "b" $c' in (var_dir / "secrets.env").read_text()
    assert "SMTP_PASSWORD" not in (var_dir / "settings.env").read_text()
    for name in ("settings.env", "secrets.env"):
        assert (var_dir / name).stat().st_mode & 0o777 == 0o600


def test_a_second_command_undoes_nothing_of_the_first(
    var_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(GIVEN[:2]) == 0
    append(var_dir, "# a note")
    assert main(["SMTP_HOST=other.example.vn", "SMTP_PASSWORD=x"]) == 0
    assert main(["OPERATOR_CONTACT=0280", "SMTP_PASSWORD="]) == 0
    read = settings.read()
    assert (read["OPERATOR_CONTACT"], read["SMTP_HOST"], read["SMTP_PASSWORD"]) == (
        "0280", "other.example.vn", "",
    )  # fmt: skip
    assert "# a note" in (var_dir / "settings.env").read_text()
    assert main([]) == 0
    assert "OPERATOR_CONTACT=0280\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["SMPT_HOST=x"],
            "SMPT_HOST in the command is no setting of the file: do you mean SMTP_HOST?",
        ),
        (["VAR_DIR=/tmp"], "VAR_DIR in the command is no setting of the file"),
        (["SMTP_PORT=many"], "SMTP_PORT='many'"),
        (["OIDC_ISSUER=https://sso.example.vn"], "OIDC_CLIENT_ID is required"),
        (["--reload"], "--reload is not NAME=value"),
        (["OPERATOR_NAME=a\nb"], "OPERATOR_NAME has several lines"),
    ],
)
def test_what_the_server_would_refuse_is_not_written(
    var_dir: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    assert main(words) == 1
    assert sentence in capsys.readouterr().err
    assert not (var_dir / "settings.env").exists()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [("SMPT_HOST=x", "SMPT_HOST in .*settings.env is no setting"), ("SMTP_HOST", "line 2 is not"),
     ("SMTP_HOST='x", "line 2 is not NAME=value"), ("SMTP_TLS=maybe", "SMTP_TLS='maybe'")],
)  # fmt: skip
def test_a_wrong_line_stops_the_start_and_is_named(var_dir: Path, line: str, sentence: str) -> None:
    var_dir.mkdir()
    (var_dir / "settings.env").write_text(f"# by hand\n{line}\n")
    with pytest.raises(SettingError, match=sentence):
        settings.read()


def test_another_file_may_be_named_and_the_environment_wins(
    var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own.env").write_text("export OPERATOR_NAME='Sở KH&CN'\nPORT=8001\n")
    (tmp_path / "secrets.env").write_text("SMTP_PASSWORD=x\n")
    monkeypatch.setenv("SETTINGS_FILE", str(tmp_path / "own.env"))
    monkeypatch.setenv("PORT", "8002")
    monkeypatch.setenv("OPERATOR_NAME", "")  # as compose passes what its .env has not
    read = settings.read()
    assert (read["OPERATOR_NAME"], read["PORT"], read["SMTP_PASSWORD"]) == ("Sở KH&CN", 8002, "x")


def test_doctor_names_what_stands_in_two_places_and_secrets_that_are_open(
    app: Flask, var_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["OPERATOR_NAME=Sở", "SMTP_HOST=mail.example.vn"]) == 0
    config = dict(app.config) | {"VAR_DIR": var_dir}
    context = CheckContext(config, "", utc_now())
    assert list(settings_file(context)) == []
    monkeypatch.setenv("SMTP_HOST", "former.example.vn")
    append(var_dir, "SMTP_PASSWORD=x")
    hidden, open_one = settings_file(context)
    assert hidden.translate("en")[0].startswith("SMTP_HOST: the environment has other values")
    assert open_one.translate("en")[0].startswith("SMTP_PASSWORD: secrets stand among")
