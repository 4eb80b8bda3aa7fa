"""Single samples for officials: of the own area alone, coarse, with why each counts or not."""

import json
import uuid
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.factories import location, network, post, register, sample
from tests.support.people import person, unit_id

URL = "/api/v1/units/19/measurements"


class Cast:
    """A phone with five samples: two count, one repeats, one failed, one is of a fixed line."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.official = person(app, "official", unit_id(app, "19", level="province"))
        self.phone = register(client)
        self.samples = [
            sample("2024-11-15T09:00:00+07:00"),
            sample("2024-11-15T09:30:00+07:00"),
            sample("2024-11-15T14:00:00+07:00", location=location(is_mock=True)),
            sample("2024-11-16T09:00:00+07:00", status="failed", download_mbps=None),
            sample("2024-11-17T09:00:00+07:00", network=network(kind="wifi")),
        ]
        post(client, self.phone, *self.samples)

    def get(self, query: str = "", headers: Any = None, url: str = URL) -> Any:
        asked = f"{url}?month=2024-11{query}"
        return self.client.get(asked, headers=headers or self.official)

    def ids(self, query: str = "") -> list[str]:
        return [one["id"] for one in self.get(query).json["items"]]

    def one(self, place: int, **headers: str) -> Any:
        url = f"{URL}/{self.samples[place]['id']}"
        return self.client.get(url, headers=self.official | headers).json


@pytest.fixture
def cast(app: Flask, client: FlaskClient) -> Cast:
    return Cast(app, client)


def test_the_latest_come_first_page_by_page(cast: Cast) -> None:
    whole = [one["id"] for one in reversed(cast.samples)]
    assert cast.ids() == whole
    found, cursor = [], ""
    while cursor is not None:
        page = cast.get(f"&limit=2{cursor and '&cursor='}{cursor.replace('+', '%2B')}").json
        found += [one["id"] for one in page["items"]]
        cursor = page["next"]
    assert found == whole


@pytest.mark.slow
@pytest.mark.parametrize(
    ("query", "places"),
    [
        ("&reason=counted", [4, 0]),
        ("&reason=mock_position", [2]),
        ("&reason=repeat", [1]),
        ("&reason=failed_test", [3]),
        ("&network=fixed", [4]),
        ("&network=mobile&reason=counted", [0]),
        ("&reason=excluded", []),
    ],
)
def test_by_reason_and_network(cast: Cast, query: str, places: list[int]) -> None:
    assert cast.ids(query) == [cast.samples[place]["id"] for place in places]


def test_positions_are_coarse_and_devices_numbers(cast: Cast) -> None:
    device = cast.client.get("/api/v1/devices/me", headers=cast.phone).json["id"]
    answer = cast.get().json
    assert device not in json.dumps(answer)
    assert {json.dumps(one["position"]) for one in answer["items"]} == {
        '{"latitude": 21.594, "longitude": 105.848}'
    }
    [number] = {one["device"] for one in answer["items"]}
    shown = {"month": "2024-11", "reason": "x", "device": number, "preview": True}
    excluded = cast.client.post("/api/v1/units/19/exclusions", json=shown, headers=cast.official)
    assert excluded.json["measurements"] == len(cast.samples)


def test_why_a_sample_does_not_count(cast: Cast) -> None:
    repeat = cast.one(1)
    assert repeat["verdict"]["message"] == "Mẫu hợp lệ nhưng không được tính:"
    assert repeat["reasons"][0]["message"].startswith("Máy này đã có mẫu được tính")
    assert repeat["repeats"]["distance_m"] == 0
    assert repeat["repeats"]["measured_at"].startswith("2024-11-15T02:00:00")
    failed = cast.one(3, **{"Accept-Language": "en"})
    assert failed["verdict"] == {"code": "not_valid", "message": "The sample is not valid:"}
    assert [one["code"] for one in failed["reasons"]] == ["failed_test"]


def test_why_a_sample_counts(cast: Cast) -> None:
    first = cast.one(0)
    assert first["verdict"] == {"code": "counted", "message": "Mẫu được tính."}
    assert (first["repeats"], first["exclusion"], first["rules"]) == (None, None, 3)


def test_a_mock_position_is_a_reason_and_not_told_twice(cast: Cast) -> None:
    mock = cast.one(2)
    assert [one["code"] for one in mock["reasons"]] == ["mock_position"]
    assert mock["marks"] == []


def test_an_exclusion_is_told_with_its_reason(cast: Cast) -> None:
    body = {"month": "2024-11", "reason": "đo trong xưởng", "measurements": [cast.samples[0]["id"]]}
    act = cast.client.post("/api/v1/units/19/exclusions", json=body, headers=cast.official).json
    shown = cast.one(0)
    assert shown["exclusion"]["reason"] == "đo trong xưởng"
    assert shown["exclusion"]["id"] == act["id"]
    assert [one["code"] for one in shown["reasons"]] == ["excluded"]


def test_only_of_the_own_area(cast: Cast) -> None:
    hanoi = person(cast.app, "official", unit_id(cast.app, "01", level="province"))
    identity = cast.samples[0]["id"]
    assert cast.get(headers=hanoi).status_code == 404
    assert cast.get(headers=hanoi, url="/api/v1/units/01/measurements").json["items"] == []
    for code in ("19", "01"):  # of one's own unit's page neither
        url = f"/api/v1/units/{code}/measurements/{identity}"
        assert cast.client.get(url, headers=hanoi).status_code == 404


def test_a_commune_sees_its_own_alone(cast: Cast) -> None:
    code = cast.one(0)["unit"]["code"]
    commune = person(cast.app, "official", unit_id(cast.app, code))
    own = cast.get(headers=commune, url=f"/api/v1/units/{code}/measurements")
    assert len(own.json["items"]) == len(cast.samples)
    assert cast.get(headers=commune).status_code == 404


def test_who_withdrew_is_in_no_list(cast: Cast) -> None:
    cast.client.delete("/api/v1/devices/me", headers=cast.phone)
    assert cast.ids() == []
    assert cast.one(0)["status"] == 404


def test_the_future_has_no_list(cast: Cast) -> None:
    answer = cast.client.get(f"{URL}?month=2024-12", headers=cast.official)
    assert answer.json["errors"][0]["code"] == "month_in_future"


@pytest.mark.parametrize("identity", ["x", str(uuid.UUID(int=7))])
def test_what_is_not_there(cast: Cast, identity: str) -> None:
    assert cast.client.get(f"{URL}/{identity}", headers=cast.official).status_code == 404
