"""/api/v1/webhooks: what a webhook is sent, its secrets, and access to it."""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from standardwebhooks import Webhook as Signer

from backend.clock import utc_now
from backend.database.extensions import db
from backend.doors.webhooks.models import Webhook
from backend.doors.webhooks.service import FORMER_FOR, MAX_FORMER, signing_secrets
from backend.events.feed import KINDS
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.webhooks import HOOKS, SEALED, Hook, Receiver, add_hook

PROVINCE = {"system": "2024", "level": "province", "code": "19"}


def secrets_of(hook: Hook) -> list[str]:
    with hook.app.app_context():
        return signing_secrets(db.session.get_one(Webhook, hook.id), hook.clock.now)


def test_a_hook_gets_its_kinds_and_its_unit(hook: Hook, receiver: Receiver) -> None:
    hook.made = add_hook(hook.client, hook.admin, receiver.url, kinds=[SEALED], unit=PROVINCE)
    province = people.unit_id(hook.app, "19", level="province")
    commune = people.unit_id(hook.app, "05443")
    hanoi = people.unit_id(hook.app, "01", level="province")
    hook.events(unit=hanoi)
    hook.events(unit=commune)
    hook.events(unit=province, kind="deadline.set")
    hook.events(unit=province)
    hook.events()
    assert hook.show()["waiting"] == 2
    assert hook.run() == 2
    assert receiver.numbers == [2, 4]
    assert hook.show()["cursor"] == 5


def test_only_what_happens_after_the_hook_was_added_unless_it_begins_earlier(
    hook: Hook, receiver: Receiver
) -> None:
    hook.events(2)
    for after, cursor, delivered in ((None, 2, 0), (1, 1, 1)):
        hook.made = add_hook(hook.client, hook.admin, receiver.url, after=after)
        assert hook.made["cursor"] == cursor
        assert hook.run() == delivered


def test_the_secret_is_shown_once_and_not_stored(hook: Hook, receiver: Receiver) -> None:
    secret = hook.made["secret"]
    assert secret.startswith("whsec_")
    assert "secret" not in hook.show()
    assert secret not in hook.client.get(HOOKS, headers=hook.admin).text
    with hook.app.app_context():
        row = db.session.execute(text("select * from webhooks")).mappings().one()
        assert secret[6:] not in str(dict(row))
    assert add_hook(hook.client, hook.admin, receiver.url)["secret"] != secret


def test_a_former_secret_signs_beside_the_new_one_for_a_day(hook: Hook, receiver: Receiver) -> None:
    hook.clock.now = utc_now()  # the library of the receiver checks the time
    first = receiver.secret = hook.made["secret"]
    lost, new = (hook.renew_secret()["secret"] for _ in range(2))
    assert len({first, lost, new}) == 3
    hook.events()
    assert hook.run() == 1  # by the first one
    headers, body = receiver.received[0]
    assert len(headers["webhook-signature"].split(" ")) == 3
    for secret in (first, lost, new):
        Signer(secret).verify(body, headers)
    hook.clock.now += FORMER_FOR
    receiver.secret = None
    hook.events()
    hook.run()
    headers, body = receiver.received[1]
    expected = Signer(new).sign(headers["webhook-id"], hook.clock.now, body.decode())
    assert headers["webhook-signature"] == expected
    again = hook.renew_secret()
    assert datetime.fromisoformat(again["former_until"]) == hook.clock.now + FORMER_FOR
    assert secrets_of(hook) == [again["secret"], new]  # those of the day before sign no more
    assert people.audit_entries(hook.app, f"webhook:{hook.id}")[-1] == ("webhook.secret", {})


def test_former_secrets_are_few(hook: Hook) -> None:
    for _ in range(MAX_FORMER + 3):
        hook.renew_secret()
    secrets = secrets_of(hook)
    assert len(set(secrets)) == len(secrets) == MAX_FORMER + 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://example.vn", "after": 10}, "after"),
    ],
)
def test_a_wrong_hook_is_422(
    client: FlaskClient, admin: dict[str, str], data: dict[str, Any], field: str
) -> None:
    answer = client.post(HOOKS, json=data, headers=admin)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json["errors"]}


def test_a_hook_whose_address_is_no_longer_allowed_is_not_enabled(app: Flask, hook: Hook) -> None:
    app.config["WEBHOOK_NETWORKS"] = ()
    answer = hook.enable()
    assert (answer.status_code, answer.json["code"]) == (409, "webhook_url_refused")
    assert "errors" not in answer.json  # the request has no field of the address


def test_a_hook_is_removed(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: Hook
) -> None:
    url = f"{HOOKS}/{hook.id}"
    assert client.delete(url, headers=admin).status_code == 204
    assert client.get(url, headers=admin).status_code == 404
    added, removed = people.audit_entries(app, f"webhook:{hook.id}")
    assert added == ("webhook.add", {"host": "127.0.0.1", "unit_id": None})
    assert removed == ("webhook.remove", {"host": "127.0.0.1"})


def test_there_are_not_endlessly_many_hooks(
    app: Flask, client: FlaskClient, admin: dict[str, str], clock: FakeClock
) -> None:
    with app.app_context():
        for _ in range(20):
            row = Webhook(url="https://example.vn", kinds=list(KINDS), salt=b"x", cursor=0)
            row.created_at = clock.now
            db.session.add(row)
        db.session.commit()
    answer = client.post(HOOKS, json={"url": "https://example.vn"}, headers=admin)
    assert (answer.status_code, answer.json["code"]) == (409, "too_many_webhooks")
