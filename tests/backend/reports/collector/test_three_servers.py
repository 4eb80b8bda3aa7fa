"""Three servers: two provinces, and a ministry that also got all samples of both itself.

What the ministry adds from sealed reports equals what it counted, over real connections.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backend.coverage.figures.public_counts import copy_counts
from backend.database.extensions import db
from backend.server.postgres.embedded import EmbeddedPostgres
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.database import application
from tests.support.factories import location
from tests.support.live_server import serving_app
from tests.support.report_sources import NOVEMBER
from tests.support.reports import DECEMBER, Office

pytestmark = pytest.mark.long

THAI_NGUYEN, HANOI = "19", "01"
# Communes of both, and how many samples are counted there.
COUNTS = {
    THAI_NGUYEN: {"05443": 412, "05446": 300, "05449": 299},
    HANOI: {"00001": 1200, "00004": 12},
}
POSITIONS = {
    THAI_NGUYEN: location(),
    HANOI: location(latitude=21.0369, longitude=105.8348),
}


class Server:
    """A server with a database and a key of its own."""

    def __init__(self, app: Flask, url: str, clock: FakeClock) -> None:
        self.app, self.url, self.clock = app, url, clock
        self.client = app.test_client()

    def run(self, *arguments: str) -> str:
        done = self.app.test_cli_runner().invoke(args=["reports", *arguments])
        assert done.exit_code == 0, done.output
        return str(done.output)

    def measures(self, province: str) -> None:
        """Count what a province measured, two samples of it posted by a phone."""
        for code, n in COUNTS[province].items():
            count(self.app, code, ("2024-11-10", n))
        office = Office(self.app, self.client, self.clock, province)
        office.measured(9, 14, location=POSITIONS[province])

    def approves(self, province: str) -> None:
        office = Office(self.app, self.client, self.clock, province)
        office.is_demo()  # built-in boundaries are enough for it
        office.approved()

    def key(self) -> str:
        return self.run("keys").split("public key")[1].split()[0]

    def get(self, path: str, **query: str) -> Any:
        headers = people.person(self.app, "admin")
        asked = {"month": NOVEMBER, **query}
        return self.client.get(f"/api/v1/{path}", query_string=asked, headers=headers).json

    def page(self, province: str) -> str:
        headers = people.person(self.app, "admin")
        query = {"month": NOVEMBER, "lang": "vi"}
        url = f"/desk/provinces/{province}"
        return self.client.get(url, query_string=query, headers=headers).text


@contextmanager
def started(prepared: Callable[[Path], None], folder: Path, clock: FakeClock) -> Iterator[Server]:
    folder.mkdir()
    prepared(folder)
    with EmbeddedPostgres(folder, fsync=False) as postgres:
        app = application(postgres)
        with serving_app(app, clock) as url:
            yield Server(app, url, clock)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def servers(
    prepared: Callable[[Path], None], tmp_path: Path
) -> Iterator[tuple[Server, Server, Server]]:
    clock = FakeClock(DECEMBER)
    with ExitStack() as stack:
        names = ("north", "south", "ministry")
        one, two, three = (
            stack.enter_context(started(prepared, tmp_path / name, clock)) for name in names
        )
        yield one, two, three


def test_sums_equal_those_of_one_server_that_got_all(
    servers: tuple[Server, Server, Server],
) -> None:
    north, south, ministry = servers
    for server, province in ((north, THAI_NGUYEN), (south, HANOI)):
        server.measures(province)
        server.approves(province)
        ministry.measures(province)
        ministry.run("sources", "add", province, server.url, server.key())
    printed = ministry.run("sources", "collect")
    assert printed.count(f"{NOVEMBER}: received") == 2, printed

    with ministry.app.app_context():
        copy_counts(DECEMBER, everything=True)
    table = ministry.get("reports/provinces")
    live = [ministry.get("coverage", parent=code)["summary"] for code in (THAI_NGUYEN, HANOI)]
    assert table["summed"] == 2
    assert table["counted"] == sum(one["counted"] for one in live) == 2223 + 4
    assert table["reached"] == sum(one["reached"] for one in live) == 3
    assert table["communes"] == sum(one["units"] for one in live)

    assert table["basis"]["counts_from"] == "claimed"

    shown = ministry.page(THAI_NGUYEN)
    assert 'class="sheet"' in shown and "412" in shown  # the letter, and a commune's samples

    # The same again stores nothing; another edition of one of them is shown in its place.
    again = ministry.run("sources", "collect")
    assert again.count(f"{NOVEMBER}: unchanged") == 2, again
    late = Office(north.app, north.client, north.clock)
    late.late([(16, 9), (16, 14)])
    report = late.client.get(f"{north.url}/api/v1/reports").json["items"][0]["id"]
    assert late.act(report, "supersede", json={"reason": "mẫu đến muộn"}).status_code == 201
    second = late.client.get("/api/v1/reports", headers=late.headers).json["items"][0]["id"]
    late.frozen_of(second)
    assert late.act(second, "approve", json={}).status_code == 200
    assert f"{THAI_NGUYEN} {NOVEMBER}: received" in ministry.run("sources", "collect")
    (row,) = (r for r in ministry.get("reports/provinces")["items"] if r["code"] == THAI_NGUYEN)
    assert (row["edition"], row["counted"]) == (2, 412 + 300 + 299 + 2 + 2)
