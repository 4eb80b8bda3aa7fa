"""A province lets VNNIC's count steer: who follows which table, and nobody else does."""

import io
import re
import zipfile
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from backend.coverage.alerts.digest import digest
from backend.database.extensions import db
from backend.units.models import Unit
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.factories import HERE as AT_HERE
from tests.support.factories import register
from tests.support.plans import FOURTH, HERE, NEAR, THIRD, Cast, plan_rows

MONTH = "month=2024-11"
TOLD = ("Content-Type", "ETag", "Last-Modified")
# Made anew in each answer; and the setting itself, by which a phone offers i-Speed.
VARYING = re.compile(
    rb'nonce="[^"]*"|nonce-[\w+/=-]+|name="csrf_token" value="[^"]*"|"steered_by":"\w+",?'
)


def seen(answer: TestResponse) -> tuple[int, tuple[str | None, ...], bytes]:
    """Return what a reader gets, without what is made anew in each answer."""
    told = tuple(answer.headers.get(name) for name in TOLD)
    return answer.status_code, told, VARYING.sub(b"", answer.data)


class Province:
    """Thái Nguyên on 20 November 2024: an official, a campaign with a team, a phone, the public."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, app.test_client(use_cookies=False)
        self.province = people.unit_id(app, "19", level="province")
        self.official = people.person(app, "official", self.province)
        self.cast = Cast(app, HERE, NEAR, THIRD, FOURTH)
        self.cast.team("Đội 1", capacity_per_day=20)
        self.phone = register(client)
        for code, n in ((HERE, 300), (NEAR, 200), (THIRD, 100), (FOURTH, 50)):
            count(app, code, ("2024-11-05", n))

    def steer(self, by: str) -> None:
        body = {"network": "mobile", "steered_by": by}
        url = "/api/v1/units/19/steering"
        assert self.client.post(url, json=body, headers=self.official).status_code == 200

    def bring(self, day: str, **samples: str) -> Any:
        """Import a table as a draft: 300 samples of each commune but FOURTH, and 12 bad rows."""
        with self.app.app_context():
            query = select(Unit.code).filter_by(
                system="2024", level="commune", province_id=self.province
            )
            codes = sorted(set(db.session.scalars(query)) - {FOURTH})
        cells = dict.fromkeys(codes, "300") | {
            name.removeprefix("c"): n for name, n in samples.items()
        }
        bad = [f"Xã Không Có {n},7" for n in range(12)]
        table = "\n".join(["Xã,Số mẫu", *bad]) + "\n"
        rows = "\n".join(["Mã,Số mẫu", *(f"{code},{n}" for code, n in cells.items())]) + "\n"
        answers = [self._send(one, day) for one in (table, rows)]
        assert [one["totals"]["error"] for one in answers] == [12, 0]
        return answers

    def _send(self, table: str, day: str) -> Any:
        query = {"month": "2024-11", "day": day, "dry_run": "false"}
        answer = self.client.post("/api/v1/vnnic/import", data=table.encode(), query_string=query,
                                  headers=self.official, content_type="text/csv")  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer.json

    def publish(self, state: str = "published") -> None:
        body = {"month": "2024-11", "level": "province", "state": state}
        answer = self.client.post("/api/v1/units/19/vnnic", json=body, headers=self.official)
        assert answer.status_code == 200, answer.text

    def get(self, url: str, headers: Any = None, **query: Any) -> TestResponse:
        answer = self.client.get(url, headers=headers, query_string=query or None)
        assert answer.status_code == 200, answer.text
        return answer

    def office(self) -> dict[str, Any]:
        """What the office of the province sees, which follows drafts too."""
        desk = f"/desk/area/19?{MONTH}"
        urls = (desk, f"/desk/area/19/remind?{MONTH}", f"/desk/area/19/reminder-letter?{MONTH}")
        return {url: seen(self.get(url, self.official)) for url in urls}

    def followers(self) -> dict[str, Any]:
        """What follows published tables alone: a plan, a campaign, a phone, the wall."""
        phone = (
            "/api/v1/next?network=mobile&radius_m=15000&latitude={latitude}&longitude={longitude}"
        )
        board = f"/campaigns/{self.cast.campaign}"
        asked = (
            (self.cast.url, self.cast.organiser),
            (board, self.cast.organiser),
            (f"{board}/plan", self.cast.organiser),
            (phone.format(**AT_HERE), self.phone),
            (f"/unit/19/wall?{MONTH}", None),
        )
        return {url: seen(self.get(url, headers)) for url, headers in asked}

    def others(self) -> dict[str, Any]:
        """What stays by our count whoever steers."""
        asked: tuple[tuple[str, Any], ...] = (
            ("/api/v1/coverage?month=2024-11&parent=19", None),
            ("/api/v1/coverage?month=2024-11&parent=19", self.official),
            ("/api/v1/alerts?month=2024-11&parent=19", None),
            ("/api/v1/targets", None),
            (f"/unit/19?{MONTH}", None),
            (f"/unit/{HERE}?{MONTH}", None),
            (f"{self.cast.url.removesuffix('plan')}contributions", self.cast.organiser),
        )
        return {f"{url} {n}": seen(self.get(url, one)) for n, (url, one) in enumerate(asked)}

    def plan(self) -> Any:
        return self.cast.plan(self.client)


@pytest.fixture
def place(app: Flask, client: FlaskClient, clock: FakeClock) -> Province:
    return Province(app, client)


FIRST = {f"c{HERE}": "154", f"c{NEAR}": "không đủ số mẫu", f"c{THIRD}": "310"}


def test_a_draft_steers_the_office_alone_and_a_published_table_all(place: Province) -> None:
    office, followers, others = place.office(), place.followers(), place.others()
    assert plan_rows(place.plan())["Đội 1"][0][0] != HERE  # ours is reached there
    place.steer("vnnic")
    assert place.followers() == followers and place.others() == others
    [desk, *_] = place.office()
    assert "mới có 0 trên 172 xã" in place.get(desk, place.official).text
    place.bring("2024-11-18", **FIRST)
    assert place.followers() == followers and place.others() == others
    drafted = place.office()
    assert not [url for url in office if drafted[url] == office[url]]
    place.publish()
    published = place.followers()
    assert not [url for url in followers if published[url] == followers[url]]
    assert place.office() == drafted or place.office() != office
    place.bring("2024-11-20", **FIRST | {f"c{HERE}": "290"})
    assert place.followers() == published
    place.publish()
    again = place.followers()
    assert not [url for url in published if again[url] == published[url]]


def test_switching_back_gives_what_was_before(place: Province) -> None:
    place.bring("2024-11-18", **FIRST)
    place.publish()
    before = place.office(), place.followers(), place.others()
    place.steer("vnnic")
    switched = place.office(), place.followers(), place.others()
    for old, new in zip(before[:2], switched[:2], strict=True):
        assert not [url for url in old if old[url] == new[url]]
    assert switched[2] == before[2]
    place.steer("own")
    assert (place.office(), place.followers(), place.others()) == before


def test_the_desk_lists_what_vnnic_lacks_first(place: Province) -> None:
    place.steer("vnnic")
    place.bring("2024-11-18", **FIRST)
    desk = place.get(f"/desk/area/19?{MONTH}", place.official).text
    assert "Theo <strong>bảng VNNIC đến 18/11/2024</strong>" in desk
    assert (
        "Đo Sóng 200 · VNNIC không đủ số mẫu (18/11), theo nhịp phải có 180, còn thiếu 300" in desk
    )
    assert (
        "Đo Sóng 300 · VNNIC 154 (18/11), theo nhịp phải có 180, còn thiếu 146, cần 14 mẫu mỗi ngày"
        in desk
    )
    rows = re.findall(r'<th scope="row"><a href="/desk/area/(\d+)', desk.partition('id="units"')[2])
    assert rows[:2] == [NEAR, HERE] and rows[-1] == FOURTH
    assert "Xã chưa có trong bảng VNNIC" in desk
    assert "<strong>1</strong> trên 172 xã, phường đạt 300 mẫu" in desk  # ours


def test_an_old_table_is_a_task(place: Province, clock: FakeClock) -> None:
    place.steer("vnnic")
    place.bring("2024-11-12", **FIRST)
    desk = place.get(f"/desk/area/19?{MONTH}", place.official).text
    assert "Bảng VNNIC đã 8 ngày" in desk
    place.bring("2024-11-13", **FIRST)
    assert "Bảng VNNIC đã" not in place.get(f"/desk/area/19?{MONTH}", place.official).text


def test_the_plan_counts_down_what_was_measured_since_the_table(place: Province) -> None:
    place.bring("2024-11-18", **FIRST)
    place.publish()
    place.steer("vnnic")
    item = {one["unit"]["code"]: one for one in place.plan()["teams"][0]["items"]}[HERE]
    assert (item["shortfall"], item["samples_until_end"]) == (146, 146)
    assert item["vnnic"] == {
        "since": "2024-11-20", "day": "2024-11-18", "samples": 154, "missing": 146,
        "measured_since": 0,
    }  # fmt: skip
    count(place.app, HERE, ("2024-11-18", 7), ("2024-11-19", 40), ("2024-11-20", 3))
    item = {one["unit"]["code"]: one for one in place.plan()["teams"][0]["items"]}[HERE]
    assert (item["shortfall"], item["vnnic"]["measured_since"]) == (146, 40)
    assert item["samples_until_end"] == 106


def test_a_campaign_with_a_target_of_its_own_counts_by_it(place: Province) -> None:
    place.bring("2024-11-18", **FIRST)
    place.publish()
    other = Cast(place.app, HERE, NEAR, target=250)
    other.team("Đội 2", capacity_per_day=20)
    before = other.plan(place.client)
    place.steer("vnnic")
    assert other.plan(place.client) == before and before["summary"]["shortfall"] == 50


def test_communes_follow_ours_until_half_of_them_have_a_row(place: Province) -> None:
    before = place.followers()
    place._send(f"Mã,Số mẫu\n{HERE},154\n", "2024-11-18")
    place.publish()
    place.steer("vnnic")
    desk = place.get(f"/desk/area/19?{MONTH}", place.official).text
    assert "mới có 1 trên 172 xã" in desk and "Đo Sóng 300 · VNNIC" not in desk
    assert place.plan()["steered_since"] is None
    assert place.followers() == before


def digest_of(app: Flask, unit: str) -> list[str]:
    with app.app_context():
        return digest(unit, "mobile", app.extensions["clock"]()).lines


def test_the_digest_follows_published_tables(place: Province, app: Flask) -> None:
    place.steer("vnnic")
    before = digest_of(app, "19"), digest_of(app, HERE)
    place.bring("2024-11-18", **FIRST)
    assert (digest_of(app, "19"), digest_of(app, HERE)) == before  # a draft leaves by no hook
    place.publish()
    [line] = set(digest_of(app, "19")) - set(before[0])
    assert line.startswith("Theo bảng VNNIC đến 18/11/2024 còn thiếu (2): ")
    assert "(thiếu 300), " in line and line.endswith("(thiếu 146).")
    [line] = set(digest_of(app, HERE)) - set(before[1])
    assert line.startswith("Theo bảng VNNIC đến 18/11/2024 còn thiếu (1): ")


def paper(place: Province, name: str) -> str:
    """Return the text of a Word file of the desk."""
    answer = place.get(f"/desk/area/19/{name}.docx?{MONTH}", place.official)
    with zipfile.ZipFile(io.BytesIO(answer.data)) as file:
        return re.sub("<[^>]+>", "", file.read("word/document.xml").decode())


def test_papers_say_whose_count_they_tell(place: Province) -> None:
    place.steer("vnnic")
    ours = paper(place, "action-plan")
    assert "theo số liệu Đo Sóng" in paper(place, "reminder-letter")
    place.bring("2024-11-18", **FIRST)
    letter = paper(place, "reminder-letter")
    assert "theo bảng số liệu của VNNIC đến ngày 18/11/2024" in letter
    assert "169 trên 171 đơn vị cấp xã đạt 300 mẫu" in letter and "còn thiếu 446 mẫu" in letter
    assert paper(place, "action-plan") == ours and "theo số liệu Đo Sóng" in ours
    place.publish()
    plan = paper(place, "action-plan")
    assert "theo bảng số liệu của VNNIC đến ngày 18/11/2024" in plan and "Phụ lục" in plan


def test_what_a_campaign_reached_stays_by_our_count(place: Province) -> None:
    place.bring("2024-11-18", **FIRST)
    place.publish()
    board = f"/campaigns/{place.cast.campaign}?lang=en"
    reached = "<strong>1</strong> of 4 communes reached the target"
    before = place.get(board, place.cast.organiser).text
    place.steer("vnnic")
    page = place.get(board, place.cast.organiser).text
    assert reached in before and reached in page
    # 146 of HERE and 300 of NEAR by the table, 250 of FOURTH, which it lacks, by ours.
    assert "696 are missing" in page and "By VNNIC’s table to 18/11/2024" in page
    assert "By VNNIC’s table" not in before
