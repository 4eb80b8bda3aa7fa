"""The statements of recording are texts that can be pasted, and PostgreSQL prepares each."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from sqlalchemy import Table

from backend.coverage.contributions import statements as contributions
from backend.coverage.figures.items import ROWS
from backend.database.extensions import _positional, db
from backend.measurements import recording
from backend.measurements.recording import counting, earning_sums, earnings, store_statements
from backend.measurements.recording.models import (
    member_months,
    public_months,
    team_days,
    team_unit_months,
    unit_months,
)
from backend.measurements.recording.reasons import COLUMNS

FOLDER = Path(recording.__file__).parent
MODULES = {path.name: ast.parse(path.read_text()) for path in sorted(FOLDER.glob("*.py"))}
# What sends a statement, by the name with which it is called.
SENDS = {"text", "execute", "fetch", "fetch_autocommit", "change_rows"}
# Models in place of texts: the ORM writes these statements.
ORM = {"insert", "select", "delete", "update"}
KEYWORDS = r"\b(select|insert into|update|delete from)\b"
BEGINS = r"\s*(with \w+ as|select|insert into|update \w+|delete from)\b"


class Statement(NamedTuple):
    """A text of SQL and where it stands."""

    module: str
    name: str
    sql: str


def statements() -> Iterator[Statement]:
    """Yield the constants of each module that hold SQL, in `text()` or alone."""
    for module, tree in MODULES.items():
        for node in tree.body:
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            for value in ast.walk(node.value):
                is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
                if is_text and re.match(BEGINS, value.value):
                    yield Statement(module, node.targets[0].id, value.value)


STATEMENTS = list(statements())


@pytest.mark.parametrize("module", MODULES)
def test_no_statement_is_assembled(module: str) -> None:
    """What is sent is a name or a literal, and no literal of SQL has places to fill in."""
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.JoinedStr):
            assert not re.search(KEYWORDS, ast.unparse(node)), ast.unparse(node)
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
        if called in {"format", "replace"} and isinstance(node.func, ast.Attribute):
            assert not re.search(KEYWORDS, ast.unparse(node.func.value)), ast.unparse(node)
        if called in SENDS and node.args:
            sent = node.args[0]
            from_orm = isinstance(sent, ast.Call) and ORM & set(
                re.findall(r"\w+", ast.unparse(sent))
            )
            assert isinstance(sent, ast.Constant | ast.Name | ast.Attribute) or from_orm, (
                ast.unparse(node)
            )


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: f"{one.module}:{one.name}")
def test_postgresql_prepares_each_text(app: Flask, statement: Statement) -> None:
    sql = re.sub(r"(?<!:):(\w+)", r"%(\1)s", statement.sql)
    query, _ = _positional(sql)
    with app.app_context():
        connection = db.session.connection().connection.driver_connection
        assert connection is not None
        connection.execute(f"prepare pasted as {query}".encode())
        connection.execute("deallocate pasted")
        db.session.rollback()


def test_there_are_statements_in_each_module_that_stores() -> None:
    found = {statement.module for statement in STATEMENTS}
    assert found >= {
        "answers.py", "counting.py", "earning_sums.py", "earnings.py", "replays.py",
        "requirements.py", "store_statements.py", "timeline.py",
    }  # fmt: skip


def parts(sql: str) -> dict[str, str]:
    """Return the parts of a statement's `with` by name, with single blanks."""
    words = " ".join(sql.split())
    words = words.partition(") select (select count(*) from gate) as n")[0]
    heads = list(re.finditer(r"(?:with|\),) (\w+) as \(", words))
    ends = [head.start() for head in heads[1:]] + [len(words)]
    return {head[1]: words[head.end() : end].strip() for head, end in zip(heads, ends, strict=True)}


def test_the_two_statements_that_store_differ_by_the_part_of_a_team_alone() -> None:
    plain, of_team = parts(store_statements.STORE), parts(store_statements.STORE_FOR_TEAM)
    assert set(of_team) - set(plain) == {"earned", "member_sums", "unit_sums", "day_sums"}
    assert plain == {name: of_team[name] for name in plain}
    results = [
        " ".join(sql.split()).partition(") select (select count(*) from gate)")[2]
        for sql in (store_statements.STORE, store_statements.STORE_FOR_TEAM)
    ]
    assert results[0] and results[0] == results[1]


@pytest.mark.parametrize("part", ["member_sums", "unit_sums", "day_sums"])
def test_earnings_are_summed_in_one_way(part: str) -> None:
    """By a post and by an act that changes many; only a post waits for its gate and its counts."""
    posted = (
        parts(store_statements.STORE_FOR_TEAM)[part]
        .replace("from gate, ", "from ")
        .replace("(select count(*) from days) days_first, ", "")
    )
    changed = parts(earning_sums.ADD)[part].partition(") select count(*)")[0]
    assert posted == changed.rstrip()


@pytest.mark.parametrize("part", ["months", "days"])
def test_counts_are_added_in_one_way(part: str) -> None:
    posted, changed = parts(store_statements.STORE)[part], parts(counting.ADD)[part]
    for waits in (
        "gate, ",
        "(select count(*) from receipts_added) receipts_first, ",
        "(select count(*) from measurements_added) measurements_first, ",
    ):
        posted = posted.replace(waits, "")
    posted = posted.replace("returning month, network, unit_id, counted", "returning 1")
    assert posted.rstrip(") ") == changed.partition(") select count(*)")[0].rstrip(") ")


# The statements that name each category, and the tables that have a column for it.
OF_COUNTS = {
    "STORE": store_statements.STORE,
    "STORE_FOR_TEAM": store_statements.STORE_FOR_TEAM,
    "counting.ADD": counting.ADD,
    "coverage.ROWS": ROWS,
}
OF_TEAMS = {
    "STORE_FOR_TEAM": store_statements.STORE_FOR_TEAM,
    "earning_sums.ADD": earning_sums.ADD,
    "earning_sums.SUM_MEMBERS": earning_sums.SUM_MEMBERS.text,
    "earning_sums.SUM_UNITS": earning_sums.SUM_UNITS.text,
    "earning_sums.SUM_DAYS": earning_sums.SUM_DAYS.text,
    "earnings.DELETE_PERSON": earnings.DELETE_PERSON.text,
    "contributions.OF_DAYS": contributions.OF_DAYS.text,
    "contributions.OF_EARNINGS": contributions.OF_EARNINGS.text,
    "contributions.OF_GROUPS": contributions.OF_GROUPS.text,
    "contributions.OF_MEMBERS": contributions.OF_MEMBERS.text,
    "contributions.OF_SPANS": contributions.OF_SPANS.text,
    "contributions.OF_UNITS": contributions.OF_UNITS.text,
}
TABLES = (unit_months, public_months, member_months, team_unit_months, team_days)


@pytest.mark.parametrize(
    ("name", "sql", "columns"),
    [
        *((name, sql, COLUMNS.values()) for name, sql in OF_COUNTS.items()),
        *((name, sql, earning_sums.TEAM_COLUMNS.values()) for name, sql in OF_TEAMS.items()),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 40 else "",
)
def test_a_category_is_named_in_each_statement(name: str, sql: str, columns: list[str]) -> None:
    missing = [column for column in columns if not re.search(rf"\b{column}\b", sql)]
    assert not missing, f"{name} lacks {missing}"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_category_is_a_column_of_each_table(table: Table) -> None:
    assert set(COLUMNS.values()) <= set(table.columns.keys())
