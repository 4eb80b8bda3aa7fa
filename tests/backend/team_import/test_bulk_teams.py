"""POST /api/v1/organisations/{id}/teams/import: many teams at once, all of them or none."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.units import finder as bulk_places
from tests.support.people import organisation, person, team, unit_id
from tests.support.problems import wrong_fields
from tests.support.team_files import GOOD, HEAD, errors, import_entries, send, teams, totals, url


def test_a_dry_run_shows_every_row_and_writes_nothing(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = send(client, url(youth, True), GOOD, organiser)
    assert answer.status_code == 200
    assert answer.json["totals"] == totals(create=2)
    assert answer.json["as_of"] == "2024-11-20"
    first = answer.json["rows"][0]
    assert (first["line"], first["outcome"], first["team_id"]) == (2, "create", None)
    label = "Thị trấn Hóa Thượng, Huyện Đồng Hỷ, Tỉnh Thái Nguyên (05692)"
    assert first["changes"]["home_commune"] == {"before": None, "after": label}
    assert teams(app) == [] and import_entries(app) == []


def test_without_a_word_it_is_a_dry_run(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    assert send(client, url(youth, None), GOOD, organiser).json["dry_run"] is True
    assert teams(app) == []


@pytest.mark.slow
def test_the_file_is_written_once_and_changes_nothing_again(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    first = send(client, url(youth), GOOD, organiser)
    assert [row["outcome"] for row in first.json["rows"]] == ["create", "create"]
    stand = teams(app)
    homes = [unit_id(app, "05692"), unit_id(app, "05713")]
    assert stand == [
        ("Đội 1", "youth", homes[0], 40, 1),
        ("Đội Huống Thượng", "community_digital", homes[1], None, 1),
    ]
    again = send(client, url(youth), GOOD, organiser)
    assert again.json["totals"]["unchanged"] == 2
    assert [row["team_id"] for row in again.json["rows"]] == [
        row["team_id"] for row in first.json["rows"]
    ]
    assert teams(app) == stand
    made, repeated = import_entries(app)
    assert len(made.details["created"]) == 2 and made.details["changed"] == {}
    assert repeated.details["created"] == [] and repeated.details["changed"] == {}


def test_an_imported_team_is_there_for_the_rest_of_the_api(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    send(client, url(youth), GOOD, organiser)
    listed = client.get(f"/api/v1/organisations/{youth}/teams", headers=organiser)
    assert [one["name"] for one in listed.json["items"]] == ["Đội 1", "Đội Huống Thượng"]
    same = {"name": "ĐỘI  1", "type": "youth"}
    answer = client.post(f"/api/v1/organisations/{youth}/teams", json=same, headers=organiser)
    assert answer.status_code == 409


def test_a_team_that_stands_is_updated_by_what_differs(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    known = team(app, youth, "Đội 1", capacity_per_day=30, home_unit_id=unit_id(app, "05692"))
    body = "name;capacity;commune\n  ĐỘI   1 ;45;\n"
    answer = send(client, url(youth), body, organiser)
    assert answer.json["read_as"]["delimiter"] == "semicolon"
    row = answer.json["rows"][0]
    assert (row["outcome"], row["team_id"]) == ("update", known)
    assert row["changes"] == {"capacity_per_day": {"before": 30, "after": 45}}
    assert teams(app) == [("Đội 1", "youth", unit_id(app, "05692"), 45, 2)]
    assert import_entries(app)[0].details["changed"] == {str(known): {"capacity_per_day": [30, 45]}}


def test_one_bad_row_writes_nothing_and_all_are_named(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    body = (
        HEAD + "Đội 1,Thanh niên,05692,40\n"
        ",Thanh niên,,\n"
        "Đội 2,hội,,\n"
        "Đội 3,,,\n"
        "Đội 4,youth,99999,\n"
        "Đội 5,youth,Xã Tân Lập,\n"
        "Đội 6,youth,,nhiều\n"
        "đội  1,youth,,\n"
        "=cmd|'/c calc'!A1,youth,,\n"
        "Đội 8,youth,Xã Hoá Thượng, Huyện Đồng Hỷ,5\n"
        "Đ?i 9,youth,,\n"
        '"Đội "10,youth,,\n'
        "Đội 11,youth,,100001\n"
        "Đội 12,youth,,-5\n"
    )
    answer = send(client, url(youth), body, organiser)
    assert (answer.status_code, answer.json["code"]) == (422, "import_refused")
    expected = [
        (3, "name", "required"),
        (4, "type", "type_unknown"),
        (5, "type", "required"),
        (6, "home_commune", "place_code_unknown"),
        (7, "home_commune", "place_ambiguous"),
        (8, "capacity_per_day", "not_whole"),
        (9, "name", "row_twice"),
        (10, "name", "like_formula"),
        (11, "", "too_many_cells"),
        (12, "name", "letters_lost"),
        (13, "", "not_csv"),
        (14, "capacity_per_day", "out_of_range"),
        (15, "capacity_per_day", "negative"),
    ]
    assert errors(answer) == expected
    assert wrong_fields(answer) == [
        (f"rows.{line}.{field}".rstrip("."), code) for line, field, code in expected
    ]
    assert answer.json["totals"]["create"] == 1 and answer.json["totals"]["error"] == 13
    by_line = {row["line"]: row["errors"][0] for row in answer.json["rows"]}
    assert by_line[9]["candidates"] == ["2"]
    assert len(by_line[7]["candidates"]) == bulk_places.MAX_CANDIDATES
    assert all(one.startswith("Xã Tân Lập, ") for one in by_line[7]["candidates"])
    assert all(one["message"] != one["code"] for one in by_line.values())
    assert teams(app) == [] and import_entries(app) == []
    dry = send(client, url(youth, True), body, organiser, **{"Accept-Language": "en"})
    assert dry.status_code == 200 and errors(dry) == expected
    assert dry.json["rows"][1]["errors"][0]["message"] == "This field is missing."


@pytest.mark.slow
def test_a_file_of_many_teams_with_bad_rows(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    """All bad rows are named and nothing is written; the corrected file goes in."""
    rows = [[f"Đội {n}", "youth", "05692", "20"] for n in range(600)]
    bad = range(0, 600, 12)
    for n in bad:
        rows[n][n % 3] = ("", "hội", "Xã Không Đâu")[n % 3]
    listed = {n: rows[n][:] for n in bad}

    def body() -> str:
        out = io.StringIO()
        csv.writer(out).writerows([["name", "type", "commune", "capacity"], *rows])
        return out.getvalue()

    dry = send(client, url(youth, True), body(), organiser)
    assert dry.json["totals"] == totals(create=550, error=50)
    assert {row["line"] - 2 for row in dry.json["rows"] if row["errors"]} == set(bad)
    real = send(client, url(youth), body(), organiser)
    assert real.status_code == 422 and len(real.json["rows"]) == 50
    assert teams(app) == []
    for n in listed:
        rows[n] = [f"Đội {n}", "youth", "05692", "20"]
    done = send(client, url(youth), body(), organiser)
    assert done.json["totals"]["create"] == 600
    stand = teams(app)
    assert len(stand) == 600
    assert send(client, url(youth), body(), organiser).json["totals"]["unchanged"] == 600
    assert teams(app) == stand


def test_a_leader_is_shown_and_neither_kept_nor_invited(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    body = (
        "name,type,leader\nĐội 1,youth,an@example.vn\nĐội 2,youth,912 345 678\nĐội 3,youth,Anh An\n"
    )
    dry = send(client, url(youth, True), body, organiser)
    assert [row["leader"] for row in dry.json["rows"]] == ["an@example.vn", "0912345678", None]
    assert errors(dry) == [(4, "leader", "not_contact")]
    assert dry.json["rows"][0]["notes"][0]["code"] == "leader_not_invited"
    send(client, url(youth), body.replace("Đội 3,youth,Anh An\n", ""), organiser)
    assert "an@example.vn" not in str(import_entries(app)[0].details)


def test_columns_that_mean_nothing_here_are_told(
    client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    answer = send(client, url(youth, True), "name,type,Ghi chú\nĐội 1,youth,x\n", organiser)
    assert answer.json["columns"] == ["name", "type"]
    assert answer.json["ignored_columns"] == ["Ghi chú"]


def test_two_imports_at_once_follow_each_other(
    app: Flask, youth: int, organiser: dict[str, str]
) -> None:
    body = "name,type\n" + "".join(f"Đội {n},youth\n" for n in range(200))
    with ThreadPoolExecutor(4) as pool:
        sent = pool.map(lambda _: send(app.test_client(), url(youth), body, organiser), range(4))
        found = [answer.json["totals"] for answer in sent]
    assert sorted(one["create"] for one in found) == [0, 0, 0, 200]
    assert sum(one["unchanged"] for one in found) == 600
    assert {row[4] for row in teams(app)} == {1}


def test_what_has_ended_is_left_alone(
    app: Flask, client: FlaskClient, youth: int, organiser: dict[str, str]
) -> None:
    then = datetime(2024, 11, 1, tzinfo=UTC)
    team(app, youth, "Đội 1", ended_at=then)
    answer = send(client, url(youth), GOOD, organiser)
    assert errors(answer) == [(2, "name", "team_ended")]
    gone = organisation(app, "Đoàn cũ", ended_at=then)
    answer = send(client, url(gone), GOOD, person(app, "organiser", gone))
    assert (answer.status_code, answer.json["code"]) == (409, "organisation_ended")
