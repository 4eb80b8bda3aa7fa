"""A list of teams: the effect of each line, and all of them written or none."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from flask import Flask

from backend.accounts.login_names import read_contact
from backend.errors import Problem
from backend.units import finder as bulk_places
from tests.support.people import organisation, team, unit_id
from tests.support.team_files import (
    GOOD,
    HEAD,
    errors,
    import_entries,
    import_list,
    replace_parts,
    teams,
    totals,
    workbook,
)


def test_a_dry_run_shows_every_row_and_writes_nothing(app: Flask, youth: int) -> None:
    done = import_list(app, youth, GOOD, dry_run=True)
    assert done["totals"] == totals(create=2)
    first = done["rows"][0]
    assert (first["line"], first["outcome"], first["team_id"]) == (1, "create", None)
    assert first["home"] == "Thị trấn Hóa Thượng, Huyện Đồng Hỷ, Tỉnh Thái Nguyên"
    assert teams(app) == [] and import_entries(app) == []


def test_a_list_is_written_once_and_changes_nothing_again(app: Flask, youth: int) -> None:
    first = import_list(app, youth, GOOD)
    assert [row["outcome"] for row in first["rows"]] == ["create", "create"]
    stand = teams(app)
    homes = [unit_id(app, "05692"), unit_id(app, "05713")]
    assert stand == [
        ("Đội 1", "youth", homes[0], 40, 1),
        ("Đội Huống Thượng", "community_digital", homes[1], None, 1),
    ]
    again = import_list(app, youth, GOOD)
    assert again["totals"]["unchanged"] == 2
    assert [row["team_id"] for row in again["rows"]] == [row["team_id"] for row in first["rows"]]
    assert teams(app) == stand
    made, repeated = import_entries(app)
    assert len(made.details["created"]) == 2 and made.details["changed"] == {}
    assert repeated.details["created"] == [] and repeated.details["changed"] == {}


def test_a_team_that_stands_is_updated_by_what_differs(app: Flask, youth: int) -> None:
    known = team(app, youth, "Đội 1", capacity_per_day=30, home_unit_id=unit_id(app, "05692"))
    done = import_list(app, youth, "name;capacity;commune\n  ĐỘI   1 ;45;\n")
    row = done["rows"][0]
    assert (row["outcome"], row["team_id"]) == ("update", known)
    assert teams(app) == [("Đội 1", "youth", unit_id(app, "05692"), 45, 2)]
    assert import_entries(app)[0].details["changed"] == {str(known): {"capacity_per_day": [30, 45]}}


def test_one_bad_row_writes_nothing_and_all_are_named(app: Flask, youth: int) -> None:
    body = (
        HEAD.replace("\n", ",Trưởng đội\n") + "Đội 1,Thanh niên,05692,40\n"
        ",Thanh niên,,\n"
        "Đội 2,hội,,\n"
        "Đội 4,youth,99999,\n"
        "Đội 5,youth,Xã Tân Lập,\n"
        "Đội 6,youth,,nhiều\n"
        "đội  1,youth,,\n"
        "=cmd|'/c calc'!A1,youth,,\n"
        "Đ?i 9,youth,,\n"
        "Đội 11,youth,,100001\n"
        "Đội 12,youth,,-5\n"
        "Đội 13,youth,,,Anh An\n"
        f"a\x00b,youth\n{'x' * 201},youth\n---,youth\na,{'x' * 301}\n"
    )
    expected = [
        (2, "name", "required"),
        (3, "type", "type_unknown"),
        (4, "home_commune", "place_code_unknown"),
        (5, "home_commune", "place_ambiguous"),
        (6, "capacity_per_day", "not_whole"),
        (7, "name", "row_twice"),
        (8, "name", "like_formula"),
        (9, "name", "letters_lost"),
        (10, "capacity_per_day", "out_of_range"),
        (11, "capacity_per_day", "negative"),
        (12, "leader", "not_contact"),
        (13, "name", "has_control"),
        (14, "name", "too_long"),
        (15, "name", "blank"),
        (16, "type", "too_long"),
    ]
    dry = import_list(app, youth, body, dry_run=True)
    assert errors(dry) == expected
    assert dry["totals"] == totals(create=1, error=15)
    by_line = {row["line"]: row["errors"][0] for row in dry["rows"] if row["errors"]}
    assert by_line[7]["candidates"] == ["1"]
    assert len(by_line[5]["candidates"]) == bulk_places.MAX_CANDIDATES
    assert all(one.startswith("Xã Tân Lập, ") for one in by_line[5]["candidates"])
    assert all(one["message"] != one["code"] for one in by_line.values())
    english = import_list(app, youth, body, dry_run=True, language="en")
    assert english["rows"][1]["errors"][0]["message"] == "This field is missing."
    with pytest.raises(Problem) as refused:
        import_list(app, youth, body)
    assert refused.value.code == "import_refused"
    assert teams(app) == [] and import_entries(app) == []


@pytest.mark.parametrize(
    ("cell", "stored"),
    [
        ("an@example.vn", "an@example.vn"),
        ("912 345 678", "+84912345678"),  # a spreadsheet dropped the zero
        ("0912.345.678", "+84912345678"),
        ("Anh An", None),
    ],
)
def test_a_contact_is_read_as_spreadsheets_write_it(cell: str, stored: str | None) -> None:
    assert read_contact(cell) == stored


def test_contacts_of_leaders_are_not_in_the_audit_log(app: Flask, youth: int) -> None:
    import_list(app, youth, "name,type,leader\nĐội 1,youth,an@example.vn\n")
    assert "an@example.vn" not in str(import_entries(app)[0].details)


def test_two_imports_at_once_follow_each_other(app: Flask, youth: int) -> None:
    body = "name,type\n" + "".join(f"Đội {n},youth\n" for n in range(200))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: import_list(app, youth, body)["totals"], range(4)))
    assert sorted(one["create"] for one in found) == [0, 0, 0, 200]
    assert sum(one["unchanged"] for one in found) == 600
    assert {row[4] for row in teams(app)} == {1}


def test_what_has_ended_is_left_alone(app: Flask, youth: int) -> None:
    then = datetime(2024, 11, 1, tzinfo=UTC)
    team(app, youth, "Đội 1", ended_at=then)
    assert errors(import_list(app, youth, GOOD, dry_run=True)) == [(1, "name", "team_ended")]
    gone = organisation(app, "Đoàn cũ", ended_at=then)
    with pytest.raises(Problem) as refused:
        import_list(app, gone, GOOD)
    assert refused.value.code == "organisation_ended"


def test_a_list_may_be_a_file(app: Flask, youth: int) -> None:
    rows = [["name", "type"], ["Đội 1", "youth"], ["Đội 2"], ["Đội 3"], ["Đội 4", "staff"]]
    import_list(app, youth, workbook(*rows, merged=["B2:B4"]))
    assert [row[1] for row in teams(app)] == ["youth", "youth", "youth", "staff"]
    damaged = replace_parts(workbook(*rows), **{"xl/workbook.xml": b""})
    with pytest.raises(Problem) as refused:
        import_list(app, youth, damaged)
    assert [one.code for one in refused.value.errors] == ["not_workbook"]
