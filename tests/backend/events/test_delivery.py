"""Delivery of events to webhooks: signed, in order, again after failures, never lost."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Any

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from standardwebhooks import Webhook as Signer

from backend.clock import utc_now
from backend.database.extensions import db
from backend.events import delivery, running, sending
from backend.events.delivery import DISABLE_AFTER, LEASE, PAUSES_S, deliver, due_webhooks
from backend.events.kinds import KINDS
from backend.events.models import Webhook, WebhookFailure
from backend.events.sending import Sent, send
from backend.events.webhooks import FORMER_FOR, FORMER_MOST, signing_secrets
from backend.outbox import service as outbox
from backend.outbox.models import Event
from backend.outbox.service import NewEvent
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.devices import ME
from tests.support.events import change_verdict, read
from tests.support.factories import register
from tests.support.webhooks import Receiver, receiving

HOOKS = "/api/v1/webhooks"
HERE = (ip_network("127.0.0.0/8"),)
SEALED = "report.sealed"


@pytest.fixture(autouse=True)
def allowed(app: Flask) -> None:
    app.config["WEBHOOK_NETWORKS"] = HERE


@pytest.fixture
def admin(app: Flask) -> dict[str, str]:
    return people.person(app, "admin")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running_receiver:
        yield running_receiver


def add_hook(client: FlaskClient, admin: dict[str, str], url: str, **data: Any) -> Any:
    answer = client.post(HOOKS, json={"url": url, **data}, headers=admin)
    assert answer.status_code == 201, answer.text
    return answer.json


@pytest.fixture
def hook(client: FlaskClient, admin: dict[str, str], receiver: Receiver) -> int:
    made = add_hook(client, admin, receiver.url)
    receiver.secret = made["secret"]
    return int(made["id"])


def add(app: Flask, n: int = 1, unit: int | None = None, kind: str = SEALED) -> None:
    with app.app_context():
        outbox.add(*[NewEvent(kind, unit, "2024-11", {"n": number}) for number in range(n)])
        db.session.commit()
        outbox.number_pending()


def run(app: Flask, hook: int, clock: FakeClock, **more: Any) -> int:
    with app.app_context():
        return deliver(hook, clock, **more)


def show(client: FlaskClient, admin: dict[str, str], hook: int) -> Any:
    return client.get(f"{HOOKS}/{hook}", headers=admin).json


def test_an_event_arrives_signed_as_the_specification_says(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
) -> None:
    clock.now = utc_now()  # the library of the receiver checks the time
    add(app, 2)
    assert run(app, hook, clock) == 2
    listed = read(client, admin).json["items"]
    assert [orjson.loads(body) for _, body in receiver.received] == listed
    assert list(receiver.applied) == [one["id"] for one in listed]
    headers, _ = receiver.received[0]
    assert headers["content-type"] == "application/json"
    assert headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert headers["webhook-signature"].startswith("v1,")
    assert run(app, hook, clock) == 0
    shown = show(client, admin, hook)
    assert (shown["cursor"], shown["waiting"], shown["failed"], shown["error"]) == (2, 0, [], None)


def test_a_hook_gets_its_kinds_and_its_unit(
    app: Flask, client: FlaskClient, admin: dict[str, str], receiver: Receiver, clock: FakeClock
) -> None:
    unit = {"system": "2024", "level": "province", "code": "19"}
    made = add_hook(client, admin, receiver.url, kinds=[SEALED], unit=unit)
    province = people.unit_id(app, "19", level="province")
    commune, hanoi = people.unit_id(app, "05443"), people.unit_id(app, "01", level="province")
    for one, kind in (
        (hanoi, SEALED),
        (commune, SEALED),
        (province, "deadline.set"),
        (province, SEALED),
        (None, SEALED),
    ):
        add(app, 1, one, kind)
    assert run(app, made["id"], clock) == 2
    numbers = [orjson.loads(body)["number"] for _, body in receiver.received]
    assert numbers == [2, 4]
    assert show(client, admin, made["id"])["cursor"] == 5


def test_only_what_happens_after_the_hook_was_added_unless_it_begins_earlier(
    app: Flask, client: FlaskClient, admin: dict[str, str], receiver: Receiver, clock: FakeClock
) -> None:
    add(app, 2)
    late, early = (add_hook(client, admin, receiver.url, after=after) for after in (None, 1))
    assert (late["cursor"], early["cursor"]) == (2, 1)
    assert (run(app, late["id"], clock), run(app, early["id"], clock)) == (0, 1)


@pytest.mark.parametrize("status", [None, 301, 302, 307, 400, 404, 500])
def test_a_failure_is_listed_and_the_next_events_go_on(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
    status: int | None,
) -> None:
    receiver.secret = None
    receiver.answer = lambda headers, body: status if b'"number":1,' in body else 204
    add(app, 3)
    assert run(app, hook, clock) == 2
    assert len(receiver.received) == 3  # no redirect was followed
    shown = show(client, admin, hook)
    (failed,) = shown["failed"]
    assert (failed["number"], failed["tries"]) == (1, 1)
    assert failed["error"] == (f"http_{status}" if status else "broken")
    assert run(app, hook, clock) == 0  # not yet
    clock.now += timedelta(seconds=PAUSES_S[0])
    receiver.answer = lambda headers, body: 200
    assert run(app, hook, clock) == 1
    assert show(client, admin, hook)["failed"] == []


def test_pauses_grow_until_an_event_is_given_up_and_an_admin_sends_it_again(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
) -> None:
    receiver.secret = None
    receiver.answer = lambda headers, body: 422 if b'"number":1,' in body else 204
    add(app)
    for tries, pause in enumerate((*PAUSES_S, None), 1):
        run(app, hook, clock)
        (failed,) = show(client, admin, hook)["failed"]
        assert failed["tries"] == tries
        if pause is None:
            assert failed["next_at"] is None
            break
        with app.app_context():  # other events go well meanwhile
            add(app)
            clock.now += timedelta(seconds=1)
        clock.now += timedelta(seconds=min(pause, delivery.PAUSE_MOST_S))
        run(app, hook, clock)
        clock.now += timedelta(seconds=pause)
        with app.app_context():
            db.session.execute(update(WebhookFailure).values(tries=tries, next_at=clock.now))
            db.session.commit()
    receiver.answer = lambda headers, body: 204
    client.patch(f"{HOOKS}/{hook}", json={"enabled": True}, headers=admin)
    with app.app_context():
        db.session.execute(update(WebhookFailure).values(next_at=clock.now))
        db.session.commit()
    assert run(app, hook, clock) == 1
    assert show(client, admin, hook)["failed"] == []


@pytest.mark.long
def test_a_receiver_that_is_away_is_asked_less_often_and_gets_everything_afterwards(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
) -> None:
    receiver.secret, receiver.answer = None, lambda headers, body: 503
    add(app, 200)
    asked = []
    for _ in range(24 * 12):  # a day
        clock.now += timedelta(minutes=5)
        with app.app_context():
            if hook in due_webhooks(clock()):
                run(app, hook, clock)
        asked.append(len(receiver.received))
    assert asked[-1] < 80
    assert asked[-1] - asked[-13] <= 4  # two in an hour
    receiver.received.clear()
    receiver.answer = lambda headers, body: 204
    for _ in range(20):
        clock.now += timedelta(hours=1)
        run(app, hook, clock)
    numbers = sorted(orjson.loads(body)["number"] for _, body in receiver.received)
    assert numbers == list(range(1, 201))
    shown = show(client, admin, hook)
    assert (shown["failed"], shown["error"], shown["failing_since"]) == ([], None, None)


def test_an_event_that_is_always_refused_holds_up_no_other(
    app: Flask, receiver: Receiver, hook: int, clock: FakeClock
) -> None:
    receiver.secret = None
    receiver.answer = lambda headers, body: 500 if orjson.loads(body)["number"] <= 5 else 204
    add(app, 30)
    for _ in range(12):
        clock.now += timedelta(hours=2)
        run(app, hook, clock)
    arrived = {orjson.loads(body)["number"] for _, body in receiver.received}
    assert arrived == set(range(1, 31))


def test_a_throttled_hook_waits_as_long_as_the_receiver_says(
    app: Flask, receiver: Receiver, hook: int, clock: FakeClock
) -> None:
    receiver.secret, receiver.answer = None, lambda headers, body: 429
    add(app, 5)
    run(app, hook, clock)
    assert len(receiver.received) == 1
    clock.now += timedelta(seconds=76)
    run(app, hook, clock)
    assert len(receiver.received) == 1
    clock.now += timedelta(seconds=1)
    receiver.answer = lambda headers, body: 204
    assert run(app, hook, clock) == 5


@pytest.mark.parametrize("reason", ["gone", "failing"])
def test_a_hook_is_disabled_with_a_reason_and_continues_when_it_is_enabled(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
    reason: str,
) -> None:
    receiver.secret = None
    receiver.answer = lambda headers, body: 410 if reason == "gone" else 500
    add(app, 3)
    run(app, hook, clock)
    if reason == "failing":
        assert show(client, admin, hook)["enabled"]
        for _ in range(DISABLE_AFTER.days):
            clock.now += timedelta(days=1)
            run(app, hook, clock)
    shown = show(client, admin, hook)
    assert not shown["enabled"] and shown["disabled_reason"] == reason
    clock.now += timedelta(days=1)
    before = len(receiver.received)
    assert run(app, hook, clock) == 0 and len(receiver.received) == before
    receiver.received.clear()
    receiver.answer = lambda headers, body: 204
    answer = client.patch(f"{HOOKS}/{hook}", json={"enabled": True}, headers=admin)
    assert answer.status_code == 200 and answer.json["enabled"]
    with app.app_context():
        db.session.execute(update(WebhookFailure).values(next_at=clock.now))
        db.session.commit()
    assert run(app, hook, clock) == 3
    assert sorted(orjson.loads(body)["number"] for _, body in receiver.received) == [1, 2, 3]


def test_a_hook_of_rare_events_is_not_disabled_by_one_failure(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
) -> None:
    receiver.secret, receiver.answer = None, lambda headers, body: 500
    add(app)
    for pause in (0, *PAUSES_S):
        clock.now += timedelta(seconds=pause)
        run(app, hook, clock)
    shown = show(client, admin, hook)
    assert shown["failed"][0]["next_at"] is None and shown["enabled"]
    clock.now += timedelta(days=30)
    add(app)
    run(app, hook, clock)
    shown = show(client, admin, hook)
    assert shown["enabled"] and datetime.fromisoformat(shown["failing_since"]) == clock.now
    clock.now += timedelta(seconds=PAUSES_S[-1])
    run(app, hook, clock)
    assert show(client, admin, hook)["failing_since"] == shown["failing_since"]


def test_a_replay_sends_again_with_the_same_ids(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
) -> None:
    receiver.secret = None
    add(app, 4)
    run(app, hook, clock)
    answer = client.post(f"{HOOKS}/{hook}/replay", json={"after": 2}, headers=admin)
    assert answer.status_code == 200 and answer.json["cursor"] == 2
    assert run(app, hook, clock) == 2
    ids = [headers["webhook-id"] for headers, _ in receiver.received]
    assert ids[2:4] == ids[4:6] and len(set(ids)) == 4
    for after, status in ((-1, 422), (5, 422), ("x", 422), (None, 422)):
        answer = client.post(f"{HOOKS}/{hook}/replay", json={"after": after}, headers=admin)
        assert answer.status_code == status


def test_a_replay_passes_over_no_event_that_was_not_sent(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: int, clock: FakeClock
) -> None:
    add(app, 3)
    answer = client.post(f"{HOOKS}/{hook}/replay", json={"after": 2}, headers=admin)
    assert answer.status_code == 200 and answer.json["cursor"] == 0
    assert run(app, hook, clock, sender=lambda *request: Sent(204)) == 3


def test_a_replay_during_a_delivery_is_not_undone(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: int, clock: FakeClock
) -> None:
    add(app, 3)
    sent = []

    def sender(url: str, body: bytes, *more: Any) -> Sent:
        sent.append(orjson.loads(body)["number"])
        if sent == [1, 2]:
            answer = client.post(f"{HOOKS}/{hook}/replay", json={"after": 0}, headers=admin)
            assert answer.status_code == 200
        return Sent(204)

    assert run(app, hook, clock, sender=sender) == 1
    assert show(client, admin, hook)["cursor"] == 0
    assert run(app, hook, clock, sender=sender) == 3
    assert sent == [1, 2, 1, 2, 3]


def test_two_processes_do_not_deliver_at_the_same_time_and_a_killed_one_is_replaced(
    app: Flask, hook: int, clock: FakeClock
) -> None:
    add(app, 2)

    class Killed(BaseException):
        """As by SIGKILL: nothing is recorded."""

    def killed(*request: Any) -> Sent:
        assert run(app, hook, clock, sender=lambda *more: pytest.fail("twice")) == 0
        raise Killed

    with pytest.raises(Killed):
        run(app, hook, clock, sender=killed)
    assert run(app, hook, clock, sender=lambda *request: Sent(204)) == 0
    clock.now += LEASE
    assert run(app, hook, clock, sender=lambda *request: Sent(204)) == 2


def test_a_hook_whose_next_events_were_deleted_says_so(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: int, clock: FakeClock
) -> None:
    add(app, 3)
    with app.app_context():
        db.session.execute(update(Event).values(at=clock.now - timedelta(days=4_000)))
        outbox.delete_expired(clock.now)
        db.session.commit()
    add(app)
    assert run(app, hook, clock) == 0
    assert show(client, admin, hook)["disabled_reason"] == "events_deleted"
    answer = client.patch(f"{HOOKS}/{hook}", json={"enabled": True}, headers=admin)
    assert (answer.status_code, answer.json["code"], answer.json["first"]) == (
        410,
        "events_deleted",
        3,
    )
    client.post(f"{HOOKS}/{hook}/replay", json={"after": 3}, headers=admin)
    assert client.patch(f"{HOOKS}/{hook}", json={"enabled": True}, headers=admin).json["enabled"]
    assert run(app, hook, clock, sender=lambda *request: Sent(204)) == 1


def test_what_a_withdrawal_scrubbed_is_not_sent(
    app: Flask, client: FlaskClient, receiver: Receiver, hook: int, clock: FakeClock
) -> None:
    receiver.secret = None
    phone = register(client)
    sample = change_verdict(client, phone=phone)
    assert client.delete(ME, headers=phone).status_code == 200
    with app.app_context():
        outbox.number_pending()
    assert run(app, hook, clock) == 1
    (_, body) = receiver.received[0]
    assert sample.encode() not in body
    assert orjson.loads(body)["scrubbed"] is True


def test_the_secret_is_shown_once_and_not_stored(
    app: Flask, client: FlaskClient, admin: dict[str, str], receiver: Receiver
) -> None:
    made = add_hook(client, admin, receiver.url)
    assert made["secret"].startswith("whsec_")
    assert "secret" not in show(client, admin, made["id"])
    assert made["secret"] not in client.get(HOOKS, headers=admin).text
    with app.app_context():
        row = db.session.execute(text("select * from webhooks")).mappings().one()
        assert made["secret"][6:] not in str(dict(row))
    assert add_hook(client, admin, receiver.url)["secret"] != made["secret"]


def test_a_former_secret_signs_beside_the_new_one_for_a_day(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    receiver: Receiver,
    hook: int,
    clock: FakeClock,
) -> None:
    clock.now = utc_now()  # the library of the receiver checks the time
    first = receiver.secret
    lost, new = (
        client.post(f"{HOOKS}/{hook}/secret", headers=admin).json["secret"] for _ in range(2)
    )
    assert len({first, lost, new}) == 3
    add(app)
    assert run(app, hook, clock) == 1  # by the first one
    headers, body = receiver.received[0]
    assert len(headers["webhook-signature"].split(" ")) == 3
    for secret in (first, lost, new):
        Signer(secret).verify(body, headers)
    clock.now += FORMER_FOR
    receiver.secret = None
    add(app)
    run(app, hook, clock)
    headers, body = receiver.received[1]
    assert headers["webhook-signature"] == Signer(new).sign(
        headers["webhook-id"], clock.now, body.decode()
    )
    again = client.post(f"{HOOKS}/{hook}/secret", headers=admin).json
    assert datetime.fromisoformat(again["former_until"]) == clock.now + FORMER_FOR
    with app.app_context():
        secrets = signing_secrets(db.session.get_one(Webhook, hook), clock.now)
    assert secrets == [again["secret"], new]  # those of the day before sign no more
    assert people.audit_entries(app, f"webhook:{hook}")[-1] == ("webhook.secret", {})


def test_a_secret_that_is_made_during_a_delivery_signs_the_next_event(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: int, clock: FakeClock
) -> None:
    clock.now = utc_now()
    add(app, 2)
    made: list[str] = []

    def sender(url: str, body: bytes, headers: dict[str, str], *more: Any) -> Sent:
        if made:
            assert Signer(made[0]).verify(body, headers)
        else:
            made.append(client.post(f"{HOOKS}/{hook}/secret", headers=admin).json["secret"])
        return Sent(204)

    assert run(app, hook, clock, sender=sender) == 2


def test_former_secrets_are_few(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: int, clock: FakeClock
) -> None:
    for _ in range(FORMER_MOST + 3):
        assert client.post(f"{HOOKS}/{hook}/secret", headers=admin).status_code == 200
    with app.app_context():
        secrets = signing_secrets(db.session.get_one(Webhook, hook), clock.now)
    assert len(set(secrets)) == len(secrets) == FORMER_MOST + 1


def test_only_events_of_its_unit_wait_for_a_hook(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    unit = {"system": "2024", "level": "province", "code": "19"}
    made = add_hook(client, admin, "https://example.vn", kinds=[SEALED], unit=unit)
    for code in ("19", "01", "01"):
        add(app, 1, people.unit_id(app, code, level="province"))
    assert show(client, admin, made["id"])["waiting"] == 1


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "url"),
        ({"url": 5}, "url"),
        ({"url": "https://example.vn", "kinds": []}, "kinds"),
        ({"url": "https://example.vn", "kinds": ["verdict"]}, "kinds.0"),
        ({"url": "https://example.vn", "unit": {"system": "2024"}}, "unit.code"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://example.vn", "after": 10}, "after"),
        ({"url": "https://example.vn", "after": "1"}, "after"),
    ],
)
def test_a_wrong_hook_is_422(
    client: FlaskClient, admin: dict[str, str], data: dict[str, Any], field: str
) -> None:
    answer = client.post(HOOKS, json=data, headers=admin)
    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.json["errors"]}


def test_only_admins_who_may_write_set_hooks(
    app: Flask, client: FlaskClient, admin: dict[str, str], hook: int
) -> None:
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    reader = people.person(app, "admin", scopes=("read",))
    for headers in (official, reader):
        assert client.get(HOOKS, headers=headers).status_code == 403
        assert client.delete(f"{HOOKS}/{hook}", headers=headers).status_code == 403
    assert client.delete(f"{HOOKS}/{hook}", headers=admin).status_code == 204
    assert client.get(f"{HOOKS}/{hook}", headers=admin).status_code == 404
    added, removed = people.audit_entries(app, f"webhook:{hook}")
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


def test_the_process_numbers_notes_and_delivers(app: Flask, receiver: Receiver, hook: int) -> None:
    with app.app_context():
        outbox.add(NewEvent(SEALED, None, "2024-11", {}))
        db.session.commit()
        running.run(app, utc_now, 2.0)
        assert db.session.scalar(select(Webhook.cursor)) == 1
    assert receiver.numbers == [1]


def test_the_command_ends_at_once_without_a_hook(app: Flask) -> None:
    began = time.monotonic()
    assert app.test_cli_runner().invoke(args=["events", "run", "--for", "600"]).exit_code == 0
    assert time.monotonic() - began < 60


# One delivery over HTTP.


def test_a_name_that_resolves_to_an_address_inside_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = receiver.url.replace("127.0.0.1", "hook.example")
    monkeypatch.setattr(sending, "resolve", lambda target: [ip_address("127.0.0.1")])
    assert send(url, b"{}", {}, HERE).status == 204
    assert send(url, b"{}", {}, ()).problem == "address_forbidden"
    mixed = [ip_address("1.1.1.1"), ip_address("127.0.0.1")]
    monkeypatch.setattr(sending, "resolve", lambda target: mixed)
    assert send(url.replace("http:", "https:"), b"{}", {}, ()).problem == "address_forbidden"
    assert len(receiver.received) == 1


def test_the_connection_goes_to_the_address_that_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second resolution, which a server of names may answer otherwise, does not happen."""
    url = receiver.url.replace("127.0.0.1", "hook.example")
    asked = []

    def lookup(host: str, *more: Any, **options: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", more[0]))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert send(url, b"{}", {}, HERE).status == 204
    assert asked.count("hook.example") == 1
    assert receiver.received[0][0]["host"].startswith("hook.example:")


def test_an_answer_of_single_bytes_and_a_silent_name_server_take_no_longer_than_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not stop.wait(0.1):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        began = time.monotonic()
        assert send(url, b"{}", {}, HERE, timeout_s=0.5).problem == "timeout"
        assert time.monotonic() - began < 5
        stop.set()
        thread.join()
    monkeypatch.setattr(sending, "resolve", lambda target: time.sleep(1))
    assert send(url, b"{}", {}, HERE, timeout_s=0.2).problem == "timeout"
    time.sleep(1)  # its thread ends


def test_few_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [ip_address(f"127.0.0.{number}") for number in range(1, 200)]
    tried = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(sending, "resolve", lambda target: many)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert send("http://hook.example/", b"{}", {}, HERE).problem == "refused"
    assert tried == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_what_goes_wrong_before_an_answer_has_a_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/", b"{}", {}, HERE).problem == "refused"
    assert send("https://name.invalid/", b"{}", {}, ()).problem == "name_unknown"


def test_a_certificate_is_checked(receiver: Receiver) -> None:
    url = receiver.url.replace("http:", "https:")
    assert send(url, b"{}", {}, HERE).problem in ("tls", "broken")
