"""Dump a small database of this version, for tests of later migrations.

Run by scripts/keep-dump in the version of the dump: units of one province, two devices, a team,
samples of every kind; answers of the API are stored beside the dump.
"""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from backend.app import create_app
from backend.database.extensions import db
from backend.measurements.recording.counting import fold_all
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import binary
from backend.units.setup import setup as set_up_units
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.database import choose_claims
from tests.support.factories import THERE, location, network, post, register, sample

MONTH = "2024-11"
COVERAGE = f"/api/v1/coverage?month={MONTH}&parent=19&level=commune&network="
# Fields of a place or a team that must never change.
LASTING = ("received", "valid", "counted", "reasons")
# Units outside one province, which would make the dump large.
ELSEWHERE = """
    select u.id from units u where level <> 'province' and not exists (
        select from units p where p.code = '19' and p.level = 'province' and p.id = u.province_id)
"""
SMALLER = (
    f"delete from boundaries where unit_id in ({ELSEWHERE})",  # constant SQL
    f"delete from units where id in ({ELSEWHERE})",
)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, EmbeddedPostgres(Path(name)) as server:
        urls = {"DATABASE_URL": server.app_url, "DATABASE_OWNER_URL": server.owner_url}
        app = create_app(FakeClock(), VAR_DIR=Path(name), BOUNDARIES_DIR=None, **urls)
        with app.app_context():
            upgrade()
            choose_claims(server.owner_url)
            set_up_units(Path(name), None, lambda line: None)
        answers = fill(app)
        engine = create_engine(server.owner_url)
        with engine.begin() as connection:
            for statement in SMALLER:
                connection.execute(text(statement))
            revision = connection.execute(text("select version_num from alembic_version")).scalar()
        engine.dispose()
        with app.app_context():
            db.engine.dispose()
        url = server.owner_url.replace("+psycopg", "")
        options = ["--no-owner", "--no-privileges", "-Fc", "-Z9", f"--dbname={url}"]
        dump = folder / f"{revision}.dump"
        subprocess.run([binary("pg_dump"), *options, f"--file={dump}"], check=True)
    (folder / f"{revision}.json").write_text(json.dumps(answers, indent=1) + "\n")
    print(f"{dump}: {dump.stat().st_size:,} bytes")


def fill(app: Flask) -> dict[str, Any]:
    """Add two devices, one in a team, and samples, some of them not folded."""
    client, admin = app.test_client(), people.person(app, "admin")
    organisation = people.organisation(app)
    team = people.team(app, organisation)
    campaign = people.campaign(app, organisation, people.unit_id(app, "19", level="province"))
    one, two = register(client), register(client)
    people.add_membership(app, one, campaign, team, since=datetime(2024, 11, 9, tzinfo=UTC))
    at = [f"{MONTH}-{day:02}T09:12:33+07:00" for day in range(10, 19)]
    post(client, one, *(sample(moment) for moment in at[:4]), sample(at[0].replace(":33+", ":59+")))
    post(client, two, sample(at[0], location=location(**THERE)), sample(at[1], location=None))
    post(client, two, sample(at[2], network=network(kind="wifi")), sample(at[3], status="failed"))
    with app.app_context():
        fold_all()
    post(client, two, sample(at[5], location=location(accuracy_m=4_000)), sample(at[6]))
    assert post(client, two, sample(at[7], network=None)).status_code == 422
    return figures(client, admin, campaign)


def figures(client: Any, headers: dict[str, str], campaign: int) -> dict[str, Any]:
    """Return the figures of the month that must never change."""
    places = {}
    for of in ("mobile", "fixed"):
        items = client.get(COVERAGE + of).get_json()["items"]
        places[of] = {item["code"]: lasting(item) for item in items if item["received"]}
    path = f"/api/v1/campaigns/{campaign}/contributions"
    teams = client.get(path, headers=headers).get_json()["items"]
    return {"campaign": campaign, "places": places, "teams": [lasting(item) for item in teams]}


def lasting(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in LASTING if name in item}


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
