"""The app Network Survey: its requests, written from the fields that its sources describe."""

from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

NOT_AVAILABLE = 2**31 - 1
AT = "2024-11-15T09:12:33.123+07:00"
# What the app sends of its owner and of people nearby, and no table may contain.
PLANTED = {
    "deviceSerialNumber": "358240051111110",
    "deviceName": "DienThoaiCuaLan",
    "missionId": "KhaoSatNhaAnhMinh",
    "ssid": "WifiNhaHangXom",
    "bssid": "0a:1b:2c:3d:4e:5f",
    "sourceAddress": "a1:b2:c3:d4:e5:f6",
    "otaDeviceName": "TaiNgheCuaHoa",
    "device_model": "MayDoiCu9000",
    "os_version": "AndroidLaMot99",
}
_COMMON = {name: PLANTED[name] for name in ("deviceSerialNumber", "deviceName", "missionId")}


def lte(**changes: Any) -> dict[str, Any]:
    """Return a record of an LTE serving cell; changes replace fields of its data."""
    data = {
        **_COMMON,
        "deviceTime": AT,
        "latitude": 21.5942,
        "longitude": 105.8482,
        "altitude": 31.5,
        "recordNumber": 1,
        "groupNumber": 1,
        "accuracy": 8,
        "speed": 1.4,
        "mcc": 452,
        "mnc": 4,
        "tac": 1234,
        "eci": 123_456_789,
        "earfcn": 1700,
        "pci": 301,
        "rsrp": -98.0,
        "rsrq": -11.0,
        "snr": 7.0,
        "ta": NOT_AVAILABLE,
        "servingCell": True,
        "provider": "Viettel",
        "slot": 1,
        **changes,
    }
    return {"version": "1.6.0", "messageType": "LteRecord", "data": known(data)}


def nr(**changes: Any) -> dict[str, Any]:
    """Return a record of an NR serving cell; the NCI is text, as proto3 writes 64 bits."""
    data = {
        **_COMMON,
        "deviceTime": AT,
        "latitude": 21.5942,
        "longitude": 105.8482,
        "recordNumber": 2,
        "groupNumber": 2,
        "accuracy": 8,
        "mcc": 452,
        "mnc": 1,
        "tac": 1234,
        "nci": "68719476735",
        "narfcn": 630_000,
        "pci": 77,
        "ssRsrp": -88.0,
        "ssRsrq": -10.0,
        "ssSinr": 18.0,
        "servingCell": True,
        "provider": "MobiFone",
        "slot": 1,
        **changes,
    }
    return {"version": "1.6.0", "messageType": "NrRecord", "data": known(data)}


def known(data: dict[str, Any]) -> dict[str, Any]:
    """Leave out fields without a value, as proto3 does."""
    return {name: value for name, value in data.items() if value is not None}


def wifi() -> dict[str, Any]:
    data = {**_COMMON, "ssid": PLANTED["ssid"], "bssid": PLANTED["bssid"],
            "sourceAddress": PLANTED["sourceAddress"], "deviceTime": AT}  # fmt: skip
    return {"version": "1.6.0", "messageType": "WifiBeaconRecord", "data": data}


def bluetooth() -> dict[str, Any]:
    data = {**_COMMON, "sourceAddress": PLANTED["sourceAddress"],
            "otaDeviceName": PLANTED["otaDeviceName"], "deviceTime": AT}  # fmt: skip
    return {"version": "1.6.0", "messageType": "BluetoothRecord", "data": data}


def batches(*groups: tuple[str, list[Any]]) -> list[dict[str, Any]]:
    return [{"type": kind, "messages": messages} for kind, messages in groups]


def connect(client: FlaskClient, headers: dict[str, str]) -> str:
    """Scan the QR code of a device and register the app; return its token."""
    workspace = client.post("/api/v1/devices/me/network-survey", headers=headers)
    assert workspace.status_code == 200, workspace.text
    answer = register_app(client, headers["Authorization"].removeprefix("Bearer "))
    assert answer.status_code == 200, answer.text
    return str(answer.json["device_token"])


def register_app(client: FlaskClient, code: str) -> TestResponse:
    body = {
        "token": code,
        "device_id": str(uuid4()),
        "device_name": PLANTED["deviceName"],
        "device_model": PLANTED["device_model"],
        "os_version": PLANTED["os_version"],
        "app_version": "1.56",
    }
    return client.post("/api/v1/device/register", json=body)


def upload(client: FlaskClient, token: str, records: Any, **changes: Any) -> TestResponse:
    """Send an upload as the app does; every attempt has a new batch id."""
    body = {"device_token": token, "batch_id": str(uuid4()), "records": records, **changes}
    headers = {"Authorization": f"Bearer {token}"}
    return client.post("/api/v1/device/upload", json=body, headers=headers)
