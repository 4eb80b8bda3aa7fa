"""`flask reports deadlines`: whose report of last month is still to be sent."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.reports import Office


def reminded(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["reports", "deadlines", *words])


def test_it_names_who_has_not_sent_and_how_long_there_is(app: Flask, clock: FakeClock) -> None:
    clock.now = datetime(2024, 12, 5, 3, tzinfo=UTC)
    lines = reminded(app, "--unit", "19", "--unit", "92").output.splitlines()
    assert lines == [
        "Báo cáo tháng 11/2024: gửi trước ngày 15/12/2024, còn 10 ngày.",
        "0/2 đơn vị đã có báo cáo được xác nhận.",
        "Chưa có: Thành phố Cần Thơ, Tỉnh Thái Nguyên.",
    ]
    clock.now = datetime(2024, 12, 15, 3, tzinfo=UTC)
    whole = reminded(app).output
    assert "đã quá hạn 1 ngày" in whole and "0/63 đơn vị" in whole
    assert "và 23 nơi khác." in whole


@pytest.mark.slow
def test_who_has_sent_is_left_alone(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    office = Office(app, client, clock)
    office.is_demo()
    office.approved()
    done = reminded(app, "--unit", "19", "--send")
    assert (done.exit_code, done.stdout) == (0, "")
    others = reminded(app, "--send")
    assert others.exit_code == 1 and "set SMTP_HOST" in others.output
    assert "1/63 đơn vị" in others.output and "Tỉnh Thái Nguyên" not in others.output


def test_a_unit_that_is_none_is_said(app: Flask) -> None:
    assert reminded(app, "--unit", "99").exit_code == 1
