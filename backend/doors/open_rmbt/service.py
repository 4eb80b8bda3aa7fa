"""Answer the app Open-RMBT: issue its tests as tickets, and record its results as samples."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict
from urllib.parse import urlsplit
from uuid import UUID

from backend.clock import VIETNAM
from backend.devices import service as devices
from backend.doors.open_rmbt import results
from backend.doors.open_rmbt.foreign_values import whole
from backend.doors.open_rmbt.results import GENERAL_MOBILE, WIFI
from backend.errors import Problem, invalid, or_404
from backend.fields import Json
from backend.i18n.catalogues import Language
from backend.measurements.recording.answers import (
    MAX_PAGE,
    OwnMeasurement,
    own_measurement,
    own_page,
)
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.intake import read_id
from backend.measurements.recording.rows import SampleItem
from backend.measurements.recording.service import RecordingContext, record_post
from backend.witness.hosts import registered_host
from backend.witness.service import IssuedTicket, TicketIssuer, TicketRequest

# As the app's own servers ask for; 7 s each of download and upload.
DURATION_S, THREADS, PINGS = "7", "3", "10"
ROUTE = "RMBTControlServer"
MAX_OFFSET = 1_000_000  # of the history, which ends much earlier
UNCLASSIFIED = 0  # without a colour, since the limits are RTR's


@dataclass(frozen=True, slots=True)
class MeasuringServer:
    """The measuring server of the installation: its address, and the secret of its tokens."""

    url: str
    key: str

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (443 if self.encrypted else 80)


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the app: the token in its address, its body, sender and time."""

    token: str
    body: Mapping[str, Json]
    address: str  # of the sender
    base_url: str  # of the control server, with the token
    now: datetime


def control_host(url_root: str, token: str) -> str:
    """Return the text that a person enters as the control server: host and path."""
    return f"{url_root.partition('://')[2]}rmbt/{token}"


class AppSettings(TypedDict):
    """The answer to `settings`."""

    settings: list[dict[str, Json]]  # one: by the names of the protocol


class AppTest(TypedDict):
    """The answer to `testRequest`: a test at the measuring server, by the names of the protocol."""

    test_uuid: str  # the ticket
    open_test_uuid: str
    test_token: str  # signed with the secret of the measuring server
    test_server_name: str
    test_server_address: str
    test_server_port: int
    test_server_encryption: bool
    test_server_type: str
    test_duration: str  # s of each direction
    test_numthreads: str
    test_numpings: str
    test_wait: str
    client_remote_ip: str
    provider: None
    result_url: str
    result_qos_url: str


class Moment(TypedDict):
    """A test and its time."""

    open_test_uuid: str
    time: int  # ms since 1970
    time_string: str
    timezone: str


class HistoryItem(Moment):
    """A sample in the list of the app; figures are texts, "–" where there is none."""

    test_uuid: str  # names the sample in a later `testresult`
    speed_download: str  # Mbps
    speed_upload: str
    ping: str  # ms
    ping_shortest: str
    speed_download_classification: int
    speed_upload_classification: int
    ping_classification: int
    ping_shortest_classification: int
    model: str
    network_type: str


class NetworkInfo(TypedDict):
    """The network of a result."""

    network_type_label: str
    provider_name: None


class MeasurementResult(TypedDict):
    """The figures of a result."""

    download_kbit: int  # kbit/s
    upload_kbit: int
    ping_ms: float
    download_classification: int
    upload_classification: int
    ping_classification: int
    signal_classification: int


class AppResult(Moment):
    """A stored result as the app shows it."""

    share_subject: str
    share_text: str  # why it does not count
    network_type: int
    network_info: NetworkInfo
    qoe_classification: list[Json]
    measurement_result: MeasurementResult


def describe_settings(app_request: Request, terms_url: str) -> AppSettings:
    """Return the settings of the app for the device of a token."""
    device = devices.authenticate(app_request.token, app_request.now)
    settings: dict[str, Json] = {
        "uuid": str(device.id),
        "terms_and_conditions": {"version": 1, "url": terms_url, "ndt_url": None},
        # Without it the app ends where it shows a result.
        "urls": {"url_statistic_server": app_request.base_url},
        "servers": [],
        "server_ws": [],
        "server_qos": [],
        "qostesttype_desc": [],
        "history": {"devices": [], "networks": []},
        "versions": {"control_server_version": "do-song"},
    }
    return {"settings": [settings]}


def request_test(app_request: Request, server: MeasuringServer, issuer: TicketIssuer) -> AppTest:
    """Issue a ticket for one test at the measuring server; 404 if it is not registered."""
    devices.authenticate(app_request.token, app_request.now)
    host = or_404(registered_host(server.url) if server.url else None, "no_measuring_server")
    issued = issuer.issue(app_request.token, TicketRequest("full", host), app_request.now)
    test = issued.ticket.id
    return {
        "test_uuid": str(test),
        "open_test_uuid": f"O{test}",
        "test_token": _test_token(test, app_request.now, server.key),
        "test_server_name": issued.host_name,
        "test_server_address": server.host,
        "test_server_port": server.port,
        "test_server_encryption": server.encrypted,
        "test_server_type": "RMBT",
        "test_duration": DURATION_S,
        "test_numthreads": THREADS,
        "test_numpings": PINGS,
        "test_wait": "0",
        "client_remote_ip": app_request.address,
        "provider": None,
        "result_url": f"{app_request.base_url}/result",
        "result_qos_url": f"{app_request.base_url}/resultQoS",
    }


def _test_token(test: UUID, at: datetime, key: str) -> str:
    """Return `<test>_<second>_<HMAC-SHA1>`, signed with the secret of the measuring server."""
    signed = f"{test}_{int(at.timestamp())}"
    digest = hmac.digest(key.encode(), signed.encode(), "sha1")
    return f"{signed}_{base64.b64encode(digest).decode()}"


def record_result(
    app_request: Request, context: RecordingContext, issuer: TicketIssuer
) -> SampleItem:
    """Record a result as a sample of the device; with its ticket it is `ticketed`.

    Raises 422 for a result that names neither its test nor its time.
    """
    device = devices.authenticate(app_request.token, app_request.now)
    test = read_id(app_request.body.get("test_uuid"))
    issued = _issued(test, device, issuer)
    started_at = issued.ticket.issued_at if issued else results.phone_time(app_request.body)
    if test is None:
        raise _wrong(app_request.body, "test_uuid", "not_uuid")
    if started_at is None:
        raise _wrong(app_request.body, "time", "out_of_range")
    sample = results.sample_of(
        app_request.body, results.sample_id(device.id, str(test)), started_at
    )
    if issued:
        sample["test"] = {"ticket": issued.token}
        sample["server"] = {"id": str(issued.ticket.host_id), "name": issued.host_name}
    recorded = record_post(app_request.token, [sample], ReceiptContext(app_request.now), context)
    return recorded.items[0]


def _wrong(body: Mapping[str, Json], name: str, code: str) -> Problem:
    """Return the problem of a field that is missing or has no value that can be read."""
    return invalid(name, "required" if body.get(name) is None else code)


def _issued(
    test: UUID | None, device: devices.KnownDevice, issuer: TicketIssuer
) -> IssuedTicket | None:
    """Return the ticket of a test of this device; another device's is none."""
    try:
        return issuer.known(test, device.id) if test else None
    except Problem:
        return None


def list_history(app_request: Request, language: Language) -> list[HistoryItem]:
    """Return the device's samples as the app lists them, newest first, at most 500."""
    device = devices.authenticate(app_request.token, app_request.now)
    body = app_request.body
    offset = whole(body, "result_offset", MAX_OFFSET) or 0
    limit = whole(body, "result_limit", MAX_PAGE) or MAX_PAGE
    own = own_page(device.id, None, offset + limit, language)["items"]
    return [_history_item(one) for one in own[offset : offset + limit]]


def _history_item(own: OwnMeasurement) -> HistoryItem:
    ping = _figure(own["ping_ms"])
    return {
        "test_uuid": own["id"] or "",
        **_moment(own, own["id"]),
        "speed_download": _figure(own["download_mbps"]),
        "speed_upload": _figure(own["upload_mbps"]),
        "ping": ping,
        "ping_shortest": ping,
        "speed_download_classification": UNCLASSIFIED,
        "speed_upload_classification": UNCLASSIFIED,
        "ping_classification": UNCLASSIFIED,
        "ping_shortest_classification": UNCLASSIFIED,
        "model": "",
        "network_type": own["technology"] or ("UNKNOWN" if own["network"] == "mobile" else "WLAN"),
    }


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{round(value, 1):g}"


def _moment(own: OwnMeasurement, test: UUID | str | None) -> Moment:
    measured_at = datetime.fromisoformat(own["measured_at"]).astimezone(VIETNAM)
    return {
        "open_test_uuid": f"O{test}",
        "time": int(measured_at.timestamp() * 1000),
        "time_string": f"{measured_at:%H:%M:%S %d/%m/%Y}",
        "timezone": str(VIETNAM),
    }


def describe_result(app_request: Request, language: Language) -> AppResult:
    """Return a stored result as the app shows it; 404 for one that is not of this device."""
    device = devices.authenticate(app_request.token, app_request.now)
    test = read_id(app_request.body.get("test_uuid"))
    try:
        own = own_measurement(device.id, results.sample_id(device.id, str(test)), language)
    except Problem:  # a test of the history
        own = own_measurement(device.id, str(test), language)
    mobile = own["network"] == "mobile"
    return {
        **_moment(own, test),
        "share_subject": "",
        "share_text": " ".join(reason["message"] for reason in own["reasons"]),
        "network_type": GENERAL_MOBILE if mobile else WIFI,
        "network_info": {"network_type_label": own["network"], "provider_name": None},
        "qoe_classification": [],
        "measurement_result": {
            "download_kbit": _kbit(own["download_mbps"]),
            "upload_kbit": _kbit(own["upload_mbps"]),
            "ping_ms": own["ping_ms"] or 0,
            "download_classification": UNCLASSIFIED,
            "upload_classification": UNCLASSIFIED,
            "ping_classification": UNCLASSIFIED,
            "signal_classification": UNCLASSIFIED,
        },
    }


def _kbit(mbps: float | None) -> int:
    return round((mbps or 0) * 1000)
