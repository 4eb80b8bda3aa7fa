"""Dump a small database of this version, for tests of later migrations.

Run by scripts/keep-dump in the version of the dump: units of one province, devices (one of them
withdrawn), a team, samples of every kind, exclusions, a sealed report, a release, a webhook.
Answers of the API and the keys of the installation are stored beside the dump.
"""

import gzip
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from backend.app import create_app
from backend.coverage.statistics import release
from backend.database.extensions import db
from backend.doors.webhooks.delivery import deliver
from backend.outbox import service as outbox
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.server.postgres.programs import binary
from backend.units.setup import setup as set_up_units
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.database import choose_claims
from tests.support.factories import THERE, location, network, post, register, sample
from tests.support.reports import Office
from tests.support.webhooks import SEALED, add_hook

MONTH = "2024-11"
COMMUNE = "05437"  # of most samples
COVERAGE = f"/api/v1/coverage?month={MONTH}&parent=19&level=commune&network="
# Fields of a place or a team that must never change.
LASTING = ("received", "valid", "counted", "reasons")
RELEASED = datetime(2024, 12, 16, 3, 0, tzinfo=UTC)
# What the installation's database refers to: in VAR_DIR, outside the database.
KEYS = ("secret_key", "seal_key")
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
        clock = FakeClock()
        options = {"BOUNDARIES_DIR": None, "WEBHOOK_NETWORKS": (ip_network("127.0.0.0/8"),)}
        app = create_app(clock, VAR_DIR=Path(name), **options, **urls)
        with app.app_context():
            upgrade()
            choose_claims(server.owner_url)
            set_up_units(Path(name), None, lambda line: None)
        answers = fill(app, clock)
        answers["keys"] = {key: (Path(name) / key).read_text() for key in KEYS}
        engine = create_engine(server.owner_url)
        with engine.begin() as connection:
            for statement in SMALLER:
                connection.execute(text(statement))
            revision = connection.execute(text("select version_num from alembic_version")).scalar()
        engine.dispose()
        with app.app_context():
            db.engine.dispose()
        url = server.owner_url.replace("+psycopg", "")
        words = [binary("pg_dump"), "--no-owner", "--no-privileges", "-Fc", "-Z0", url]
        content = subprocess.run(words, check=True, capture_output=True).stdout
    dump = folder / f"{revision}.dump.gz"
    dump.write_bytes(gzip.compress(content, mtime=0))
    (folder / f"{revision}.json").write_text(
        json.dumps(answers, ensure_ascii=False, indent=1) + "\n"
    )
    print(f"{dump}: {dump.stat().st_size:,} bytes")


def fill(app: Flask, clock: FakeClock) -> dict[str, Any]:
    """Add devices, two of them in a team, and samples."""
    client, admin = app.test_client(), people.person(app, "admin")
    organisation = people.organisation(app)
    team = people.team(app, organisation)
    campaign = people.campaign(app, organisation, people.unit_id(app, "19", level="province"))
    one, two, three = (register(client) for _ in range(3))
    for phone in (one, three):
        people.add_membership(app, phone, campaign, team, since=datetime(2024, 11, 9, tzinfo=UTC))
    at = [f"{MONTH}-{day:02}T09:12:33+07:00" for day in range(10, 19)]
    mine = [sample(moment) for moment in at[:4]]
    post(client, one, *mine, sample(at[0].replace(":33+", ":59+")))
    post(client, two, sample(at[0], location=location(**THERE)), sample(at[1], location=None))
    post(client, two, sample(at[2], network=network(kind="wifi")), sample(at[3], status="failed"))
    withdrawn = sample(at[4])
    post(client, three, withdrawn, sample(at[5]))
    exclude(app, campaign, organisation, [one["id"] for one in mine])
    hook = add_hook(client, admin, "http://127.0.0.1:9/hook", kinds=[SEALED])  # nobody listens
    office = Office(app, client, clock)  # of 5 December
    assert client.delete("/api/v1/devices/me", headers=three).status_code == 200
    office.is_demo()
    report = office.frozen_of(office.begin(unit=COMMUNE, level="commune").json["id"])
    assert office.act(report, "approve", json={}).status_code == 200
    with app.app_context():
        release.make(MONTH, RELEASED)
        outbox.number_pending()
        deliver(hook["id"], clock)
    clock.now = FakeClock().now
    post(client, two, sample(at[5], location=location(accuracy_m=4_000)), sample(at[6]))
    assert post(client, two, sample(at[7], network=None)).status_code == 422
    answers = figures(client, admin, campaign)
    answers |= {"report": report, "withdrawn": withdrawn} | decisions(client, admin, report)
    with app.app_context():
        return answers | counting_rules()


def exclude(app: Flask, campaign: int, organisation: int, ids: list[str]) -> None:
    """Exclude one sample from the counts of its commune and another from those of a campaign."""
    client = app.test_client()
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    body = {"month": MONTH, "reason": "đo trong xưởng", "measurements": ids[:1]}
    answer = client.post("/api/v1/units/19/exclusions", json=body, headers=official)
    assert answer.status_code == 200, answer.text
    organiser = people.person(app, "organiser", organisation)
    body = {"reason": "đo hộ", "measurements": ids[1:2]}
    answer = client.post(f"/api/v1/campaigns/{campaign}/exclusions", json=body, headers=organiser)
    assert answer.status_code == 200, answer.text


def figures(client: Any, headers: dict[str, str], campaign: int) -> dict[str, Any]:
    """Return the figures of the month that must never change."""
    places = {}
    for of in ("mobile", "fixed"):
        items = client.get(COVERAGE + of).get_json()["items"]
        places[of] = {item["code"]: lasting(item) for item in items if item["received"]}
    path = f"/api/v1/campaigns/{campaign}/contributions"
    teams = client.get(path, headers=headers).get_json()["items"]
    return {"campaign": campaign, "places": places, "teams": [lasting(item) for item in teams]}


def decisions(client: Any, headers: dict[str, str], report: int) -> dict[str, Any]:
    """Return what was decided about the month: withdrawals, exclusions, a report, a webhook."""
    shown = {of: client.get(COVERAGE + of).json["summary"] for of in ("mobile", "fixed")}
    acts = client.get(f"/api/v1/units/19/exclusions?month={MONTH}", headers=headers).json
    path = f"/api/v1/reports/{report}"
    row = client.get(path, headers=headers).json
    files = {
        one["name"]: sha256(client.get(f"{path}/files/{one['name']}", headers=headers).data)
        for one in row["files"]
    }
    seal = client.get(f"/api/v1/reports/by-digest/{row['digest']}").json
    hooks = client.get("/api/v1/webhooks", headers=headers).json["items"]
    return {
        "shown_withdrawn": {
            of: summary["by_assurance"]["withdrawn"] for of, summary in shown.items()
        },
        "exclusions": [[act["reason"], act["measurements"]] for act in acts["items"]],
        "digest": row["digest"],
        "files": {name: content.hexdigest() for name, content in files.items()},
        "seal_valid": seal["valid"],
        "webhooks": [{name: hook[name] for name in ("url", "kinds", "enabled")} for hook in hooks],
    }


def counting_rules() -> dict[str, Any]:
    """Return the dated rules of counting, and the rule sets that samples were judged by."""
    rules = db.session.execute(
        text("select rules, counts_from, by from counting_rules order by id")
    )
    judged = db.session.scalars(text("select distinct rules from measurements order by rules"))
    return {"counting_rules": [list(row) for row in rules], "judged_by": list(judged)}


def lasting(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in LASTING if name in item}


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
