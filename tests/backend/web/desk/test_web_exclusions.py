"""The official's desk takes samples out of the counts and in again: shown first, then done."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.reports.monthly.models import ReportRow
from tests.support import people
from tests.support.admin_client import field_error
from tests.support.factories import post, register, sample
from tests.support.reports import stored_report
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

    def confirm(self, path: str, **typed: Any) -> str:
        """See the effect of an act, then confirm it; return what was seen."""
        seen = self.send(path, **typed)
        self.send(path, 303, **typed, go=token_of(seen))
        return seen

    def counted(self) -> int:
        items = self.client.get(f"/api/v1/coverage{MONTH}&level=province").json["items"]
        return int(next(one["counted"] for one in items if one["code"] == "19"))


def token_of(page: str) -> str:
    """Return the value with which a page's form confirms what it shows."""
    [token] = re.findall(r'name="go" value="(\w{64})"', page)
    return str(token)


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
    asked = {**chosen, "month": "2024-11", "reason": "đo trong xưởng"}
    form = desk.confirm(f"exclude{MONTH}", **asked)
    assert "Không tính 2 mẫu, trong đó 2 đang được tính." in form and not field_error(
        form, "reason"
    )
    assert desk.counted() == 1  # the one between them is no repeat any more
    page = desk.get(f"exclusions{MONTH}")
    assert "đo trong xưởng" in page
    (act,) = set(re.findall(r"/exclusions/(\d+)", page))
    lift = f"exclusions/{act}{MONTH}"
    shown = desk.get(lift)
    assert "đo trong xưởng" in shown and "Tính lại 2 mẫu" in shown
    desk.send(lift, 303, reason="nhầm", go=token_of(shown))
    assert desk.counted() == 2
    assert "đã thu hồi" in desk.get(f"exclusions{MONTH}")
    assert "đã được thu hồi" in desk.get(lift)


def test_what_changed_since_it_was_seen_is_shown_again(desk: Desk, samples: list[str]) -> None:
    asked = {"month": "2024-11", "measurements": samples[:2], "reason": "đo trong xưởng"}
    shown = desk.send(f"exclude{MONTH}", **asked)
    assert "Không tính 2 mẫu, trong đó 1 đang được tính." in shown  # the other one is a repeat
    seen = token_of(shown)
    desk.confirm(f"exclude{MONTH}", **asked | {"measurements": samples[:1]})
    assert desk.counted() == 2
    again = desk.send(f"exclude{MONTH}", **asked, go=seen)
    assert "Có thay đổi kể từ lúc bạn xem" in again and desk.counted() == 2
    desk.send(f"exclude{MONTH}", 303, **asked, go=token_of(again))
    assert desk.counted() == 1
    other = {**asked, "measurements": samples[2:], "go": token_of(again)}  # of other samples
    assert "Có thay đổi" in desk.send(f"exclude{MONTH}", **other) and desk.counted() == 1


def test_targets_and_frozen_reports_are_named_before_samples_go(
    app: Flask, desk: Desk, samples: list[str]
) -> None:
    items = desk.client.get(f"/api/v1/coverage{MONTH}&parent=19&level=commune").json["items"]
    (commune,) = [one["code"] for one in items if one["received"]]
    target = {
        "level": "commune", "network": "mobile", "threshold": 2, "valid_from": "2024-11-01",
        "unit": {"system": "2024", "level": "commune", "code": commune}, "source": "kế hoạch",
    }  # fmt: skip
    admin, other = people.person(app, "admin"), app.test_client()
    assert other.post("/api/v1/targets", json=target, headers=admin).status_code == 201
    report = stored_report(app, people.unit_id(app, "19", level="province"), "frozen")
    with app.app_context():
        db.session.get_one(ReportRow, report).month = "2024-11"
        db.session.commit()
    page = desk.get(f"exclude{MONTH}&measurement={samples[2]}")
    [row] = re.findall(r"Xã, phường đạt mục tiêu.*?</tr>", page, re.S)
    before, after = re.findall(r">(\d+)/\d+<", row)
    assert (before, after) == ("1", "0") and f"/desk/reports/{report}" in page


def test_a_reason_is_wanted(desk: Desk, samples: list[str]) -> None:
    chosen = {"month": "2024-11", "measurements": samples[:1], "reason": " "}
    token = token_of(desk.send(f"exclude{MONTH}", **chosen))
    page = desk.send(f"exclude{MONTH}", **chosen, go=token)
    assert field_error(page, "reason") and samples[0] in page and desk.counted() == 2
    assert "Chưa chọn mẫu nào" in desk.get(f"exclude{MONTH}")


def test_from_one_sample_to_all_of_its_phone(desk: Desk, samples: list[str]) -> None:
    page = desk.get(f"samples/{samples[1]}")
    assert f"measurement={samples[1]}" in page
    (number,) = set(re.findall(r"device=(\d+)", page))
    seen = desk.get(f"exclude{MONTH}&device={number}")  # one click shows the effect, one confirms
    assert f"Mọi mẫu của máy số {number}" in seen
    asked = {"month": "2024-11", "device": number, "reason": "một máy đo hộ cả xã"}
    desk.send(f"exclude{MONTH}", 303, **asked, go=token_of(seen))
    assert desk.counted() == 0
    assert f"Máy số {number}" in desk.get(f"exclusions{MONTH}")


@pytest.mark.slow
def test_from_a_sign_to_the_exclusion_that_settles_it(app: Flask, client: FlaskClient) -> None:
    cast = Cast(app, client)
    desk = Desk(app, client, "19", "province")
    cast.search()
    page = desk.get(f"signals{MONTH}")
    [(sign, version)] = re.findall(r'name="signals" value="(\d+):(\d+)"', page)
    chosen = {"signals": f"{sign}:{version}", "note": "giả vị trí"}
    assert "chưa thay đổi" in desk.send(
        f"signals{MONTH}", signals=f"{sign}:9", state="open", note="x"
    )
    row, left = re.findall(r"</strong> (\d+) mẫu", page), desk.counted()
    seen = desk.confirm(f"signals{MONTH}", **chosen, state="excluded")
    assert row * 2 == re.findall(r"Không tính (\d+) mẫu", seen) and int(row[0]) > 0
    assert "giả vị trí" in desk.get(f"signals{MONTH}&state=excluded")
    done = desk.get(f"signals{MONTH}&done={sign}")
    [undo] = re.findall(r'name="signals" value="(\d+:\d+)"', done)
    assert "Đã loại mẫu của 1 dấu hiệu" in done
    desk.confirm(f"signals{MONTH}", signals=undo, state="open", note="nhầm")
    assert desk.counted() == left
    [version] = re.findall(rf'value="{sign}:(\d+)"', desk.get(f"signals{MONTH}"))
    chosen = {"signals": f"{sign}:{version}", "note": "máy của trường"}
    desk.send(f"signals{MONTH}", 303, **chosen, state="explained")
    assert "máy của trường" in desk.get(f"signals{MONTH}&state=explained")


def test_the_queue_says_what_is_missing(app: Flask, client: FlaskClient) -> None:
    Cast(app, client).search()
    desk = Desk(app, client, "19", "province")
    page = desk.send(f"signals{MONTH}", state="explained", note="x")
    assert "Hãy chọn ít nhất một dấu hiệu" in page
    page = desk.send(f"signals{MONTH}", signals="1", state="explained", note=" ")
    assert field_error(page, "note")
    assert "Không có dấu hiệu nào" in desk.get(f"signals{MONTH}&unit=00001")
    assert "Tính đến" in page and "Tìm lại" in page
    desk.send(f"signals/search{MONTH}", 303)
    page = desk.get(f"signals{MONTH}")
    assert "Đang tính." in page and "Tải lại" in page


def test_an_official_sees_rounded_places_and_an_organiser_none(
    app: Flask, client: FlaskClient
) -> None:
    cast = Cast(app, client)
    cast.search()
    desk = Desk(app, client, "19", "province")
    [sign] = re.findall(r'data-signal="(\d+)"', desk.get(f"signals{MONTH}"))
    page = desk.get(f"signals{MONTH}&part=evidence&open={sign}")
    desk.get(f"signals{MONTH}&part=evidence&open=999", 404)
    assert "21,594 / 105,848" in page and "21,5942" not in page and "<html" not in page
    people.account(app, "ban@example.vn", "organiser", cast.organisation)
    people.sign_in(client, "ban@example.vn")
    url = f"/campaigns/{cast.campaign}/signals{MONTH}"
    seen = client.get(url).text
    [mine] = re.findall(r'data-signal="(\d+)"', seen)
    seen += client.get(f"{url}&part=evidence&open={mine}").text
    assert client.get(f"{url}&part=evidence&open={sign}").status_code == 404
    assert "Bằng chứng" in seen and "5 mẫu của các máy này" in seen
    for hidden in ("21,59", "21.59", "105,84", "105.84", "09:00", "9:10"):
        assert hidden not in seen, hidden


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
    asked = {"month": "2024-11", "measurements": samples[0], "reason": "x", "go": "0" * 64}
    desk.send(f"exclude{MONTH}", 403, **asked)
