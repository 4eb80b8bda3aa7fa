"""The app Open-RMBT: its requests, written from the fields that its sources describe."""

from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backend.witness.hosts import add_host

SERVER_URL, SERVER_KEY = "https://rmbt.example.vn:8443", "a secret of the measuring server"
CELL = "6f1f8a58-8d2b-4a7a-b0f6-3f6e1a1f0a11"
NEIGHBOUR = "6f1f8a58-8d2b-4a7a-b0f6-3f6e1a1f0a12"
NOT_AVAILABLE = 2**31 - 1
# What a phone sends of its owner and of others nearby, and no table may contain.
PLANTED = {
    "wifi_ssid": "QuanCaPheBenDuong",
    "wifi_bssid": "0a:1b:2c:3d:4e:5f",
    "tag": "MotNguoiDungBien",
    "test_ip_local": "203.0.113.77",
    "telephony_apn": "apn-cua-toi",
    "client_uuid": "c0ffee00-1111-4222-8333-444455556666",
    "device": "may-cua-lan",
}


def register_server(app: Flask) -> None:
    """Register the measuring server, and let the installation use it."""
    app.config["OPEN_RMBT_URL"], app.config["OPEN_RMBT_KEY"] = SERVER_URL, SERVER_KEY
    with app.app_context():
        add_host("RMBT Hà Nội", SERVER_URL, None, app.extensions["clock"]())


def send(client: FlaskClient, token: str, name: str, body: Any = None) -> TestResponse:
    """Send a request of the app to the personal address of a device."""
    url = f"/rmbt/{token}/RMBTControlServer/{name}"
    return client.post(url, json={"language": "en"} if body is None else body)


def request_test(client: FlaskClient, token: str) -> dict[str, Any]:
    """Get a test as the app does before it measures."""
    answer = send(client, token, "testRequest", test_request())
    assert answer.status_code == 200, answer.text
    assert answer.json["error"] == [], answer.json
    return dict(answer.json)


def test_request(**changes: Any) -> dict[str, Any]:
    return {
        "uuid": str(uuid4()),
        "client": "RMBT",
        "type": "MOBILE",
        "version": "0.3",
        "language": "vi",
        "timezone": "Asia/Ho_Chi_Minh",
        "time": 1_731_636_753_000,
        "softwareVersion": "4.9.1",
        "location": {"geo_lat": 21.5942, "geo_long": 105.8482, "accuracy": 12.0},
        **changes,
    }


def result(test: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return the result of a test on LTE with NR beside it, in kbit/s and nanoseconds."""
    return {
        **PLANTED,
        "plattform": "Android",
        "client_name": "RMBT",
        "client_language": "vi",
        "client_software_version": "4.9.1",
        "time": 1_731_636_753_000,
        "test_uuid": test["test_uuid"],
        "test_token": test["test_token"],
        "test_speed_download": 48_200,
        "test_speed_upload": 12_100,
        "test_ping_shortest": 19_500_000,
        "test_nsec_download": 7_100_000_000,
        "test_nsec_upload": 7_200_000_000,
        "time_dl_ns": 2_000_000_000,
        "time_ul_ns": 9_800_000_000,
        "test_if_bytes_download": 52_000_000,
        "test_if_bytes_upload": 15_000_000,
        "pings": [
            {"value": 20_100_000, "value_server": 21_000_000, "time_ns": 1_000_000_000},
            {"value": 26_000_000, "value_server": 27_500_000, "time_ns": 1_100_000_000},
            {"value": 20_300_000, "value_server": 20_500_000, "time_ns": 1_200_000_000},
        ],
        "network_type": "13",
        "telephony_network_operator": "452-04",
        "telephony_network_operator_name": "Viettel",
        "telephony_network_is_roaming": "false",
        "telephony_nr_connection": "NSA",
        "geoLocations": [
            fix(accuracy=400.0, time_ns=-3_000_000_000),
            fix(accuracy=9.5, time_ns=2_000_000_000),
            fix(geo_lat=20.0, accuracy=3.0, time_ns=-600_000_000_000),
        ],
        "radioInfo": {"cells": cells(), "signals": signals()},
        "test_status": "0",
        "test_submission_retry_count": 0,
        **changes,
    }


def fix(**changes: Any) -> dict[str, Any]:
    return {
        "geo_lat": 21.5942,
        "geo_long": 105.8482,
        "accuracy": 12.0,
        "provider": "gps",
        "mock_location": False,
        "tstamp": 1_731_636_750_000,
        "time_ns": 0,
        "age": 900_000_000,
        **changes,
    }


def cells() -> list[dict[str, Any]]:
    serving = {"technology": "4G", "active": True, "primary_data_subscription": "true"}
    return [
        {"uuid": CELL, "location_id": 123_456_789, "primary_scrambling_code": 301, **serving},
        {"uuid": NEIGHBOUR, "location_id": NOT_AVAILABLE, "active": False, "registered": False},
    ]


def signals() -> list[dict[str, Any]]:
    return [
        {"cell_uuid": CELL, "lte_rsrp": -90, "lte_rsrq": -9, "lte_rssnr": 14, "time_ns": 1},
        {"cell_uuid": CELL, "lte_rsrp": -95, "lte_rsrq": -11, "lte_rssnr": NOT_AVAILABLE,
         "time_ns": 9_000_000_000},
        {"cell_uuid": NEIGHBOUR, "lte_rsrp": -70, "time_ns": 9_500_000_000},
    ]  # fmt: skip
