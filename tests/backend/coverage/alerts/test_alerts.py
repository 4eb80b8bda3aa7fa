"""Who is silent, behind, will miss the target or has reached it; and the digest that tells it."""

import json
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.coverage.alerts.service import STATES, states
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.plans import Cast
from tests.support.smtp_server import listening, mail_server

URL = "/api/v1/alerts?parent=19"
HERE, THERE, BEYOND = "05443", "05446", "05449"


def by_code(client: FlaskClient, query: str = "") -> dict[str, list[str]]:
    items = client.get(URL + query).json["items"]
    return {item["code"]: item["states"] for item in items}


def test_the_states_of_a_running_month(app: Flask, client: FlaskClient) -> None:
    """It is the 20th of November."""
    count(app, HERE, ("2024-11-19", 300))
    count(app, THERE, *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    count(app, BEYOND, ("2024-10-30", 1), ("2024-11-16", 200))
    answer = client.get(URL).json
    shown = {item["code"]: item for item in answer["items"]}
    assert shown[HERE]["states"] == ["reached"]
    assert shown[THERE]["states"] == ["behind", "will_miss"]
    assert shown[BEYOND]["states"][0] == "silent" and shown[BEYOND]["last_day"] == "2024-11-16"
    assert answer["counts"]["silent"] == 170 and answer["counts"]["reached"] == 1
    assert answer["units"] == 172 and answer["month"] == "2024-11"


def test_a_plan_that_covers_the_shortfall_ends_the_alert_by_pace(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    count(app, THERE, *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    cast = Cast(app, THERE)
    one, two = cast.team("Đội 1"), cast.team("Đội 2")
    for team, samples, later, found in [
        (one, 60, "2024-11-21", ["behind", "will_miss"]), (two, 145, "2024-11-30", ["behind"]),
    ]:  # fmt: skip
        cast.pin(team, unit=THERE, samples=samples, day=later)
        assert by_code(client)[THERE] == found
    (public,) = [one for one in client.get(URL).json["items"] if one["code"] == THERE]
    items = client.get(URL, headers=admin).json["items"]
    (exact,) = [one for one in items if one["code"] == THERE]
    assert (public["planned"], exact["planned"], exact["shortfall"]) == (None, 205, 205)


def test_three_days_without_a_sample(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-11-17", 1), category="failed_test")
    count(app, THERE, ("2024-11-16", 1))
    assert "silent" not in by_code(client)[HERE]
    assert "silent" in by_code(client)[THERE]


def test_the_last_day_lies_in_the_month_before(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    count(app, HERE, ("2024-11-29", 4))
    clock.now = datetime(2024, 12, 2, 3, 0, tzinfo=UTC)
    items = {item["code"]: item for item in client.get(URL).json["items"]}
    assert HERE not in items or "silent" not in items[HERE]["states"]
    clock.now = datetime(2024, 12, 4, 3, 0, tzinfo=UTC)
    items = {item["code"]: item for item in client.get(URL).json["items"]}
    assert items[HERE]["last_day"] == "2024-11-29" and "silent" in items[HERE]["states"]


def test_a_past_month_is_neither_silent_nor_foretold(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    count(app, HERE, ("2024-11-02", 300))
    clock.now = datetime(2025, 1, 5, tzinfo=UTC)
    shown = by_code(client, "&month=2024-11")
    assert shown.pop(HERE) == ["reached"]
    assert set(map(tuple, shown.values())) == {("behind",)}


def test_without_a_target_only_silence_is_told(client: FlaskClient) -> None:
    assert set(map(tuple, by_code(client, "&network=fixed").values())) == {("silent",)}


@given(
    st.sampled_from([None, "behind", "on_pace", "reached"]),
    st.integers(1, 500),
    st.none() | st.integers(0, 900),
    st.booleans(),
    st.integers(0, 300),
)
def test_states_never_contradict_each_other(
    state: str | None, need: int, highest: int | None, silent: bool, planned: int
) -> None:
    found = states(state, need, highest, silent, planned)
    assert set(found) <= set(STATES) and len(found) == len(set(found))
    assert not {"reached", "behind"} <= set(found) and not {"reached", "will_miss"} <= set(found)


def digest(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["coverage", "digest", *words])


def test_the_digest_of_a_province(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-11-19", 1300))
    count(app, THERE, *[(f"2024-11-{day:02}", 5) for day in range(1, 20)])
    done = digest(app, "--unit", "19")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "Tỉnh Thái Nguyên – ngày 20/11/2024, mạng di động"
    assert lines[1] == "1.395 mẫu được tính, 1.395 nhận."
    assert lines[2] == "1/172 xã, phường đạt 300 mẫu (0,58%)."
    assert lines[3].startswith("Không có mẫu nào trong 3 ngày qua (170): ")
    assert lines[4].startswith("Chậm tiến độ (171): ") and "(thiếu 300)" in lines[4]
    assert lines[-1] == "Theo số liệu Đo Sóng. Ranh giới xã, phường gần đúng."
    made = app.test_cli_runner().invoke(args=["audit", "digest"]).output.split()
    last = digest(app, "--unit", "19").output.splitlines()[-1]
    assert last == f"Mã nhật ký quản trị đến hết {made[0]}: {made[1][:16]}"


def test_the_digest_of_a_commune(app: Flask, client: FlaskClient) -> None:
    count(app, HERE, ("2024-11-19", 80))
    done = digest(app, "--unit", HERE)
    assert "Còn thiếu 220 mẫu để đạt 300, còn 11 ngày: cần 20 mẫu mỗi ngày." in done.output
    assert "Chưa có mục tiêu." in digest(app, "--unit", HERE, "--network", "fixed").output
    count(app, HERE, ("2024-11-19", 220))
    assert "Đã đạt mục tiêu 300 mẫu." in digest(app, "--unit", HERE).output
    assert digest(app, "--unit", "99999").exit_code == 1


class Hook(BaseHTTPRequestHandler):
    """Keeps what is posted."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        pass


def test_the_digest_goes_by_mail_and_to_a_hook(app: Flask, client: FlaskClient) -> None:
    with (
        mail_server() as (post, mails),
        listening(HTTPServer(("127.0.0.1", 0), Hook)) as hook,
    ):
        app.config.update(
            **post,
            DIGEST_TO=("tinh@example.vn", "huyen@example.vn"),
            DIGEST_WEBHOOK=f"http://127.0.0.1:{hook.server_address[1]}/x",
        )
        done = digest(app, "--unit", "19", "--send")
        assert done.exit_code == 0, done.output
    (mail,), (shown,) = mails, hook.posted
    assert b"To: tinh@example.vn, huyen@example.vn" in mail
    assert shown["text"] in done.output and shown["unit"] == "19" and shown["day"] == "2024-11-20"


def test_a_digest_that_cannot_be_sent_says_so(
    app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert "set SMTP_HOST" in digest(app, "--unit", "19", "--send").output
    app.config.update(DIGEST_WEBHOOK="http://127.0.0.1:9/x")
    done = digest(app, "--unit", "19", "--send")
    assert done.exit_code == 1 and "not sent: DIGEST_WEBHOOK" in done.output
