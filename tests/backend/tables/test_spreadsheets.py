"""What a spreadsheet would run is recognised, and shown instead."""

import csv
import io
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.database.extensions import db
from backend.tables.spreadsheets import csv_text, escape_formula
from tests.support.contributions import add_measurement
from tests.support.people import campaign, organisation, person, team
from tests.support.team_files import errors, import_list

ROOT = Path(__file__).parents[3]
RUN = ["=1+1", "+84 912", "-5 độ", "@đội"]
SHOWN = [
    "Đội 1", "Đội =1", "1+1", "'=1", "", "–5 độ", "Xã A; xã B", "5 km/h, 3 m", 'Đội "Sóng"; 2-3',
    "a,b=c", "thư: lan@example.vn, hoa@example.vn",
]  # fmt: skip
# Texts that become formulas where a spreadsheet splits the line at its own separator.
BEHIND = {
    "Lan;=cmd|'/C calc'!A0;": "Lan;'=cmd|'/C calc'!A0;",
    "Lan,=1+41": "Lan,'=1+41",
    "Lan\t@x": "Lan\t'@x",
    "Lan|+1": "Lan|'+1",
    'Lan;"=1': "Lan;\"'=1",
    'Lan";  -1': "Lan\";  '-1",
    "Lan\n=1\r\n=2": "Lan\n'=1\r\n'=2",
    "Lan;\u00a0=1": "Lan;\u00a0'=1",
    "Lan;＝1": "Lan;'＝1",
    "=1;=2": "'=1;'=2",
    "\t=1": "'\t'=1",
}


@pytest.mark.parametrize("name", [*RUN, "\t1", "\r1"])
def test_what_would_run_is_written_as_text(name: str) -> None:
    assert escape_formula(name) == f"'{name}"


@pytest.mark.parametrize("name", SHOWN)
def test_other_text_stays_as_it_is(name: str) -> None:
    assert escape_formula(name) == name


@pytest.mark.parametrize(("name", "written"), BEHIND.items())
def test_what_would_run_behind_a_separator_is_written_as_text(name: str, written: str) -> None:
    assert escape_formula(name) == written


@given(st.lists(st.text(st.sampled_from("=+-@;,|\t\r\n\" 'aà1＝"), max_size=12), min_size=1))
def test_no_cell_runs_at_whatever_separator_a_line_is_split(names: list[str]) -> None:
    text = csv_text([names])
    for separator in ";,|\t":
        for line in text.splitlines():
            for cell in line.split(separator):  # also where a quotation mark counts for nothing
                assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "＝")), cell
    plain = [name.replace("'", "") for name in names]
    read = next(csv.reader(io.StringIO(text, newline="")))
    assert [cell.replace("'", "") for cell in read] == plain  # only apostrophes are added


def test_every_csv_is_written_by_the_one_function() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "backend").rglob("*.py")
        if re.search(r"csv\.(writer|DictWriter)|to_csv\(", path.read_text())
    }
    assert writers == {"backend/tables/spreadsheets.py"}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUN)
def test_names_run_neither_in_an_export_nor_in_a_list_of_teams(
    app: Flask, client: FlaskClient, name: str
) -> None:
    union = organisation(app)
    organiser = person(app, "organiser", union)
    running, named = campaign(app, union), team(app, union, name)
    with app.app_context():
        add_measurement(running, named)
        db.session.commit()
    table = client.get(f"/api/v1/campaigns/{running}/contributions?format=csv", headers=organiser)
    cells = [cell for row in csv.reader(io.StringIO(table.text)) for cell in row]
    assert f"'{name}" in cells and name not in cells
    done = import_list(app, union, f"Tên đội,Loại đội\n{name},youth\n", dry_run=True)
    assert errors(done) == [(1, "name", "like_formula")]


def test_a_volunteers_name_does_not_run_in_the_organisers_list(
    app: Flask, client: FlaskClient
) -> None:
    union = organisation(app)
    organiser = person(app, "organiser", union)
    running, named = campaign(app, union), team(app, union, "Đội Lan;=cmd|'/C calc'!A0;")
    with app.app_context():
        add_measurement(running, named)
        db.session.commit()
    table = client.get(f"/api/v1/campaigns/{running}/contributions?format=csv", headers=organiser)
    cells = [cell for line in table.text.splitlines() for cell in line.split(";")]
    assert "'=cmd|'/C calc'!A0" in cells and not any(cell.startswith("=") for cell in cells)
