"""Nightly digests of the audit log: what is done to an entry of a past day shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from backend.accounts.audit_chain import add_digest, is_overdue, latest, read_chain
from backend.accounts.models import AuditEntry
from backend.database.extensions import owner_session

NIGHT = datetime(2024, 11, 10, 20, 0, tzinfo=UTC)  # 03:00 of the 11th in Vietnam
DAY = timedelta(days=1)


def note(at: datetime, subject: str, act: str = "team.edit", **details: Any) -> None:
    """Add an entry as the role that owns the tables: the serving role gives no time."""
    with owner_session() as owner:
        owner.add(AuditEntry(at=at, actor="user:1", act=act, subject=subject, details=details))


@pytest.fixture
def chain(app: Flask) -> None:
    """Two entries on each of the days 10 to 13, with a digest in each night but the last."""
    with app.app_context():
        for n in range(4):
            for hours in (12, 5):
                note(NIGHT + n * DAY - timedelta(hours=hours), f"team:{n}")
            if n < 3:
                assert add_digest(NIGHT + n * DAY)


def test_a_digest_is_made_once_a_night(app: Flask, chain: None) -> None:
    with app.app_context():
        assert add_digest(NIGHT + 2 * DAY) is None
        assert add_digest(NIGHT + 3 * DAY - timedelta(seconds=1)) is None
        assert [(link.day, link.fits) for link in read_chain()] == [
            ("2024-11-10", True), ("2024-11-11", True), ("2024-11-12", True),
        ]  # fmt: skip
        # After two days without a server one digest covers both.
        assert not is_overdue(NIGHT + 3 * DAY) and is_overdue(NIGHT + 5 * DAY)
        made = add_digest(NIGHT + 5 * DAY)
        assert made and made == latest() and made.day == "2024-11-15"
        assert all(link.fits for link in read_chain()) and not is_overdue(NIGHT + 5 * DAY)


OF_DAY_11 = "at >= '2024-11-10T17:00Z' and at < '2024-11-11T17:00Z'"


@pytest.mark.parametrize(
    ("statement", "days"),
    [
        (f"delete from audit where {OF_DAY_11} and act = 'team.edit'", ["2024-11-11"]),
        (f"update audit set actor = 'user:2' where {OF_DAY_11}", ["2024-11-11"]),
        # Also the digest in the night after it.
        ("delete from audit where at = '2024-11-11T20:00Z'", ["2024-11-12"]),
        # Of a day that nothing covers yet.
        ("delete from audit where at > '2024-11-12T20:00Z'", []),
    ],
)
def test_what_the_owner_does_shows(
    app: Flask, owner: Engine, chain: None, statement: str, days: list[str]
) -> None:
    with owner.begin() as connection:
        connection.execute(text("alter table audit disable trigger audit_is_append_only"))
        connection.execute(text(statement))
        connection.execute(text("alter table audit enable trigger audit_is_append_only"))
    with app.app_context():
        assert [link.day for link in read_chain() if not link.fits] == days


def test_entries_of_the_past_and_forged_digests_show(app: Flask, chain: None) -> None:
    with app.app_context():
        note(NIGHT + DAY / 2, "team:9")
        assert [link.day for link in read_chain() if not link.fits] == ["2024-11-11"]
        note(NIGHT + 2 * DAY + timedelta(hours=1), "audit:x", "audit.digest", digest="0" * 64)
        note(NIGHT + 9 * DAY, "audit:x", "audit.digest")
        broken = ["2024-11-11", "2024-11-12", "2024-11-19"]
        assert [link.day for link in read_chain() if not link.fits] == broken
        since = read_chain(NIGHT + 2 * DAY - timedelta(hours=3))
        assert [link.day for link in since if not link.fits] == broken[1:]


def test_a_digest_of_a_day_to_come_ends_no_chain(app: Flask, chain: None) -> None:
    with app.app_context():
        note(datetime(2999, 1, 1, tzinfo=UTC), "audit:x", "audit.digest", digest="0" * 64)
        assert is_overdue(NIGHT + 5 * DAY)
        assert (made := add_digest(NIGHT + 5 * DAY)) and made == latest()
        assert [link.day for link in read_chain()][-1] == "2024-11-15"
        assert all(link.fits for link in read_chain())


def test_the_doctor_names_the_day_and_the_digest(
    app: Flask, chain: None, clock: Callable[[], datetime]
) -> None:
    with app.app_context():
        known = latest()
        assert known
        note(NIGHT + DAY / 2, "team:9")
    run = app.test_cli_runner()
    done = run.invoke(args=["doctor"])
    assert "audit_log: Entries of the audit log of 2024-11-11 were changed" in done.output
    assert done.exit_code == 1 and f"audit log until 2024-11-12: {known.digest}" in done.output
    done = run.invoke(args=["audit", "digest"])
    assert done.exit_code == 1 and "added or removed: 2024-11-11" in done.output
