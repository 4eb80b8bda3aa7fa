"""The page of a cluster of communes (khu vực), and its place in the search."""

import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.accounts.access import Actor, Grant
from backend.organisations.clusters import end_cluster, make_cluster
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.people import person, unit_id

ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
NOW = datetime(2025, 8, 20, 3, tzinfo=UTC)
CODES = ("05443", "05500", "05455")
PAGE = "/cluster/{}?month=2025-08&lang=vi"


@pytest.fixture
def cluster(app: Flask, clock: FakeClock) -> int:
    """Three communes with 400, 250 and no samples."""
    clock.now = NOW
    for code, n in zip(CODES, (400, 250), strict=False):
        count(app, code, ("2025-08-05", n), system="2025")
    communes = [unit_id(app, code, "2025") for code in CODES]
    with app.app_context():
        return make_cluster(ADMIN, "Khu vực Sông Thương", communes, NOW)


def test_it_tells_how_many_communes_reached_their_target(client: FlaskClient, cluster: int) -> None:
    page = client.get(PAGE.format(cluster)).text
    assert "Khu vực Sông Thương" in page and "Tỉnh Thái Nguyên" in page
    assert re.search(r"<strong>1</strong>\s+trên 3 xã, phường đạt 300 mẫu", page)
    # 400 of 300 fill 300 of the 900.
    assert "550 trên 900 mẫu cần có" in page and "Mẫu vượt mục tiêu" in page
    assert all(f"/unit/{code}?" in page for code in CODES)
    assert f"cluster={cluster}" in page  # the files of the table
    # Nothing of its own but counts.
    assert "Mbps" not in page.partition("<main")[2].partition("</main>")[0]


def test_its_files_are_those_of_its_communes(client: FlaskClient, cluster: int) -> None:
    page = client.get(PAGE.format(cluster)).text
    [address] = re.findall(r'href="(/table\.csv[^"]*)"', page)
    rows = client.get(address.replace("&amp;", "&")).text.splitlines()
    assert len(rows) == 1 + len(CODES)


def test_it_is_found_and_opened(client: FlaskClient, cluster: int) -> None:
    answer = client.get("/search?q=khu+vuc+song+thuong&lang=vi")
    assert (answer.status_code, answer.location) == (302, f"/cluster/{cluster}?lang=vi")
    # A commune and a cluster of the same words are listed.
    page = client.get("/search?q=s%C3%B4ng&lang=vi").text
    assert f"/cluster/{cluster}?lang=vi" in page and page.count("/unit/") > 1


def test_an_ended_one_stays_and_is_not_found(app: Flask, client: FlaskClient, cluster: int) -> None:
    with app.app_context():
        end_cluster(ADMIN, cluster, NOW)
    assert "đã kết thúc" in client.get(PAGE.format(cluster)).text
    assert f"/cluster/{cluster}" not in client.get("/search?q=khu+vuc+song+thuong&lang=vi").text


def test_its_communes_and_province_lead_to_it(
    app: Flask, client: FlaskClient, cluster: int
) -> None:
    pages = {code: f"/unit/{code}?month=2025-08" for code in ("19", CODES[0], "05692", "01")}
    leads = f'href="/cluster/{cluster}?'
    found = {code for code, url in pages.items() if leads in client.get(url).text}
    assert found == {"19", CODES[0]}
    with app.app_context():
        end_cluster(ADMIN, cluster, NOW)
    assert leads not in client.get(pages["19"]).text


def test_it_leads_to_no_month_without_its_communes(client: FlaskClient, cluster: int) -> None:
    july = client.get(f"/cluster/{cluster}?month=2025-07&lang=vi").text
    assert "month=2025-08" in july and "month=2025-06" not in july
    assert client.get(f"/cluster/{cluster}?month=2025-06").status_code == 404
    assert client.get("/cluster/999999").status_code == 404


def test_its_official_reads_it_exactly(app: Flask, client: FlaskClient, cluster: int) -> None:
    app.test_cli_runner().invoke(args=["coverage", "copy-counts", "--everything"])
    app.extensions["hourly_counts"] = True
    count(app, CODES[2], ("2025-08-20", 4), system="2025")
    headers = person(app, "official", cluster, kind="cluster")
    assert "550 trên 900" in client.get(PAGE.format(cluster)).text
    assert "554 trên 900" in client.get(PAGE.format(cluster), headers=headers).text
