"""Months of an area across the reform of July 2025: each is led to by its old units."""

from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import post, register, sample

NAME = "binh@example.vn"


@pytest.fixture
def after(clock: FakeClock, client: FlaskClient) -> None:
    """A sample of May 2025, and the clock of August."""
    clock.now = datetime(2025, 5, 20, 12, tzinfo=UTC)
    assert post(client, register(client), sample("2025-05-19T08:00:00+07:00")).status_code < 300
    clock.now = datetime(2025, 8, 20, 12, tzinfo=UTC)


def sign_in(app: Flask, client: FlaskClient, code: str, level: str, system: str = "2025") -> str:
    people.account(app, NAME, "official", people.unit_id(app, code, system, level))
    return people.sign_in(client, NAME)["X-CSRF-Token"]


def listed(page: str, month: str) -> str:
    """A month in the list of the head, with the links to its units."""
    months = page.split('<details class="months">')[1].split("</details>")[0]
    [found] = [one for one in months.split("<li>") if month in one]
    return found


@pytest.mark.slow
def test_a_province_of_today_opens_those_that_it_was_made_of(
    app: Flask, client: FlaskClient, after: None
) -> None:
    sign_in(app, client, "19", "province")
    before = listed(client.get("/desk/area/19").text, "05/2025")
    assert "Tỉnh Bắc Kạn" in before and "Tỉnh Thái Nguyên" in before
    for code, name in (("06", "Tỉnh Bắc Kạn"), ("19", "Tỉnh Thái Nguyên")):
        then = client.get(f"/desk/area/{code}?month=2025-05")
        assert then.status_code == 200 and name in then.text
    now = listed(client.get("/desk/area/06?month=2025-05").text, "08/2025")
    assert "/desk/area/19?month=2025-08" in unescape(now)


@pytest.mark.slow
def test_a_commune_of_today_opens_the_old_ones_that_went_into_it(
    app: Flask, client: FlaskClient, after: None
) -> None:
    sign_in(app, client, "05443", "commune")
    before = unescape(listed(client.get("/desk/area/05443").text, "05/2025"))
    codes = [part.split("?")[0] for part in before.split("/desk/area/")[1:]]
    assert codes
    for code in codes:
        assert client.get(f"/desk/area/{code}?month=2025-05").status_code == 200


def test_a_report_is_begun_for_the_units_of_its_month(
    app: Flask, client: FlaskClient, after: None
) -> None:
    token = sign_in(app, client, "19", "province")
    form = client.get("/desk/reports?of=2025-05").text.partition('id="unit"')[2]
    assert 'value="06"' in form and 'value="19"' in form
    today = client.get("/desk/reports?of=2025-07").text.partition('id="unit"')[2]
    assert 'value="06"' not in today and 'value="19"' in today
    typed = {"csrf_token": token, "unit": "06", "month": "2025-05"}
    assert client.post("/desk/reports", data=typed).status_code == 303
