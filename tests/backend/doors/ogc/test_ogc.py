"""OGC API Features at `/ogc`: what the standard's core wants, and GDAL's own driver reading it."""

import json
import subprocess
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.doors.ogc import service
from tests.support.factories import post, register, sample
from tests.support.live_server import serving_app

NAME = "2024-11-mobile"
ITEMS = f"/ogc/collections/{NAME}/items"
THAI_NGUYEN = "105.4,21.3,106.3,22.1"


@pytest.fixture
def commune(client: FlaskClient) -> str:
    """The commune in which two samples lie."""
    phone = register(client)
    for at in ("2024-11-10T09:00:00+07:00", "2024-11-12T09:00:00+07:00"):
        assert post(client, phone, sample(at)).status_code == 201
    found = client.get("/api/v1/coverage?month=2024-11&parent=19&limit=1&sort=-counted").json
    return str(found["items"][0]["code"])


def got(client: FlaskClient, url: str, **query: Any) -> Any:
    answer = client.get(url, query_string=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json


def hrefs(shown: Any) -> dict[str, str]:
    return {link["rel"]: link["href"].removeprefix("http://localhost") for link in shown["links"]}


def test_the_landing_page_leads_everywhere(client: FlaskClient, commune: str) -> None:
    for address in ("/ogc", "/ogc/"):
        links = hrefs(got(client, address))
        assert set(links) == {"self", "service-desc", "conformance", "data"}
        for link in links.values():
            assert client.get(link).status_code == 200, link
    kept = got(client, links["conformance"])["conformsTo"]
    assert kept == [f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
                    for name in ("core", "geojson")]  # fmt: skip
    listed = got(client, links["data"])["collections"]
    assert [one["id"] for one in listed] == [NAME, "2024-11-fixed"]
    assert listed[0]["title"] == "Độ phủ mẫu theo xã, phường, 11/2024, mạng di động"
    assert listed[0]["description"].endswith("theo số liệu Đo Sóng.")
    assert listed[0] == got(client, hrefs(listed[0])["self"])
    west, south, east, north = listed[0]["extent"]["spatial"]["bbox"][0]
    assert west < 103 and east > 111 and south < 9 and north > 23  # Hoàng Sa and Trường Sa too
    assert listed[0]["extent"]["temporal"]["interval"] == [
        ["2024-11-01T00:00:00+07:00", "2024-11-30T00:00:00+07:00"]
    ]


def test_a_feature_has_the_figures_of_coverage(client: FlaskClient, commune: str) -> None:
    feature = got(client, f"{ITEMS}/{commune}")
    assert (feature["type"], feature["id"]) == ("Feature", commune)
    assert feature["geometry"]["type"] == "MultiPolygon"
    asked = {"month": "2024-11", "unit": commune}
    [figures] = got(client, "/api/v1/coverage", **asked)["items"]
    shown = feature["properties"]
    assert (shown["counted"], shown["target"], shown["reached"]) == (2, 300, False)
    assert {name: shown[name] for name in shown if name in figures} == {
        name: figures[name] for name in figures if name in shown
    }
    parts = figures["by_assurance"]
    assert {name: shown[name] for name in parts} == parts and sum(parts.values()) == 2
    assert "by_assurance" not in shown
    assert (shown["province"], shown["network"]) == ("Tỉnh Thái Nguyên", "mobile")
    assert (shown["boundary_quality"], shown["demo"]) == ("approximate", False)


def test_pages_follow_one_another_and_lose_nothing(client: FlaskClient, commune: str) -> None:
    whole = got(client, ITEMS, bbox=THAI_NGUYEN, limit=1000)
    assert whole["numberMatched"] == whole["numberReturned"] > 150
    assert "next" not in hrefs(whole)
    found, link = [], f"{ITEMS}?bbox={THAI_NGUYEN}&limit=70"
    while link:
        shown = got(client, link)
        assert shown["numberMatched"] == whole["numberMatched"]
        found += [feature["id"] for feature in shown["features"]]
        link = hrefs(shown).get("next", "")
    assert found == [feature["id"] for feature in whole["features"]]
    assert len(set(found)) == len(found)


def test_a_box_meets_what_it_meets(client: FlaskClient, commune: str) -> None:
    inside = {one["id"] for one in got(client, ITEMS, bbox=THAI_NGUYEN, limit=1000)["features"]}
    assert commune in inside
    point = got(client, ITEMS, bbox="105.8482,21.5942,105.8482,21.5942")
    assert [one["id"] for one in point["features"]] == [commune]
    high = got(client, ITEMS, bbox="105.8482,21.5942,-5,105.8482,21.5942,5")
    assert high["features"] == point["features"]
    assert got(client, ITEMS, bbox="0,0,1,1")["numberMatched"] == 0
    world = got(client, ITEMS, bbox="-180,-90,180,90", limit=1)["numberMatched"]
    for box, matched in {"177,-90,-177,90": 0, "100,-90,-170,90": world}.items():
        assert got(client, ITEMS, bbox=box, limit=1)["numberMatched"] == matched, box


def test_pages_of_other_sites_may_read_it(client: FlaskClient, commune: str) -> None:
    for path in ("/ogc", ITEMS, "/api/v1/odata/Units?$top=1", "/api/v1/odata/nothing"):
        answer = client.get(path)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_time_is_that_of_the_month(client: FlaskClient, commune: str) -> None:
    for shown, there in (
        ("2024-11-15", True), ("2024-11-30T23:00:00+07:00", True), ("2024-12-01", False),
        ("../2024-11-01", True), ("2024-12-01/..", False), ("2024-10-01/2024-12-31", True),
        ("/2024-10-31", False), ("2024-10-31T18:00:00Z", True),
    ):  # fmt: skip
        assert bool(got(client, ITEMS, datetime=shown, limit=1)["numberMatched"]) is there, shown


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"}, {"limit": "-1"}, {"limit": "many"}, {"offset": "x"}, {"bbox": "1,2,3"},
        {"bbox": "1,2,3,x"}, {"bbox": "1,2,3,nan"}, {"bbox": "0,1,1,0"}, {"bbox": ""},
        {"datetime": "yesterday"}, {"datetime": "2024-12-01/2024-11-01"}, {"datetime": "a/b/c"},
        {"filter": "counted>3"}, {"f": "html"}, {"limit": "9" * 5000},
    ],
)  # fmt: skip
def test_what_the_standard_refuses(client: FlaskClient, query: dict[str, str]) -> None:
    answer = client.get(ITEMS, query_string=query)
    assert answer.status_code == 400, answer.text
    assert answer.json["errors"][0]["field"] == next(iter(query))


def test_a_larger_limit_is_the_largest(client: FlaskClient, commune: str) -> None:
    shown = got(client, ITEMS, limit=999_999)
    assert shown["numberReturned"] == 1000 < shown["numberMatched"]


@pytest.mark.parametrize(
    "name", ["2024-11", "2024-11-wifi", "2024-13-mobile", "x", "2031-01-fixed", "0001-01-mobile"]
)
def test_no_such_collection(client: FlaskClient, name: str) -> None:
    for address in (f"/ogc/collections/{name}", f"/ogc/collections/{name}/items"):
        assert client.get(address).status_code == 404


def test_no_such_commune(client: FlaskClient) -> None:
    assert client.get(f"{ITEMS}/99999").status_code == 404


def test_the_same_page_is_not_sent_twice(client: FlaskClient, commune: str) -> None:
    first = client.get(f"{ITEMS}/{commune}")
    again = client.get(f"{ITEMS}/{commune}", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_page_is_built_once(
    client: FlaskClient, commune: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [client.get(f"{ITEMS}?limit=3&offset={offset}").data for offset in (0, 3)]
    assert len(set(pages)) == 2
    monkeypatch.setattr(service, "coverage_of_months", None)
    assert [client.get(f"{ITEMS}?limit=3&offset={offset}").data for offset in (0, 3)] == pages


# In a process of its own: GDAL waits for the answer without letting this one's server work.
GDAL = """
import json, sys, pyogrio
names = [str(name) for name, _ in pyogrio.list_layers(sys.argv[1])]
frame = pyogrio.read_dataframe(sys.argv[1], layer=names[0], bbox=(105.4, 21.3, 106.3, 22.1))
valid = bool(frame.geometry.is_valid.all())
rows = json.loads(frame.drop(columns="geometry").to_json(orient="records"))
print(json.dumps([names, valid, rows]))
"""


@pytest.mark.slow
def test_gdal_reads_it_as_qgis_does(app: Flask, client: FlaskClient, commune: str) -> None:
    with serving_app(app) as address:
        command = [sys.executable, "-c", GDAL, f"OAPIF:{address}/ogc"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    names, valid, rows = json.loads(done.stdout)
    assert valid and names[1] == NAME.replace("mobile", "fixed")
    own = next(row for row in rows if row["code"] == commune)
    assert (own["counted"], own["target"], own["month"]) == (2, 300, "2024-11")
    assert len(rows) > 150 and sum(row["counted"] for row in rows) == 2


def test_links_ask_for_the_very_box_that_was_asked_for(client: FlaskClient, commune: str) -> None:
    box = "105.84821,21.594212345678,105.84822,21.5943"
    shown = got(client, ITEMS, bbox=box)
    again = parse_qs(urlsplit(hrefs(shown)["self"]).query)["bbox"][0]
    assert [float(part) for part in again.split(",")] == [float(part) for part in box.split(",")]
