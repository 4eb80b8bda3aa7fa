"""What the database itself guarantees: migrations fit the models, roles are least, audit stays."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DBAPIError, ProgrammingError

from backend.accounts.audit import record_act
from backend.accounts.models import AuditEntry
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
        # Neither of another day nor a digest of one to come.
        "insert into audit (at, actor, act, subject, details)"
        " values ('2999-01-01', 'shell:x', 'audit.digest', 'audit:x', '{}')",
        "insert into audit (id, actor, act, subject, details) values (1, 'x', 'x', 'x', '{}')",
        "update counting_rules set from_at = now()",
        "delete from counting_rules",
        "insert into counting_rules (from_at, by, reason, counts_from)"
        " values (now(), 'x', 'x', 'claimed')",
        "update alembic_version set version_num = 'x'",
        # With a key of its own it would sign that phones measured.
        "insert into host_keys (host_id, kid, public_key, added_at)"
        " select id, 'x', 'x', now() from measuring_hosts",
        "update host_keys set public_key = 'x'",
        "insert into measuring_hosts (id, name, signs, added_at)"
        " values (gen_random_uuid(), 'x', true, now())",
        "update measuring_hosts set revoked_at = null",
        "delete from releases",
        "insert into releases values ('2024-11', now())",
        "insert into released_figures (unit_id, network, month, cells, statistics)"
        " values (0, 'mobile', '2024-11', '[]', '[]')",
        "update released_no_connection set places = '[]'",
        "update targets set threshold = 1",
        "delete from targets",
        "create table x (n int)",
    ],
)
def test_the_serving_role_cannot(app: Flask, statement: str) -> None:
    with (
        app.app_context(),
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
    ):
        db.session.execute(text(statement))


def test_a_target_by_the_function_alone_is_in_the_audit_log(app: Flask) -> None:
    given = """{"level": "district", "network": "fixed", "purpose": "assessment", "threshold": 1,
        "basis": "counted", "valid_from": "2030-01-01", "source": "x", "unit_id": %d}"""
    with app.app_context():
        given %= db.session.scalar(text("select min(id) from units"))
        made = db.session.scalar(text("select create_target(:given, 'x', null)"), {"given": given})
        change = text("select change_target(:made, 1, '{\"threshold\": 2}', 'y', '10.0.0.1')")
        assert db.session.scalars(change, {"made": made}).all() == [True]
        assert db.session.scalars(change, {"made": made}).all() == [False]  # version 2 by now
        entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert [(one.act, one.actor, one.address) for one in entries] == [
            ("target.create", "x", None),
            ("target.change", "y", "10.0.0.1"),
        ]
        assert entries[0].details["after"]["threshold"] == 1
        assert entries[1].details == {"before": {"threshold": 1}, "after": {"threshold": 2}}
        db.session.rollback()


@pytest.mark.parametrize(
    "table",
    ["audit", "counting_rules", "releases", "released_figures", "released_no_connection",
     "reports", "report_files", "seal_keys"],
)  # fmt: skip
def test_what_stays_is_not_truncated_even_by_its_owner(owner: Engine, table: str) -> None:
    with owner.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(f"truncate {table} cascade"))


def test_the_audit_log_is_append_only_even_for_its_owner(app: Flask, owner: Engine) -> None:
    with app.app_context():
        record_act("shell:test", "test", "nothing", why="to see")
        db.session.commit()
    for statement in ("update audit set actor = 'x'", "delete from audit"):
        with owner.connect() as connection, pytest.raises(DBAPIError, match="append-only"):
            connection.execute(text(statement))
