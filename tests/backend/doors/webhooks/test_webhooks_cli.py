"""flask webhooks: what an operator sees and does without a page."""

import pytest
from click.testing import Result
from flask import Flask

from backend.accounts.audit import shell_name
from backend.accounts.models import AuditEntry
from backend.database.extensions import db
from tests.support.webhooks import Hook, Receiver, delete_all_events


def webhooks(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["webhooks", *arguments])


def test_an_operator_sees_what_waits_and_replays(
    app: Flask, hook: Hook, receiver: Receiver
) -> None:
    one = str(hook.id)
    receiver.refuse(500, numbers={2})
    hook.events(2)
    hook.run()
    hook.events(3)
    assert webhooks(app, "list").output == f"{one}  {receiver.url}  fails (http_500)\n"
    shown = webhooks(app, "show", one).output
    assert "waiting: 3, failed: 1\n" in shown and "of: the whole country\n" in shown
    assert "delivered up to: 2 of 5\n" in shown
    assert "  2  report.sealed  1 x http_500  2024-11-20 12:00 UTC\n" in shown
    assert "disabled 2024-11-20 12:00 UTC (by_admin)" in webhooks(app, "disable", one).output
    receiver.accept()
    assert hook.run() == 0
    assert webhooks(app, "enable", one).exit_code == 0
    assert webhooks(app, "replay", one, "--after", "1").exit_code == 0
    assert hook.run() == 4
    assert sorted(receiver.numbers) == [2, 3, 4, 5]
    with app.app_context():
        entries = db.session.query(AuditEntry).filter_by(subject=f"webhook:{one}")
        acts = [(entry.actor, entry.act) for entry in entries.order_by(AuditEntry.id)][1:]
    assert acts == [(shell_name(), f"webhook.{act}") for act in ("disable", "enable", "replay")]


@pytest.mark.parametrize("command", ["show", "disable", "enable"])
@pytest.mark.parametrize("number", ["7", "0", str(10**30), "x"])
def test_a_wrong_number_is_one_sentence(app: Flask, command: str, number: str) -> None:
    done = webhooks(app, command, number)
    assert done.exit_code in (1, 2) and "Error: " in done.output


def test_what_cannot_be_delivered_is_said(app: Flask, hook: Hook) -> None:
    one = str(hook.id)
    hook.events()
    delete_all_events(app, hook.clock)
    assert "Begin with a later number" in webhooks(app, "enable", one).output
    assert "no event of this number" in webhooks(app, "replay", one, "--after", "9").output
    app.config["WEBHOOK_NETWORKS"] = ()
    assert "no longer allowed" in webhooks(app, "enable", one).output
