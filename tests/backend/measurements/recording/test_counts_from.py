"""The required assurance: what proves nothing does not count, at whatever number it is sent."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.accounts.models import AuditEntry
from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.measurements.recording import counting
from backend.witness import hosts
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, network, post, register, sample
from tests.support.requirements import ALWAYS, counting_from
from tests.support.speed_tests import get_ticket, witnessed

MORNING = datetime(2024, 11, 15, 8, 0, tzinfo=VIETNAM)
METRE = 1 / 111_195


@pytest.fixture
def strict(app: Flask) -> Iterator[None]:
    """An installation that counts witnessed samples only."""
    with counting_from(app, "witnessed"):
        yield


@pytest.fixture
def phone(client: FlaskClient) -> dict[str, str]:
    return register(client)


def main_reasons(app: Flask) -> Counter[str]:
    """The main reasons of all stored samples; the counts agree with them."""
    with app.app_context():
        assert counting.differences() == []
        rows = db.session.execute(text("select counted, reasons from measurements"))
        return Counter("counted" if counted else reasons[0] for counted, reasons in rows)


def measured(clock: FakeClock, **changes: Any) -> dict[str, Any]:
    """A sample of a test that begins now and is slow enough for its witness."""
    values = {"download_mbps": 1.0, "upload_mbps": 1.0} | changes
    return sample(clock.now.isoformat(), **values)


def codes(answer: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answer["reasons"]]


def command(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["measurements", *words])


# The attacks


@pytest.mark.usefixtures("strict")
def test_300_claims_of_one_device_count_nothing(
    app: Flask, client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    clock.now = MORNING + timedelta(hours=4)
    walk = [
        sample(
            (MORNING + timedelta(seconds=40 * step)).isoformat(),
            location=location(latitude=HERE["latitude"] + 115 * (step % 20) * METRE),
        )
        for step in range(300)
    ]
    post(client, phone, *walk)
    assert main_reasons(app) == {"unproven": 300}


@pytest.mark.usefixtures("strict")
def test_300_names_of_operators_count_nothing(
    app: Flask, client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    clock.now = MORNING + timedelta(hours=1)
    names = [
        sample(MORNING.isoformat(), network=network(mcc=None, mnc=None, operator=f"Mạng {n}"))
        for n in range(300)
    ]
    post(client, phone, *names)
    assert main_reasons(app) == {"unproven": 300}


@pytest.mark.long
@pytest.mark.usefixtures("strict")
def test_300_devices_with_a_sample_of_last_month_each_count_nothing(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = MORNING + timedelta(days=20)
    app.config["REGISTRATIONS_PER_HOUR"] = 1_000
    for _ in range(300):
        post(client, register(client), sample(MORNING.isoformat()))
    assert main_reasons(app) == {"unproven": 300}


@pytest.mark.usefixtures("strict")
def test_a_claim_says_what_to_do(client: FlaskClient, phone: dict[str, str]) -> None:
    phone["Accept-Language"] = "vi"
    answer = post(client, phone, sample()).json
    assert (answer["valid"], answer["counted"], codes(answer)) == (True, False, ["unproven"])
    assert answer["reasons"][0]["message"] == (
        "Phép đo chưa được máy chủ đo xác nhận: hãy đo ngay trên trang web này, ở /do."
    )
    page = client.get("/?month=2024-11&lang=vi").text  # for readers who did not measure
    assert "Phép đo chưa được máy chủ đo xác nhận." in page
    assert "hãy đo ngay trên trang web này" not in page


# What counts


@pytest.mark.usefixtures("strict")
def test_a_claim_neither_anchors_a_repeat_nor_uses_up_a_cap(
    app: Flask, client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    app.config.update(DAILY_CAP=1, COMMUNE_CAP=1)
    claims = [measured(clock)]
    clock.now += timedelta(minutes=1)
    claims.append(measured(clock))
    clock.now += timedelta(minutes=1)
    proven = measured(clock, test=witnessed(client, phone))
    assert post(client, phone, proven).json["counted"] is True
    results = post(client, phone, *claims).json["results"]
    assert [codes(one)[0] for one in results] == ["unproven", "unproven"]
    clock.now += timedelta(hours=4, minutes=30)
    capped = post(client, phone, measured(clock, test=witnessed(client, phone))).json
    assert codes(capped) == ["daily_cap"]
    assert main_reasons(app) == {"counted": 1, "unproven": 2, "daily_cap": 1}


@pytest.mark.parametrize(
    ("counts_from", "counted"), [("witnessed", False), ("ticketed", True), ("claimed", True)]
)
def test_a_ticket_of_a_host_that_does_not_sign(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    phone: dict[str, str],
    counts_from: str,
    counted: bool,
) -> None:
    with app.app_context():
        host = str(hosts.add_host("old", "https://old.example.vn", None, clock.now))
    test = {"ticket": get_ticket(client, phone, host=host)["ticket"]}
    with counting_from(app, counts_from):
        assert post(client, phone, measured(clock, test=test)).json["counted"] is counted


@pytest.mark.usefixtures("strict")
def test_the_path_under_a_lock_requires_the_same(
    client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    first = measured(clock)
    post(client, phone, first)
    clock.now += timedelta(minutes=1)
    proven = measured(clock, test=witnessed(client, phone))
    clock.now += timedelta(minutes=1)
    results = post(client, phone, first, measured(clock), proven).json["results"]
    assert [codes(one)[:1] for one in results] == [["unproven"], ["unproven"], []]


@pytest.mark.parametrize(("counts_from", "found"), [("claimed", []), ("ticketed", ["unproven"])])
def test_results_entered_by_hand_count_only_where_claims_do(
    app: Flask,
    client: FlaskClient,
    clock: FakeClock,
    phone: dict[str, str],
    counts_from: str,
    found: list[str],
) -> None:
    app.config["COUNT_MANUAL"] = True
    with counting_from(app, counts_from):
        answer = post(
            client, phone, measured(clock, source="manual", test=witnessed(client, phone))
        )
    assert codes(answer.json) == found


@pytest.mark.usefixtures("strict")
def test_imported_rows_count_if_an_admin_lets_them(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text(json.dumps(sample()))
    result = command(app, "import", str(path), "--format", "ndjson", "--count", "An old series.")
    assert result.exit_code == 0, result.output
    assert main_reasons(app) == {"counted": 1}
    assert command(app, "rejudge", "--month", "2024-11").exit_code == 0
    assert main_reasons(app) == {"counted": 1}


# The requirement is dated


def test_the_requirement_at_the_receipt_decides_for_good(
    app: Flask, client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    begin = clock.now + timedelta(hours=1)
    with (
        counting_from(app, "witnessed", begin),
        counting_from(app, "claimed", begin + timedelta(days=1)),
    ):
        found = []
        for hours in (0, 1, 24, 25):
            clock.now = begin + timedelta(hours=hours, seconds=-(hours == 0))
            at = clock.now - timedelta(minutes=1)
            place = location(latitude=HERE["latitude"] + 300 * hours * METRE)
            answer = post(client, phone, sample(at.isoformat(), location=place)).json
            found.append(codes(answer))
        assert found == [[], ["unproven"], [], []]
        output = command(app, "rejudge", "--month", "2024-11").output
        assert "verdicts changed: 0" in output
        assert main_reasons(app) == {"counted": 3, "unproven": 1}


def test_rejudging_derives_the_reason_again(
    app: Flask, client: FlaskClient, phone: dict[str, str]
) -> None:
    body = sample()
    with counting_from(app, "witnessed"):
        post(client, phone, body)
        command(app, "exclude", body["id"], "--reason", "x")
    assert main_reasons(app) == {"excluded": 1}
    output = command(app, "rejudge", "--month", "2024-11").output
    assert "verdicts changed: 1" in output  # without the row that required it
    with app.app_context():
        own = db.session.execute(text("select own_reasons from measurements")).scalar_one()
    assert own == ["excluded"]
    with counting_from(app, "witnessed"):
        assert "verdicts changed: 1" in command(app, "rejudge", "--month", "2024-11").output


# The command


@pytest.fixture
def restored(app: Flask) -> Iterator[None]:
    """Remove afterwards what a command adds."""
    with counting_from(app, "claimed"):
        yield


@pytest.mark.usefixtures("restored")
def test_a_requirement_is_chosen_dated_and_audited(
    app: Flask, client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    post(client, phone, sample())
    result = command(app, "counts-from", "ticketed", "--reason", " Our app has tickets. ")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("from 2024-11-20 19:01:00+0700: ticketed (shell:")
    assert result.output.endswith(": Our app has tickets.)\n")
    shown = command(app, "counts-from").output.splitlines()
    assert shown[0] == "now: claimed"
    assert shown[-1] == result.output.strip()
    clock.now += timedelta(minutes=1)
    assert command(app, "counts-from").output.startswith("now: ticketed\n")
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.act, entry.subject) == ("measurements.counts_from", "counts_from:ticketed")
    assert entry.details == {
        "from": "2024-11-20T12:01:00+00:00", "reason": "Our app has tickets.",
    }  # fmt: skip


@pytest.mark.usefixtures("restored")
def test_a_requirement_can_begin_later_and_never_earlier(
    app: Flask, client: FlaskClient, clock: FakeClock, phone: dict[str, str]
) -> None:
    now = command(app, "counts-from", "witnessed", "--reason", "No samples yet.")
    assert now.output.startswith("from 2024-11-20 19:00:00+0700")
    post(client, phone, sample())
    words = ["counts-from", "claimed", "--reason", "x", "--from"]
    assert command(app, *words, "2024-12-01").output.startswith("from 2024-12-01 00:00:00+0700")
    early = command(app, *words, "2024-11-20T19:00")
    assert early.exit_code == 1
    assert "a minute from now or later" in early.output


@pytest.mark.parametrize("words", [["claimed"], ["claimed", "--reason", " "], ["imported"]])
def test_a_requirement_needs_a_reason(app: Flask, words: list[str]) -> None:
    assert command(app, "counts-from", *words).exit_code == 2


def test_the_serving_role_requires_nothing(
    app: Flask, client: FlaskClient, phone: dict[str, str]
) -> None:
    app.config["DATABASE_OWNER_URL"] = app.config["DATABASE_URL"]
    result = command(app, "counts-from", "claimed", "--reason", "x")
    assert result.exit_code == 1
    assert "DATABASE_OWNER_URL" in result.output


# What everybody can read


def read_rules(client: FlaskClient, lang: str = "vi") -> dict[str, Any]:
    return dict(client.get("/api/v1/rules", headers={"Accept-Language": lang}).json)


def test_the_rules_in_force_are_public(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    later = clock.now + timedelta(days=1)
    with counting_from(app, "claimed"), counting_from(app, "witnessed", later):
        assert read_rules(client, "en") == {
            "rules": 3,
            "counts_from": "claimed",
            "since": ALWAYS.isoformat(),
            "next": {"counts_from": "witnessed", "from": later.isoformat()},
            "note": "Samples reported by the phone alone count here, without confirmation by a "
            "measuring host.",
        }
        assert read_rules(client)["note"].startswith("Hệ thống này tính cả mẫu do điện thoại tự")
        clock.now = later
        assert read_rules(client)["counts_from"] == "witnessed"
        assert read_rules(client)["note"] is read_rules(client)["next"] is None
