"""The counted samples by assurance: they sum to the counted number, which does not change."""

import csv
import io
import json
from collections import Counter
from datetime import timedelta
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from backend.coverage.figures.items import by_part
from backend.database.extensions import db
from backend.measurements.recording.counting import differences
from backend.measurements.recording.reasons import (
    COLUMNS,
    COUNTED_CATEGORIES,
    NOT_VALID,
    PARTS,
    category,
)
from backend.witness import hosts
from backend.witness.assurance import ASSURANCES
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.factories import post, register, sample
from tests.support.speed_tests import get_ticket, witnessed
from tests.support.sql_statements import CATEGORY

URL = "/api/v1/coverage?month=2024-11"
HERE = "05443"
NOTHING = dict.fromkeys(PARTS, 0)

REASONS = ([], ["repeat"], ["failed_test", "repeat"])
MARKS = [
    list(some)
    for n in range(4)
    for some in combinations(("vpn", "counted_by_admin", "withdrawn"), n)
]


def parts(app: Flask, client: FlaskClient) -> dict[str, int]:
    """The parts of the only unit with samples, which the summary and a recount agree with."""
    [item] = [one for one in client.get(URL).json["items"] if one["received"]]
    summary = client.get(URL).json["summary"]
    found: dict[str, int] = item["by_assurance"]
    assert list(found) == list(PARTS) and summary["by_assurance"] == found
    assert sum(found.values()) == item["counted"] == summary["counted"]
    with app.app_context():
        assert differences() == []
    return found


class Phone:
    """A phone of its own, so that no sample is a repeat of another's."""

    def __init__(self, client: FlaskClient, clock: FakeClock) -> None:
        self.client, self.clock, self.headers = client, clock, register(client)

    def post(self, test: dict[str, str] | None = None) -> str:
        self.clock.now += timedelta(minutes=1)
        tested = {"test": test} if test else {}
        at = self.clock.now.isoformat()
        body = sample(at, download_mbps=1.0, upload_mbps=1.0, **tested)
        answer = post(self.client, self.headers, body)
        assert answer.status_code == 201 and answer.json["counted"], answer.text
        return str(body["id"])

    def withdraw(self) -> None:
        answer = self.client.delete("/api/v1/devices/me", headers=self.headers)
        assert answer.status_code == 200, answer.text


@pytest.mark.long
def test_each_sample_is_in_one_part(
    app: Flask, client: FlaskClient, clock: FakeClock, tmp_path: Path
) -> None:
    leaver, first, second, third = (Phone(client, clock) for _ in range(4))
    leaver.post(witnessed(client, leaver.headers))
    assert parts(app, client) == NOTHING | {"witnessed": 1}
    clock.now += timedelta(days=8)
    leaver.withdraw()
    assert parts(app, client) == NOTHING | {"withdrawn": 1}
    measured = first.post(witnessed(client, first.headers))
    with app.app_context():
        host = str(hosts.add_host("old", "https://old.example.vn", None, clock.now))
    ticket = get_ticket(client, second.headers, host=host)["ticket"]
    second.post({"ticket": ticket})
    third.post()
    assert parts(app, client) == NOTHING | dict.fromkeys(
        ("witnessed", "ticketed", "claimed", "withdrawn"), 1
    )
    rows = tmp_path / "rows.ndjson"
    rows.write_text(json.dumps(sample(clock.now.isoformat())) + "\n")
    command = ["measurements", "import", str(rows), "--format", "ndjson", "--count", "máy của Sở"]
    assert app.test_cli_runner().invoke(args=command).exit_code == 0
    assert parts(app, client) == dict.fromkeys(PARTS, 1)
    command = ["measurements", "exclude", measured, "--reason", "giả"]
    assert app.test_cli_runner().invoke(args=command).exit_code == 0
    assert parts(app, client) == dict.fromkeys(PARTS, 1) | {"witnessed": 0}
    command = ["measurements", "rejudge", "--month", "2024-11"]
    assert app.test_cli_runner().invoke(args=command).exit_code == 0
    assert parts(app, client) == dict.fromkeys(PARTS, 1) | {"witnessed": 0}
    second.withdraw()  # a recent sample leaves the counts
    assert parts(app, client) == dict.fromkeys(PARTS, 1) | {"witnessed": 0, "ticketed": 0}


@pytest.mark.slow
def test_a_later_sample_moves_a_witnessed_one_out_of_its_part(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    phone = Phone(client, clock)
    phone.post(witnessed(client, phone.headers))
    before = (clock.now - timedelta(minutes=5)).isoformat()
    assert post(client, phone.headers, sample(before)).json["counted"]
    assert parts(app, client) == NOTHING | {"claimed": 1}


def test_nobody_chooses_the_part_of_a_sample(
    app: Flask, client: FlaskClient, clock: FakeClock, tmp_path: Path
) -> None:
    """Neither fields of a body nor a ticket of an imported row raise it."""
    phone, other = register(client), register(client)
    test = witnessed(client, phone)
    forged = {"assurance": "witnessed", "marks": ["counted_by_admin"], "fate": "counted_witnessed"}
    body = sample((clock.now - timedelta(hours=5)).isoformat(), **forged)
    assert post(client, phone, body).json["assurance"] == "claimed"
    proven = {"test": test, "download_mbps": 1.0, "upload_mbps": 1.0}
    stolen = post(client, other, sample(clock.now.isoformat(), **proven)).json
    assert (stolen["assurance"], stolen["counted"]) == ("claimed", True)
    rows = tmp_path / "rows.ndjson"
    rows.write_text(json.dumps(sample(clock.now.isoformat(), **forged, **proven)) + "\n")
    command = ["measurements", "import", str(rows), "--format", "ndjson", "--count", "máy của Sở"]
    assert app.test_cli_runner().invoke(args=command).exit_code == 0
    assert parts(app, client) == NOTHING | {"claimed": 2, "imported": 1}


def test_the_database_and_python_find_the_same_category(app: Flask) -> None:
    rows = [
        {"reasons": reasons, "marks": marks, "assurance": assurance}
        for reasons, marks, assurance in product(REASONS, MARKS, (None, *ASSURANCES))
    ]
    statement = text(f"""
        select {CATEGORY} as category from (
            select cast(:reasons as text[]) as reasons, cast(:marks as text[]) as marks,
                cast(:assurance as text) as assurance
        ) row
    """)
    with app.app_context():
        for row in rows:
            assert db.session.execute(statement, row).scalar_one() == category(**row), row


stored = st.lists(
    st.tuples(
        st.sampled_from(REASONS), st.sampled_from(MARKS), st.sampled_from((None, *ASSURANCES))
    ),
    max_size=30,
)


def summed(categories: Counter[str]) -> list[int]:
    """The three numbers that the generated columns sum."""
    valid = Counter({name: n for name, n in categories.items() if name not in NOT_VALID})
    counted = sum(categories[name] for name in COUNTED_CATEGORIES)
    return [categories.total(), valid.total(), counted]


@given(stored)
def test_the_three_numbers_do_not_depend_on_assurance(
    rows: list[tuple[list[str], list[str], str | None]],
) -> None:
    """Received, valid and counted are those of version 1.0.0, which knew one category."""
    categories = Counter(category(*row) for row in rows)
    first = [reasons[0] if reasons else "" for reasons, _, _ in rows]
    numbers = [len(rows), sum(one not in NOT_VALID for one in first), first.count("")]
    assert summed(categories) == numbers
    found = by_part([categories[name] for name in COLUMNS])
    assert sum(found.values()) == numbers[2]
    marked = [set(marks) for reasons, marks, _ in rows if not reasons]
    assert found["imported"] == sum("counted_by_admin" in marks for marks in marked)


@pytest.fixture
def filled(app: Flask) -> Counter[str]:
    """A commune with counted samples of each part, and some repeats."""
    numbers = Counter(dict(zip(PARTS, (1000, 200, 30, 4, 5), strict=True)))
    for part, n in numbers.items():
        count(app, HERE, ("2024-11-10", n), category=PARTS[part])
    count(app, HERE, ("2024-11-10", 7), category="repeat")
    return numbers


def test_files_have_the_parts(client: FlaskClient, filled: Counter[str]) -> None:
    content = client.get(f"{URL}&unit={HERE}&format=csv").data.decode("utf-8-sig")
    [row] = csv.DictReader(io.StringIO(content))
    assert {part: int(row[part]) for part in PARTS} == filled
    assert int(row["counted"]) == filled.total()
    names = list(row)
    assert names[names.index("counted") + 1 :][: len(PARTS)] == list(PARTS)


def item(client: FlaskClient, code: str) -> dict[str, Any]:
    [found] = client.get(f"{URL}&unit={code}").json["items"]
    return dict(found)


def test_parts_of_a_province_are_those_of_its_communes(
    app: Flask, client: FlaskClient, filled: Counter[str]
) -> None:
    count(app, "05446", ("2024-11-11", 60), category="counted_witnessed")
    province = client.get(f"{URL}&unit=19&level=province").json["items"][0]
    assert province["by_assurance"] == filled + Counter(witnessed=60)
    assert item(client, "05446")["by_assurance"] == NOTHING | {"witnessed": 60}
