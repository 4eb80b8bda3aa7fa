"""What a spreadsheet would run is told apart, and shown instead."""

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.tables.spreadsheets import escape_formula
from tests.support.contributions import add_measurement
from tests.support.people import campaign, organisation, person, team
from tests.support.team_files import errors, send, url

RUN = ["=1+1", "+84 912", "-5 độ", "@đội"]
SHOWN = ["Đội 1", "Đội =1", "1+1", "'=1", "", "–5 độ"]


@pytest.mark.parametrize("name", [*RUN, "\t=1", "\r=1"])
def test_what_would_run_is_written_as_text(name: str) -> None:
    assert escape_formula(name) == f"'{name}"


@pytest.mark.parametrize("name", SHOWN)
def test_other_text_stays_as_it_is(name: str) -> None:
    assert escape_formula(name) == name


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
    answer = send(client, url(union, dry_run=True), f"Tên đội,Loại đội\n{name},youth\n", organiser)
    assert errors(answer) == [(2, "name", "like_formula")]
