"""Import 5,000 teams of a province: 50 bad rows, the corrected file, the same again."""

import argparse
import csv
import io
import random
import secrets
import sys
import tempfile
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from xlsxwriter import Workbook

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from backend.accounts.authentication import TOKEN_PREFIX, secret_hash
from backend.accounts.models import PersonalToken, Role, User
from backend.app import create_app
from backend.clock import local_day
from backend.database.extensions import db
from backend.organisations.models import Organisation, Team
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.tables.table import ROWS_MOST
from backend.team_import.service import places_on
from backend.team_import.views import MEDIA
from backend.units.setup import setup

BAD = 50
MOST_S = 30.0  # the corrected file is in within half a minute
WRONG = ((0, ""), (1, "hội"), (2, "Xã Không Đâu, Huyện Không Đâu"), (2, "00000"), (3, "nhiều"))


def main() -> int:
    """Print outcomes and times; 1 where one of them is not as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS_MOST)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(folder) as postgres:
        app = create_app(
            DATABASE_URL=postgres.app_url,
            DATABASE_OWNER_URL=postgres.owner_url,
            VAR_DIR=Path(folder),
        )
        with app.app_context():
            upgrade()
            setup(Path(folder), app.config["BOUNDARIES_DIR"], lambda words: None)
            right = [_run(app, form, rows) for form in ("csv", "xlsx")]  # both, whatever the first
            return 0 if all(right) else 1


def _run(app: Flask, form: str, rows: int) -> bool:
    """One organisation's three sendings of a file."""
    organisation = Organisation(name=f"Tỉnh Đoàn ({form})", type="youth_union")
    db.session.add(organisation)
    db.session.commit()
    good, bad, lines = _lists(app, rows)
    write = {"csv": _csv, "xlsx": _xlsx}[form]
    headers = _organiser(organisation.id, app.extensions["clock"]())
    url = f"/api/v1/organisations/{organisation.id}/teams/import"
    send = partial(_send, app.test_client(), url, MEDIA[form], headers)
    found, dry_s = send(write(bad), True)
    named = {row["line"] for row in found["rows"] if row["errors"]}
    refused, _ = send(write(bad), False)
    untouched = refused["code"] == "import_refused" and _teams(organisation.id) == []
    made, real_s = send(write(good), False)
    stand = _teams(organisation.id)
    again, again_s = send(write(good), False)
    same = _teams(organisation.id) == stand
    print(f"{form}: {rows} rows, {len(lines)} of them bad")
    print(f"  dry run    {dry_s:6.2f} s  names {len(named)}; all that are bad: {named == lines}")
    print(f"  bad file   refused: {untouched}, nothing written")
    print(f"  corrected  {real_s:6.2f} s  {made['totals']} (at most {MOST_S:g} s)")
    print(f"  again      {again_s:6.2f} s  {again['totals']}, teams as they were: {same}")
    right = named == lines and untouched and made["totals"]["create"] == len(stand) == rows
    return right and same and again["totals"]["unchanged"] == rows and real_s < MOST_S


def _lists(app: Flask, rows: int) -> tuple[list[list[str]], list[list[str]], set[int]]:
    """A list of teams, the same with bad rows, and the lines of those."""
    chance = random.Random(3)
    communes = places_on(local_day(app.extensions["clock"]()))
    good = []
    for number in range(rows):
        place = communes[chance.randrange(len(communes))]
        where = place.code if number % 2 else place.label.split(" (")[0]
        good.append([f"Đội {number:04}", "Thanh niên", where, str(chance.randrange(10, 90))])
    bad = [row[:] for row in good]
    chosen = chance.sample(range(rows), BAD)
    for at, number in enumerate(chosen):
        column, words = WRONG[at % len(WRONG)]
        bad[number][column] = words
    return good, bad, {number + 2 for number in chosen}


def _send(
    client: FlaskClient, url: str, kind: str, headers: dict[str, str], raw: bytes, dry_run: bool
) -> tuple[Any, float]:
    """The answer, whether it says yes or no, and the seconds it took."""
    began = time.perf_counter()
    query = {"dry_run": str(dry_run).lower()}
    answer = client.post(url, data=raw, query_string=query, headers=headers, content_type=kind)
    return answer.get_json(), time.perf_counter() - began


def _organiser(organisation_id: int, now: datetime) -> dict[str, str]:
    """The headers of a program of the organisation's organiser."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    user = User(name=f"{secrets.token_hex(4)}@example.vn")
    db.session.add(user)
    db.session.flush()
    scope = {"scope_kind": "organisation", "scope_id": organisation_id}
    db.session.add(Role(user_id=user.id, role="organiser", valid_from=now, **scope))
    known = {"token_hash": secret_hash(token), "scopes": ["read", "write"], "created_at": now}
    db.session.add(PersonalToken(user_id=user.id, name="bench", **known))
    db.session.commit()
    return {"Authorization": f"Bearer {token}"}


def _teams(organisation_id: int) -> list[tuple[Any, ...]]:
    db.session.rollback()
    query = db.session.query(Team.id, Team.name, Team.home_unit_id, Team.version)
    return [tuple(row) for row in query.filter_by(organisation_id=organisation_id).order_by("id")]


HEADER = ["Tên đội", "Loại đội", "Xã", "Số mẫu mỗi ngày"]


def _csv(rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *rows])
    return out.getvalue().encode("utf-8-sig")


def _xlsx(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    with Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([HEADER, *rows]):
            sheet.write_row(number, 0, row)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
