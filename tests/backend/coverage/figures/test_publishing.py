"""PUBLISH=after_approval: a province's month is everybody's once its report was approved."""

import csv
import gzip
import re
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from backend.coverage.figures.unit_access import publish
from backend.database.extensions import db
from backend.errors import Problem
from backend.reports.open_data.service import publish_data
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.counts import count
from tests.support.measurements import make_release
from tests.support.reports import DECEMBER, MONTH, Office

HIDDEN, SHOWN = "00001", "05443"  # a commune of Hà Nội, and one of Thái Nguyên
MARK = 7919  # samples of the hidden one: no answer to others may hold the number
API = "/api/v1"

# Addresses of a unit of the province, or of the province, alone.
OF_HIDDEN = (
    f"{API}/coverage?month={MONTH}&unit={HIDDEN}",
    f"{API}/coverage?month={MONTH}&parent=01",
    f"{API}/coverage?month={MONTH}&parent=01&format=csv",
    f"{API}/coverage?month={MONTH}&parent=01&format=xlsx",
    f"{API}/coverage?month={MONTH}&unit=01&level=province",
    f"{API}/alerts?month={MONTH}&parent=01",
    f"{API}/vnnic?month={MONTH}&parent=01",
    f"{API}/units/{HIDDEN}/statistics?month={MONTH}",
    f"{API}/units/{HIDDEN}/hours?month={MONTH}",
    f"{API}/units/{HIDDEN}/cells?month={MONTH}",
    f"/unit/{HIDDEN}?month={MONTH}",
    f"/unit/01?month={MONTH}",
)
# Addresses of many units: each reader gets what is theirs to see of it.
OF_ALL = (
    f"{API}/coverage?month={MONTH}&level=province",
    f"{API}/coverage?from=2024-10&to={MONTH}&level=province",
    f"{API}/coverage?month={MONTH}&format=csv",
    f"{API}/alerts?month={MONTH}&level=province",
    f"{API}/vnnic?month={MONTH}",
    f"{API}/units/{HIDDEN}/history?as_of=2024-11-30",
    f"/map/figures?month={MONTH}&network=mobile",
    f"/?month={MONTH}&level=province",
)
# Wherever these are shared, they show the same to everybody.
SHARED = (
    f"/unit/{HIDDEN}/widget?month={MONTH}",
    f"/unit/{HIDDEN}/picture.png?month={MONTH}",
)


class World:
    """Two provinces with samples; the report of one is approved, that of the other is not."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        app.config["PUBLISH"] = "after_approval"
        self.client, self.office = client, Office(app, client, clock)
        self.office.is_demo()
        count(app, HIDDEN, MARK)
        count(app, SHOWN, 310)
        count(app, SHOWN, 7, "2024-10")
        hanoi = people.unit_id(app, "01", level="province")
        district = people.unit_id(app, "001", level="district")
        self.who: dict[str, dict[str, str]] = {
            "public": {},
            "other official": self.office.headers,
            "official": people.person(app, "official", hanoi),
            "official of the district": people.person(app, "official", district),
            "admin": people.person(app, "admin"),
            "phone": self.office.phone(),
        }

    def publish(self) -> None:
        """What the approval of the province's report does, without the report."""
        unit = people.unit_id(self.office.app, "19", level="province")
        with self.office.app.app_context():
            publish(unit, MONTH)
            db.session.commit()

    def get(self, path: str, who: str = "public") -> Any:
        return self.client.get(path, headers=self.who[who])


@pytest.fixture
def world(app: Flask, client: FlaskClient, clock: FakeClock) -> World:
    return World(app, client, clock)


def numbers(answer: Any) -> bool:
    """Whether an answer tells how many samples the hidden commune has, or how far it is."""
    return any(one in answer.text for one in (str(MARK), "7.919", "7,919", f'"{HIDDEN}":'))


def without_id(answer: Any) -> tuple[int, bytes]:
    """An answer without the id of its request, which no other has."""
    return answer.status_code, re.sub(b"[0-9a-f]{32}", b"", answer.data)


@pytest.mark.long
def test_what_is_not_published_is_hidden_from_all_but_its_officials(world: World) -> None:
    world.publish()
    for path in OF_HIDDEN:
        public = world.get(path)
        assert public.status_code == 404, path
        assert "chưa được công bố" in public.text, path
        for who in ("other official", "phone"):
            if not (who == "phone" and "cells" in path):  # which asks phones to stay away
                assert without_id(world.get(path, who)) == without_id(public), (path, who)
        for who in ("official", "admin"):
            assert world.get(path, who).status_code == 200, (path, who)
    for path in SHARED:
        assert {world.get(path, who).status_code for who in world.who} == {404}, path


@pytest.mark.slow
def test_lists_hold_what_their_reader_may_see(world: World) -> None:
    world.publish()
    for path in OF_ALL:
        shown = {who: world.get(path, who) for who in world.who}
        assert {one.status_code for one in shown.values()} == {200}, path
        assert not numbers(shown["public"]), path
        assert not numbers(shown["other official"]), path
        assert shown["phone"].data == shown["public"].data, path
        assert numbers(shown["admin"]), path
        assert numbers(shown["official"]), path
    assert world.get(f"{API}/statistics?month={MONTH}").json["code"] == "not_published"


def test_a_list_says_how_many_are_left_out(world: World) -> None:
    provinces = f"{API}/coverage?month={MONTH}&level=province"
    everything = world.get(provinces, "admin").json
    assert "unpublished" not in everything
    before = world.get(provinces).json
    assert (before["items"], before["unpublished"], before["summary"]["units"]) == ([], 63, 0)
    world.publish()
    after = world.get(provinces).json
    assert [one["code"] for one in after["items"]] == ["19"]
    assert len(everything["items"]) == 63
    assert (after["unpublished"], after["summary"]["counted"]) == (62, 310)
    communes = world.get(f"{API}/coverage?month={MONTH}&parent=19").json
    assert (communes["unpublished"], communes["summary"]["counted"]) == (0, 310)


def test_map_programs_get_the_published_communes(world: World) -> None:
    world.publish()
    items = f"/ogc/collections/{MONTH}-mobile/items"
    found = {who: world.get(f"{items}?limit=1", who).json["numberMatched"] for who in world.who}
    assert found["public"] == found["phone"] == found["other official"] < found["official"]
    assert found["official"] < found["admin"]
    assert world.get(f"{items}/{SHOWN}").status_code == 200
    assert world.get(f"{items}/{HIDDEN}").status_code == 404
    assert world.get(f"{items}/{HIDDEN}", "official").status_code == 200


@pytest.mark.slow
def test_open_data_hold_the_published_provinces(world: World, app: Flask) -> None:
    world.office.measured(9, 14)
    make_release(app, MONTH)
    with app.app_context(), pytest.raises(Problem, match="not_published"):
        publish_data(MONTH, DECEMBER)
    world.publish()
    with app.app_context():
        publish_data(MONTH, DECEMBER)
    file = app.config["VAR_DIR"] / "open-data" / MONTH / "units.csv.gz"
    written = gzip.decompress(file.read_bytes()).decode()
    rows = list(csv.DictReader(written.splitlines()))
    assert {row["province_code"] for row in rows} == {"19"}
    assert {row["counted"] for row in rows if row["code"] == "19"} == {"312", "0"}


def test_the_month_before_is_shown_when_it_is_published_too(world: World) -> None:
    world.publish()
    path = f"{API}/coverage?month={MONTH}&unit={SHOWN}"
    assert world.get(path).json["items"][0]["last_month"] is None
    assert world.get(path, "other official").json["items"][0]["last_month"] == 7
    past = world.get(f"{API}/units/{SHOWN}/history?as_of=2024-11-30").json["items"]
    assert [one["month"] for one in past] == [MONTH]


def test_an_official_of_a_district_sees_it_and_no_more(world: World) -> None:
    shown = world.get(f"{API}/coverage?month={MONTH}", "official of the district").json
    assert {one["code"] for one in shown["items"]} >= {HIDDEN}
    assert {one["parent"] for one in shown["items"]} == {"Quận Ba Đình"}
    one = f"{API}/coverage?month={MONTH}&level=province&unit=01"
    assert without_id(world.get(one, "official of the district")) == without_id(world.get(one))


@pytest.mark.long
def test_a_superseded_report_leaves_the_month_published(world: World) -> None:
    path = f"{API}/coverage?month={MONTH}&unit={SHOWN}"
    report = world.office.frozen()
    assert world.get(path).json["code"] == "not_published"
    assert world.office.act(report, "approve", json={}).status_code == 200
    assert world.get(path).status_code == 200
    world.office.frozen_of(world.office.act(report, "supersede", json={"reason": "Sai"}).json["id"])
    assert world.get(path).status_code == 200


@pytest.mark.slow
def test_pages_without_a_month_show_the_newest_that_is_published(world: World) -> None:
    world.office.late([(1, 8)])
    assert not re.search(r"\b310\b", world.get("/").text)  # addresses of files have digests
    world.publish()
    assert "11/2024" in world.get("/").text
    assert world.get(f"/unit/{SHOWN}").status_code == 200
    assert world.get(f"/unit/{HIDDEN}").status_code == 404
    assert world.get(f"/unit/{HIDDEN}", "official").status_code == 200


def test_the_running_month_is_nobodys_but_the_officials(world: World) -> None:
    for path in (f"{API}/coverage?month=2024-12", f"{API}/alerts?month=2024-12", "/?month=2024-12"):
        assert world.get(path).status_code == 200, path
    for form in ("csv", "xlsx"):
        assert world.get(f"{API}/coverage?month=2024-12&format={form}").status_code == 200
    assert world.get(f"{API}/coverage?month=2024-12&parent=19").status_code == 404
    own = world.get(f"{API}/coverage?month=2024-12&parent=19", "other official")
    assert own.status_code == 200
    assert own.json["items"][0]["today"] is not None


@pytest.mark.slow
def test_live_tells_everybody_elsewhere_the_same_and_reads_no_publication(world: World) -> None:
    world.office.app.config["PUBLISH"] = "live"
    for path in OF_ALL:
        shown = world.get(path).data
        for who in ("phone", "other official"):
            assert world.get(path, who).data == shown, path
    with world.office.app.app_context():
        engine = db.engine
    seen: dict[str, list[str]] = {"public": [], "official": []}
    for who, statements in seen.items():
        listen = partial(remember, statements)
        event.listen(engine, "before_cursor_execute", listen)
        world.get(f"/?month={MONTH}", who)
        event.remove(engine, "before_cursor_execute", listen)
    # An official's map reads besides what the own area is.
    assert set(seen["public"]) <= set(seen["official"])
    assert not any("published_months" in one for one in seen["public"])


def remember(statements: list[str], *seen: Any) -> None:
    """Keep the text of a statement that is about to run."""
    statements.append(seen[2])
