"""What pages say where something cannot be done: in the reader's words, with a way on."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.web.site.reading import as_sent
from tests.support import people

NAME = "binh@example.vn"


@pytest.fixture
def official(app: Flask, client: FlaskClient) -> FlaskClient:
    people.account(app, NAME, "official", people.unit_id(app, "19", level="province"))
    people.sign_in(client, NAME)
    return client


def words(client: FlaskClient, path: str, status: int) -> str:
    answer = client.get(path, headers={"Accept-Language": "vi"})
    assert answer.status_code == status
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", main)


@pytest.mark.parametrize(
    ("name", "written", "sent"),
    [("month", "10/2026", "2026-10"), ("month", "1/2026", "2026-01"),
     ("month", "2026-10", "2026-10"), ("month", "13/2026", "2026-13"),
     ("last_day", "31/12/2026", "2026-12-31"), ("last_day", "1.2.2026", "2026-02-01"),
     ("number", "12/2026", "12/2026")],
)  # fmt: skip
def test_days_and_months_are_typed_as_people_write_them(name: str, written: str, sent: str) -> None:
    assert as_sent(name, written) == sent


@pytest.mark.parametrize(
    ("path", "said"),
    [("/?month=2026-13", "<li>Tháng không đúng, ví dụ 10/2026.</li>"),
     ("/?network=5g", "<li>Mạng: "), ("/desk/area/19?month=x", "ví dụ 10/2026"),
     ("/desk/area/19/samples?reason=x", "<li>Lý do: ")],
)  # fmt: skip
def test_an_address_that_is_wrong_is_explained_without_names_of_parameters(
    official: FlaskClient, path: str, said: str
) -> None:
    page = words(official, path, 422)
    assert said in page and "YYYY" not in page and "<code>" not in page
    assert f'href="{path.partition("?")[0]}"' in page and "data-back" in page


def test_a_month_as_people_write_it_opens(official: FlaskClient) -> None:
    assert "11/2024" in words(official, "/desk/area/19?month=11/2024", 200)


def test_the_desk_of_another_area_says_so_and_leads_to_the_own(official: FlaskClient) -> None:
    other = words(official, "/desk/area/01", 404)
    assert "thuộc địa bàn không phải của bạn" in other and "đăng nhập" not in other
    assert 'href="/work"' in other
    none = words(official, "/desk/area/99", 404)  # reveals nothing
    assert re.sub("id=.*", "", other) == re.sub("id=.*", "", none)


def test_an_admin_without_a_second_factor_is_led_to_it(app: Flask, client: FlaskClient) -> None:
    people.account(app, NAME, "admin")
    people.sign_in(client, NAME)
    for path in ("/admin", "/admin/people", "/work"):
        assert client.get(path).location == "/account", path
    assert "Còn một bước" in words(client, "/account", 200)
