"""Delivery of events to a webhook: signed, in order, again after failures, never lost."""

import time
from datetime import datetime
from functools import partial
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from standardwebhooks import Webhook as Signer

from backend.clock import utc_now
from backend.database.extensions import db
from backend.doors.webhooks import delivery
from backend.doors.webhooks.delivery import DISABLE_AFTER, LEASE, PAUSES_S, due_webhooks
from backend.doors.webhooks.models import Webhook
from backend.events import running
from backend.http.pinned_client import Answer
from backend.outbox import service as outbox
from backend.outbox.service import NewEvent
from tests.support.devices import ME
from tests.support.events import change_verdict, read
from tests.support.factories import register
from tests.support.webhooks import SEALED, Hook, Receiver, delete_all_events


def succeed(*request: Any) -> Answer:
    """Deliver nothing, with success."""
    return Answer(204)


def test_an_event_arrives_signed_as_the_specification_says(hook: Hook, receiver: Receiver) -> None:
    hook.clock.now = utc_now()  # the library of the receiver checks the time
    receiver.secret = hook.made["secret"]
    hook.events(2)
    assert hook.run() == 2
    listed = read(hook.client, hook.admin).json["items"]
    assert [orjson.loads(body) for _, body in receiver.received] == listed
    assert list(receiver.applied) == [one["id"] for one in listed]
    headers, _ = receiver.received[0]
    assert headers["content-type"] == "application/json"
    assert headers["webhook-timestamp"] == str(int(hook.clock.now.timestamp()))
    assert headers["webhook-signature"].startswith("v1,")
    assert hook.run() == 0
    shown = hook.show()
    assert (shown["cursor"], shown["waiting"], shown["failed"], shown["error"]) == (2, 0, [], None)


@pytest.mark.parametrize("status", [None, 301, 302, 307, 400, 404, 500])
def test_a_failure_is_listed_and_the_next_events_go_on(
    hook: Hook, receiver: Receiver, status: int | None
) -> None:
    receiver.refuse(status, numbers={1})
    hook.events(3)
    assert hook.run() == 2
    assert len(receiver.received) == 3  # no redirect was followed
    (failed,) = hook.show()["failed"]
    assert (failed["number"], failed["tries"]) == (1, 1)
    assert failed["error"] == (f"http_{status}" if status else "broken")
    assert hook.run() == 0  # not yet
    hook.wait(seconds=PAUSES_S[0])
    receiver.accept()
    assert hook.run() == 1
    assert hook.show()["failed"] == []


def test_pauses_grow_until_an_event_is_given_up_and_an_admin_sends_it_again(
    hook: Hook, receiver: Receiver
) -> None:
    receiver.refuse(422, numbers={1})
    hook.events()
    for tries, pause in enumerate(PAUSES_S, 1):
        hook.run()
        (failed,) = hook.show()["failed"]
        assert failed["tries"] == tries
        hook.events()  # others go well meanwhile
        hook.wait(seconds=1 + min(pause, delivery.MAX_PAUSE_S))
        hook.run()
        hook.wait(seconds=pause)
        hook.set_failures(tries=tries, next_at=hook.clock.now)
    hook.run()
    (failed,) = hook.show()["failed"]
    assert (failed["tries"], failed["next_at"]) == (len(PAUSES_S) + 1, None)
    receiver.accept()
    hook.enable()
    assert hook.run() == 1
    assert hook.show()["failed"] == []


@pytest.mark.long
def test_a_receiver_that_is_away_is_asked_less_often_and_gets_everything_afterwards(
    hook: Hook, receiver: Receiver
) -> None:
    receiver.refuse(503)
    hook.events(200)
    asked = []
    for _ in range(24 * 12):  # a day
        hook.wait(minutes=5)
        with hook.app.app_context():
            if hook.id in due_webhooks(hook.clock()):
                hook.run()
        asked.append(len(receiver.received))
    assert asked[-1] < 80
    assert asked[-1] - asked[-13] <= 4  # two in an hour
    receiver.accept()
    for _ in range(20):
        hook.wait(hours=1)
        hook.run()
    assert sorted(receiver.numbers) == list(range(1, 201))
    shown = hook.show()
    assert (shown["failed"], shown["error"], shown["failing_since"]) == ([], None, None)


def test_an_event_that_is_always_refused_holds_up_no_other(hook: Hook, receiver: Receiver) -> None:
    receiver.refuse(500, numbers=range(1, 6))
    hook.events(30)
    for _ in range(12):
        hook.wait(hours=2)
        hook.run()
    assert set(receiver.numbers) == set(range(1, 31))


def test_a_throttled_hook_waits_as_long_as_the_receiver_says(
    hook: Hook, receiver: Receiver
) -> None:
    receiver.refuse(429)
    hook.events(5)
    hook.run()
    assert len(receiver.received) == 1
    hook.wait(seconds=76)
    hook.run()
    assert len(receiver.received) == 1
    hook.wait(seconds=1)
    receiver.accept()
    assert hook.run() == 5


@pytest.mark.parametrize(("status", "reason"), [(410, "gone"), (500, "failing")])
def test_a_hook_is_disabled_with_a_reason_and_continues_when_it_is_enabled(
    hook: Hook, receiver: Receiver, status: int, reason: str
) -> None:
    receiver.refuse(status)
    hook.events(3)
    hook.run()
    if reason == "failing":
        assert hook.show()["enabled"]
        for _ in range(DISABLE_AFTER.days):
            hook.wait(days=1)
            hook.run()
    shown = hook.show()
    assert not shown["enabled"] and shown["disabled_reason"] == reason
    hook.wait(days=1)
    receiver.accept()
    assert hook.run() == 0 and not receiver.received
    answer = hook.enable()
    assert answer.status_code == 200 and answer.json["enabled"]
    assert hook.run() == 3
    assert sorted(receiver.numbers) == [1, 2, 3]


def test_a_hook_of_rare_events_is_not_disabled_by_one_failure(
    hook: Hook, receiver: Receiver
) -> None:
    receiver.refuse(500)
    hook.events()
    for pause in (0, *PAUSES_S):
        hook.wait(seconds=pause)
        hook.run()
    shown = hook.show()
    assert shown["failed"][0]["next_at"] is None and shown["enabled"]
    hook.wait(days=30)
    hook.events()
    hook.run()
    shown = hook.show()
    assert shown["enabled"] and datetime.fromisoformat(shown["failing_since"]) == hook.clock.now
    hook.wait(seconds=PAUSES_S[-1])
    hook.run()
    assert hook.show()["failing_since"] == shown["failing_since"]


def test_a_replay_sends_again_with_the_same_ids(hook: Hook, receiver: Receiver) -> None:
    hook.events(4)
    hook.run()
    answer = hook.replay(after=2)
    assert answer.status_code == 200 and answer.json["cursor"] == 2
    assert hook.run() == 2
    ids = [headers["webhook-id"] for headers, _ in receiver.received]
    assert ids[2:4] == ids[4:6] and len(set(ids)) == 4
    for after in (-1, 5, "x", None):
        assert hook.replay(after).status_code == 422


def test_a_replay_passes_over_no_event_that_was_not_sent(hook: Hook) -> None:
    hook.events(3)
    answer = hook.replay(after=2)
    assert answer.status_code == 200 and answer.json["cursor"] == 0
    assert hook.run(sender=succeed) == 3


def test_a_replay_during_a_delivery_is_not_undone(hook: Hook) -> None:
    hook.events(3)
    sent = []

    def sender(url: str, body: bytes, *more: Any) -> Answer:
        sent.append(orjson.loads(body)["number"])
        if sent == [1, 2]:
            assert hook.replay(after=0).status_code == 200
        return Answer(204)

    assert hook.run(sender=sender) == 1
    assert hook.show()["cursor"] == 0
    assert hook.run(sender=sender) == 3
    assert sent == [1, 2, 1, 2, 3]


def test_two_processes_do_not_deliver_at_the_same_time_and_a_killed_one_is_replaced(
    hook: Hook,
) -> None:
    hook.events(2)

    class Killed(BaseException):
        """As by SIGKILL: nothing is recorded."""

    def killed(*request: Any) -> Answer:
        assert hook.run(sender=lambda *more: pytest.fail("twice")) == 0
        raise Killed

    with pytest.raises(Killed):
        hook.run(sender=killed)
    assert hook.run(sender=succeed) == 0
    hook.clock.now += LEASE
    assert hook.run(sender=succeed) == 2


def test_a_hook_whose_next_events_were_deleted_says_so(hook: Hook) -> None:
    hook.events(3)
    delete_all_events(hook.app, hook.clock)
    hook.events()
    assert hook.run() == 0
    shown = hook.show()
    assert (shown["disabled_reason"], shown["first"]) == ("events_deleted", 3)
    refused = hook.enable()
    assert (refused.status_code, refused.json["code"], refused.json["first"]) == (
        410,
        "events_deleted",
        3,
    )
    hook.replay(after=3)
    assert hook.enable().json["enabled"]
    assert hook.run(sender=succeed) == 1


def test_what_a_withdrawal_scrubbed_is_not_sent(
    client: FlaskClient, hook: Hook, receiver: Receiver
) -> None:
    phone = register(client)
    sample = change_verdict(client, phone=phone)
    assert client.delete(ME, headers=phone).status_code == 200
    hook.events(0)  # numbers what the change caused
    assert hook.run() == 1
    (_, body) = receiver.received[0]
    assert sample.encode() not in body
    assert orjson.loads(body)["scrubbed"] is True


def test_a_secret_that_is_made_during_a_delivery_signs_the_next_event(hook: Hook) -> None:
    hook.clock.now = utc_now()
    hook.events(2)
    made: list[str] = []

    def sender(url: str, body: bytes, headers: dict[str, str], *more: Any) -> Answer:
        if made:
            assert Signer(made[0]).verify(body, headers)
        else:
            made.append(hook.renew_secret()["secret"])
        return Answer(204)

    assert hook.run(sender=sender) == 2


def test_the_process_numbers_notes_and_delivers(app: Flask, hook: Hook, receiver: Receiver) -> None:
    receiver.secret = hook.made["secret"]
    with app.app_context():
        outbox.add(NewEvent(SEALED, None, "2024-11", {}))
        db.session.commit()
        running.run(utc_now, 2.0, partial(delivery.delivering, app, utc_now))
        assert db.session.scalar(select(Webhook.cursor)) == 1
    assert [event["number"] for event in receiver.applied.values()] == [1]


def test_the_command_ends_at_once_without_a_hook(app: Flask) -> None:
    began = time.monotonic()
    assert app.test_cli_runner().invoke(args=["events", "run", "--for", "600"]).exit_code == 0
    assert time.monotonic() - began < 60
