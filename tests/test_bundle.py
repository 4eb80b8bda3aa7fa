"""scripts/setup in an unpacked archive of scripts/bundle; scripts/test-bundle makes a real one."""

import os
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import pip
import pytest

ROOT = Path(__file__).parents[1]
NEEDS = f"pythons=({sys.version_info.major}.{sys.version_info.minor} 3.99)\nglibc=2.17\n"
INFO = "tiny-1.0.dist-info"
TINY = {
    "tiny.py": "",
    f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    f"{INFO}/RECORD": "",
}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle of one small package, with the pip of these tests."""
    folder = tmp_path / "bundle"
    catalogue = folder / "backend/i18n/locale/vi/LC_MESSAGES/messages.po"
    for path in (folder / "scripts", folder / "wheels", catalogue.parent):
        path.mkdir(parents=True)
    shutil.copy(ROOT / "scripts/setup", folder / "scripts")
    (folder / "wheels/needs").write_text(NEEDS)
    wheel = folder / "wheels/tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for name, content in TINY.items():
            file.writestr(name, content)
    with zipfile.ZipFile(folder / "wheels/pip-1-py3-none-any.whl", "w") as file:
        source = Path(pip.__file__).parent
        for path in source.rglob("*.p*"):  # modules, and certificates
            if "__pycache__" not in path.parts:
                file.write(path, path.relative_to(source.parent))
    (folder / "requirements.txt").write_text(
        f"tiny==1.0 --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n"
    )
    (folder / "requirements-dev.txt").touch()
    write_digests(folder)
    catalogue.touch()
    os.utime(catalogue, (0, 0))
    catalogue.with_suffix(".mo").touch()
    return folder


def write_digests(folder: Path) -> None:
    sums = [
        f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in folder.rglob("*")
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(sums))


def set_up(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [str(folder / "scripts/setup"), *words]
    unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    settings = os.environ | unreachable | {"PYTHON": sys.executable} | environment
    return subprocess.run(command, env=settings, capture_output=True, text=True)


@pytest.mark.slow
def test_a_bundle_is_installed_from_its_wheels_alone(bundle: Path) -> None:
    done = set_up(bundle)
    assert done.returncode == 0, done.stderr
    site = f"lib/python3.{sys.version_info.minor}/site-packages"
    assert {path.name for path in (bundle / ".venv" / site).iterdir()} >= {"tiny.py", INFO}
    assert not (bundle / ".venv" / site / "pip").exists()  # venv was made without ensurepip
    (bundle / "wheels/needs").write_text(NEEDS.replace("2.17", "9.99"))
    assert set_up(bundle).returncode == 0  # nothing is left to do


@pytest.mark.slow
def test_a_clone_is_installed_without_a_bundle(bundle: Path) -> None:
    packages = (bundle / "wheels").rename(bundle / "index")
    done = set_up(bundle, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(packages))
    assert done.returncode == 0, done.stderr
    assert (bundle / ".venv/bin/pip").exists()


@pytest.mark.parametrize("name", ["wheels/tiny-1.0-py3-none-any.whl", "scripts/setup"])
def test_a_changed_file_is_refused_by_name(bundle: Path, name: str) -> None:
    with (bundle / name).open("a") as file:
        file.write("\n# changed\n")
    done = set_up(bundle)
    assert done.returncode == 1
    assert f"{name}: FAILED\n" in done.stderr
    assert "The bundle was changed or damaged" in done.stderr
    assert not (bundle / ".venv").exists()


@pytest.mark.parametrize(
    ("needs", "machine", "sentence"),
    [
        ("pythons=(3.99)\nglibc=2.17\n", "x86_64", "Python 3.99"),
        ("pythons=(3.98 3.99)\nglibc=2.17\n", "x86_64", "Python 3.98 or 3.99"),
        (NEEDS.replace("2.17", "9.99"), "x86_64", "glibc 9.99 or newer (this one is {glibc})"),
        (NEEDS, "aarch64", "a processor x86_64 (this one is aarch64)"),
        (
            "pythons=(3.99)\nglibc=9.99\n",
            "riscv64",
            "a processor x86_64 (this one is riscv64), glibc 9.99 or newer (this one is {glibc}),"
            " Python 3.99",
        ),
    ],
)
def test_one_sentence_says_what_the_machine_lacks(
    bundle: Path, tmp_path: Path, needs: str, machine: str, sentence: str
) -> None:
    (bundle / "wheels/needs").write_text(needs)
    uname = tmp_path / "bin/uname"
    uname.parent.mkdir()
    uname.write_text(f"#!/bin/sh\necho {machine}\n")
    uname.chmod(0o755)
    done = set_up(bundle, PATH=f"{uname.parent}:{os.environ['PATH']}")
    glibc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    wanted = sentence.format(glibc=glibc.removeprefix("glibc "))
    assert (done.returncode, done.stderr) == (1, f"This bundle needs {wanted}.\n")


def test_a_bundle_has_no_packages_for_tests(bundle: Path) -> None:
    done = set_up(bundle, "--dev")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
