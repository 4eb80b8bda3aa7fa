"""What the database itself guarantees: migrations fit the models, roles are least, audit stays."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from backend.accounts.audit import record_act
from backend.database.extensions import db


def test_migrations_and_models_agree(owner: Engine) -> None:
    with owner.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


@pytest.mark.parametrize(
    "statement",
    [
        "drop table measurements",
        "alter table receipts add column x int",
        "truncate measurements",
        "update audit set actor = 'x'",
        "delete from audit",
        "update counting_rules set from_at = now()",
        "delete from counting_rules",
        "insert into counting_rules (from_at, by, reason, counts_from)"
        " values (now(), 'x', 'x', 'claimed')",
        "update alembic_version set version_num = 'x'",
        "create table x (n int)",
    ],
)
def test_the_serving_role_cannot(app: Flask, statement: str) -> None:
    with (
        app.app_context(),
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        db.session.execute(text(statement))


def test_the_audit_log_is_append_only_even_for_its_owner(app: Flask, owner: Engine) -> None:
    with app.app_context():
        record_act("shell:test", "test", "nothing", why="to see")
        db.session.commit()
    for statement in ("update audit set actor = 'x'", "delete from audit"):
        with owner.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))
