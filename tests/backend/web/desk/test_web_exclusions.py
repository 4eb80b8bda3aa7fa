"""The official's desk takes samples out of the counts and in again: shown first, then done."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support import people
from tests.support.admin_client import field_error
from tests.support.factories import post, register, sample
from tests.support.signals import Cast

NAME = "binh@example.vn"
MONTH = "?month=2024-11"


class Desk:
    """The browser of an official."""

    def __init__(self, app: Flask, client: FlaskClient, code: str, level: str) -> None:
        people.account(app, NAME, "official", people.unit_id(app, code, level=level))
        self.client, self.code = client, code
        self.token = people.sign_in(client, NAME)["X-CSRF-Token"]

    def get(self, path: str, status: int = 200) -> str:
        answer = self.client.get(f"/desk/area/{self.code}/{path}")
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, status: int = 200, **typed: Any) -> str:
        data = {"csrf_token": self.token, **typed}
        answer = self.client.post(f"/desk/area/{self.code}/{path}", data=data)
        assert answer.status_code == status, answer.text
        return answer.text

    def counted(self) -> int:
        items = self.client.get(f"/api/v1/coverage{MONTH}&level=province").json["items"]
        return int(next(one["counted"] for one in items if one["code"] == "19"))


@pytest.fixture
def samples(client: FlaskClient) -> list[str]:
    """Two that count and a repeat, of one phone; their ids."""
    made = [sample(f"2024-11-05T{hour}:00:00+07:00") for hour in ("08", "09", "14")]
    assert post(client, register(client), *made).status_code < 300
    return [str(one["id"]) for one in made]


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> Desk:
    return Desk(app, client, "19", "province")


@pytest.mark.slow
def test_ticked_samples_are_shown_then_excluded_then_counted_again(
    desk: Desk, samples: list[str]
) -> None:
    listed = desk.get(f"samples{MONTH}")
    assert all(f'value="{one}"' in listed for one in samples)
    chosen = {"measurements": [samples[0], samples[2]]}
    form = desk.send(f"exclude{MONTH}", **chosen)
    assert "Loại 2 mẫu" in form and not field_error(form, "reason")
    asked = {**chosen, "month": "2024-11", "reason": "đo trong xưởng"}
    shown = desk.send(f"exclude{MONTH}", **asked)
    assert "Sẽ thay đổi" in shown and desk.counted() == 2
    desk.send(f"exclude{MONTH}", 303, **asked, go="yes")
    assert desk.counted() == 1  # the one between them is no repeat any more
    page = desk.get(f"exclusions{MONTH}")
    assert "đo trong xưởng" in page
    (act,) = set(re.findall(r"/exclusions/(\d+)", page))
    lift = f"exclusions/{act}{MONTH}"
    assert "đo trong xưởng" in desk.get(lift)
    assert "Sẽ thay đổi" in desk.send(lift, reason="nhầm")
    desk.send(lift, 303, reason="nhầm", go="yes")
    assert desk.counted() == 2
    assert "đã thu hồi" in desk.get(f"exclusions{MONTH}")
    again = desk.send(lift, reason="nhầm", go="yes")
    assert "đã được thu hồi" in again


def test_a_reason_is_wanted(desk: Desk, samples: list[str]) -> None:
    page = desk.send(f"exclude{MONTH}", month="2024-11", measurements=samples[:1], reason=" ")
    assert field_error(page, "reason") and samples[0] in page
    assert "Chưa chọn mẫu nào" in desk.get(f"exclude{MONTH}")


def test_from_one_sample_to_all_of_its_phone(desk: Desk, samples: list[str]) -> None:
    page = desk.get(f"samples/{samples[1]}")
    assert f"measurement={samples[1]}" in page
    (number,) = set(re.findall(r"device=(\d+)", page))
    assert f"Loại mọi mẫu của máy số {number}" in desk.get(f"exclude{MONTH}&device={number}")
    asked = {"month": "2024-11", "device": number, "reason": "một máy đo hộ cả xã", "go": "yes"}
    desk.send(f"exclude{MONTH}", 303, **asked)
    assert desk.counted() == 0
    assert f"Máy số {number}" in desk.get(f"exclusions{MONTH}")


@pytest.mark.slow
def test_from_a_sign_to_the_exclusion_that_settles_it(app: Flask, client: FlaskClient) -> None:
    Cast(app, client)
    desk = Desk(app, client, "19", "province")
    page = desk.get(f"signals{MONTH}")
    device, sign = re.findall(r"device=(\d+)&amp;signal_id=(\d+)", page)[0]
    asked = {"month": "2024-11", "device": device, "signal_id": sign, "reason": "giả vị trí"}
    desk.send(f"exclude{MONTH}", 303, **asked, go="yes")
    assert "giả vị trí" in desk.get(f"signals{MONTH}")
    desk.send(f"signals{MONTH}", 303, signal_id=sign, state="explained", note="máy của trường")
    assert "máy của trường" in desk.get(f"signals{MONTH}")


def test_a_commune_s_official_reads_and_decides_nothing(
    app: Flask, client: FlaskClient, samples: list[str]
) -> None:
    items = client.get(f"/api/v1/coverage{MONTH}&parent=19&level=commune").json["items"]
    (commune,) = [one["code"] for one in items if one["received"]]
    desk = Desk(app, client, commune, "commune")
    listed = desk.get(f"samples{MONTH}")
    assert samples[0] in listed and "checkbox" not in listed
    assert "Mẫu bị loại" in desk.get(f"exclusions{MONTH}")
    desk.get(f"exclude{MONTH}", 403)
    asked = {"month": "2024-11", "measurements": samples[0], "reason": "x", "go": "yes"}
    desk.send(f"exclude{MONTH}", 403, **asked)
