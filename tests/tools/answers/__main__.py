"""Write what an installation answers as files, and compare two such folders.

    python -m tests.tools.answers load DATA [--generated ROWS]  # a database, of the demo or of rows
    python -m tests.tools.answers write DATA FOLDER             # upgrade it and write its answers
    python -m tests.tools.answers inventory FOLDER              # endpoints, fields, commands, …
    python -m tests.tools.answers compare FOLDER OTHER          # exit status 1 with differences

To compare two versions: copy this folder into a checkout of the earlier one, `load` and `write`
there; copy DATA while no server runs on it, and `write` the copy with the later version (upgraded),
or `load` and `write` another one (the same demo of the later version). The clock is fixed, so equal
code gives equal files. Each file is the answer to one request without an account, of an admin or
of a phone; identifiers, secrets and times of the run are left out.
"""

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from backend.app import create_app
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.database import choose_claims
from tests.support.factories import network, post, register, sample
from tests.tools.answers.content import normal
from tests.tools.answers.inventory import names_of
from tests.tools.answers.requests import OF_PHONES, PHONE_SAMPLES, addresses

NOW = datetime(2025, 9, 18, 5, 0, tzinfo=UTC)
COMMANDS = (["coverage", "refresh"], ["signals", "find", "--again"], ["release", "make"],
            ["reports", "publish-data"], ["events", "run"])  # fmt: skip
MAX_LINES = 40  # of a difference that are printed


@contextmanager
def installation(data: Path) -> Iterator[tuple[Flask, str]]:
    """Start the database in a folder; enter the application over it, migrated."""
    data.mkdir(parents=True, exist_ok=True)
    with EmbeddedPostgres(data) as server:
        urls = {"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": server.owner_url}
        app = create_app(FakeClock(NOW), VAR_DIR=data, BOUNDARIES_DIR=None, **urls)
        with app.app_context():
            upgrade()
        yield app, server.owner_url
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def run(app: Flask, *words: str) -> None:
    """Run a command of the application; an error ends the program."""
    done = app.test_cli_runner().invoke(args=words, catch_exceptions=False)
    assert done.exit_code == 0, done.output


def load(data: Path, generated: int) -> None:
    """Make a database with the demo, or with generated rows; an admin and a phone with samples."""
    with installation(data) as (app, owner_url):
        choose_claims(owner_url)
        run(app, "units", "setup")
        if generated:
            sys.path.insert(0, "scripts/bench.d")
            filling: Any = import_module("parts.filling")
            filling.fill_measurements(owner_url, generated, first="2024-10-01", months=2)
            filling.fill_campaign(owner_url, generated // 5)
        else:
            run(app, "demo", "load", "--people")
        admin, client = people.person(app, "admin"), app.test_client()
        phone = register(client)
        kinds: tuple[dict[str, Any], ...] = (
            {},
            {"status": "failed"},
            {"network": network(kind="wifi")},
        )
        days = ("2025-09-14", "2025-09-15", "2025-09-16")
        for day, identity, kind in zip(days, PHONE_SAMPLES, kinds, strict=True):
            post(client, phone, sample(f"{day}T09:12:33+07:00", id=identity, **kind))
        for words in COMMANDS[: 1 if generated else None]:
            run(app, *words)
    actors = {"public": {}, "admin": admin, "phone": phone}
    (data / "actors.json").write_text(json.dumps(actors))


def write(data: Path, folder: Path) -> None:
    """Write the answers to all GET requests of the OpenAPI document, and the open data."""
    actors = json.loads((data / "actors.json").read_text())
    with installation(data) as (app, _):
        run(app, "coverage", "refresh")
        client = app.test_client()
        for url in addresses(app):
            of_phones = re.split("[/?]", url.removeprefix("/api/v1/"))[0] in OF_PHONES
            for actor in ("phone",) if of_phones else ("public", "admin"):
                answer = client.get(url, headers=actors[actor])
                kind = answer.content_type or ""
                store(folder / actor, url, f"{answer.status_code} {normal(answer.data, kind, url)}")
    for path in sorted((data / "open-data").rglob("*.*")):
        name = str(path.relative_to(data / "open-data"))
        store(folder / "open-data", name, normal(path.read_bytes(), path.suffix, name))


def store(folder: Path, url: str, content: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / url.removeprefix("/api/v1").strip("/").replace("/", "_")[:200]).write_text(content)


def inventory(folder: Path) -> None:
    """Write a sorted file each of endpoints, fields, pages, commands, settings and other names."""
    with installation(folder / "data") as (app, _):
        for kind, names in names_of(app).items():
            (folder / f"{kind}.txt").write_text("\n".join(sorted(set(names))) + "\n")


def compare(folder: Path, other: Path) -> int:
    """Print each difference between the files of two folders; return their number."""
    sides = [{str(one.relative_to(top)): one for one in top.rglob("*") if one.is_file()}
             for top in (folder, other)]  # fmt: skip
    names, differing = sorted(sides[0].keys() | sides[1].keys()), 0
    for name in names:
        first, second = ([side[name].read_text()] if name in side else [] for side in sides)
        if first == second:
            continue
        differing += 1
        print(name)
        if not (first and second):
            print("  only in", folder if first else other)
            continue
        before, after = first[0].splitlines(), second[0].splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        print(*(f"  {line[:400]}" for line in lines[:MAX_LINES]), sep="\n")
        if len(lines) > MAX_LINES:
            print(f"  … and {len(lines) - MAX_LINES} lines")
    print(f"{differing} of {len(names)} files differ")
    return differing


def main() -> None:
    """Do what the command line names."""
    parser = argparse.ArgumentParser(usage=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("act", choices=("load", "write", "inventory", "compare"))
    parser.add_argument("folders", nargs="+", type=lambda name: Path(name).absolute())
    parser.add_argument("--generated", type=int, default=0, metavar="ROWS")
    given = parser.parse_args()
    if given.act == "load":
        load(given.folders[0], given.generated)
    elif given.act == "compare":
        sys.exit(compare(*given.folders) > 0)
    else:
        (write if given.act == "write" else inventory)(*given.folders)


if __name__ == "__main__":
    main()
