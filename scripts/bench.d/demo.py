"""Load the demo months in a scratch database; print what coverage says, and how long it took."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from flask import Flask
from flask_migrate import upgrade

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.app import create_app
from backend.coverage.figures.service import Question, coverage
from backend.demo import service
from backend.measurements.revision.recount import differences
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.units.setup import setup


def main() -> None:
    """Load, print the figures, remove, print what is left."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=service.SEED)
    seed = parser.parse_args().seed
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(folder) as postgres:
        app = create_app(
            DATABASE_URL=postgres.app_url,
            DATABASE_OWNER_URL=postgres.owner_url,
            VAR_DIR=Path(folder),
        )
        with app.app_context():
            upgrade()
            setup(Path(folder), app.config["BOUNDARIES_DIR"], print)
            _timed(app, "load", "--seed", str(seed))
            _show(app)
            _timed(app, "remove")
            _show(app)


def _timed(app: Flask, *words: str) -> None:
    began = time.monotonic()
    app.cli.main(["demo", *words], prog_name="flask", standalone_mode=False)
    print(f"demo {words[0]}: {time.monotonic() - began:.1f} s on {os.cpu_count()} processors")


def _show(app: Flask) -> None:
    now = app.extensions["clock"]()
    months = ("2024-11", f"{now:%Y-%m}")
    for month in months:
        for province, network in (("19", "mobile"), ("19", "fixed"), ("48", "mobile")):
            answer = coverage(Question(month, "commune", network, province), now)
            names = ("units", "reached", "share", "received", "valid", "counted")
            print(month, province, network, {name: answer["summary"][name] for name in names})
    print(f"differences of counts and rows: {len(differences())}")


if __name__ == "__main__":
    main()
