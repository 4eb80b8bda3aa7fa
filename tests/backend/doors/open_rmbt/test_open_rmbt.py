"""The app Open-RMBT measures for a device that agreed: settings, tests, results, refusals."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import CapturingLogger

from backend.database.extensions import db, owner_session
from backend.http import logging as request_log
from tests.support import open_rmbt
from tests.support.clock import FakeClock
from tests.support.factories import register
from tests.support.open_rmbt import PLANTED, fix, request_test, result, send
from tests.support.requirements import counting_from
from tests.support.stored_text import tables_with


@pytest.fixture
def token(app: Flask, client: FlaskClient) -> str:
    """The token of a device that agreed; the measuring server is registered."""
    open_rmbt.register_server(app)
    return register(client)["Authorization"].removeprefix("Bearer ")


def stored(client: FlaskClient, token: str) -> list[dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"}
    items: list[dict[str, Any]] = client.get("/api/v1/measurements", headers=headers).json["items"]
    return items


def body_of(app: Flask) -> dict[str, Any]:
    with app.app_context():
        return dict(db.session.scalars(text("select raw from measurements")).one())


def test_a_result_is_one_ticketed_sample_with_our_units(
    app: Flask, client: FlaskClient, token: str
) -> None:
    test = request_test(client, token)
    answer = send(client, token, "result", result(test)).json
    assert answer == {
        "error": [], "outcome": "accepted", "counted": False, "assurance": "ticketed",
        "reasons": ["unproven"],
    } or answer["counted"]  # fmt: skip
    assert answer["assurance"] == "ticketed"
    [sample] = stored(client, token)
    figures = sample["download_mbps"], sample["upload_mbps"], sample["ping_ms"]
    assert figures == (48.2, 12.1, 21.0)  # the median of the pings that the server saw
    assert sample["unit"]["province"]
    body = body_of(app)
    assert body["network"] == {
        "kind": "mobile", "technology": "5G", "mcc": "452", "mnc": "04", "operator": "Viettel",
        "signal_dbm": -95, "roaming": False,
    }  # fmt: skip
    assert body["cell"] == {
        "type": "LTE", "identity": 123_456_789, "physical_id": 301, "rsrp_dbm": -95,
        "rsrq_db": -11,
    }  # fmt: skip
    assert body["location"]["accuracy_m"] == 9.5  # of the minute around the start
    assert (body["duration_s"], body["data_used_mb"]) == (17.0, 67.0)
    assert body["app_version"] == "open-rmbt 4.9.1"


def test_the_same_result_again_is_stored_once(client: FlaskClient, token: str) -> None:
    test = request_test(client, token)
    first = send(client, token, "result", result(test)).json
    again = send(client, token, "result", result(test, test_submission_retry_count=3)).json
    assert (first["outcome"], again["outcome"]) == ("accepted", "duplicate")
    assert again["error"] == []
    assert len(stored(client, token)) == 1


def test_another_result_of_the_test_does_not_replace_the_first(
    client: FlaskClient, token: str
) -> None:
    test = request_test(client, token)
    send(client, token, "result", result(test))
    other = send(client, token, "result", result(test, test_speed_download=900_000)).json
    assert (other["outcome"], other["error"]) == ("conflict", [])
    assert [one["download_mbps"] for one in stored(client, token)] == [48.2]


def test_nothing_of_the_owner_or_of_others_nearby_is_stored(
    app: Flask, client: FlaskClient, token: str
) -> None:
    test = request_test(client, token)
    send(client, token, "result", result(test))
    late = result(test, test_uuid=PLANTED["client_uuid"].replace("c0", "d0"), time=1)
    send(client, token, "result", late)
    broken = result(
        test, test_uuid="c0ffee00-1111-4222-8333-444455550000", test_speed_download=1e14
    )
    assert send(client, token, "result", broken).json["outcome"] == "rejected"
    assert tables_with(app, PLANTED.values()) == []


def test_a_refused_result_is_final_and_leaves_its_allowed_fields_only(
    app: Flask, client: FlaskClient, token: str
) -> None:
    test = request_test(client, token)
    answer = send(client, token, "result", result(test, test_speed_download=1e14)).json
    assert (answer["error"], answer["outcome"]) == ([], "rejected")
    assert answer["reasons"] == ["out_of_range"]
    with app.app_context():
        refused = db.session.scalars(text("select body from refused")).one()
    assert "QuanCaPhe" not in refused and "download_mbps" in refused


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"test_status": "1"}, "failed"),
        ({"test_status": "2"}, "aborted"),
        ({"test_speed_upload": open_rmbt.NOT_AVAILABLE}, "failed"),
        ({"test_speed_upload": None}, "failed"),
        ({"pings": [], "test_ping_shortest": "x"}, "failed"),
    ],
)
def test_a_test_without_all_values_is_no_finished_one(
    app: Flask, client: FlaskClient, token: str, changes: dict[str, Any], status: str
) -> None:
    answer = send(client, token, "result", result(request_test(client, token), **changes)).json
    assert answer["outcome"] == "accepted"
    assert body_of(app)["status"] == status


@pytest.mark.parametrize(
    ("changes", "network"),
    [
        ({"network_type": "99"}, {"kind": "wifi"}),
        ({"network_type": 106}, {"kind": "ethernet"}),
        ({"network_type": None}, {"kind": "unknown"}),
        ({"network_type": 105, "telephony_nr_connection": None}, {"kind": "mobile"}),
        ({"network_type": 40, "telephony_nr_connection": "AVAILABLE"},
         {"kind": "mobile", "technology": "4G"}),
        ({"network_type": 20, "telephony_nr_connection": "SA"},
         {"kind": "mobile", "technology": "5G"}),
    ],
)  # fmt: skip
def test_networks_of_every_kind(
    app: Flask, client: FlaskClient, token: str, changes: dict[str, Any], network: dict[str, Any]
) -> None:
    bare = {
        "telephony_network_operator": None, "telephony_network_operator_name": None,
        "telephony_network_is_roaming": None, "radioInfo": None,
    }  # fmt: skip
    test = request_test(client, token)
    send(client, token, "result", result(test, **bare, **changes))
    assert body_of(app)["network"] == network


def test_a_wrong_clock_of_the_phone_changes_nothing(
    client: FlaskClient, token: str, clock: FakeClock
) -> None:
    now = clock()
    test = request_test(client, token)
    ahead = int((now + timedelta(days=400)).timestamp() * 1000)
    answer = send(client, token, "result", result(test, time=ahead)).json
    assert (answer["outcome"], answer["assurance"]) == ("accepted", "ticketed")
    [sample] = stored(client, token)
    assert sample["measured_at"].startswith(now.strftime("%Y-%m-%dT%H:%M"))


def test_a_result_without_a_test_of_this_device_is_claimed(
    client: FlaskClient, token: str, clock: FakeClock
) -> None:
    other = register(client)["Authorization"].removeprefix("Bearer ")
    theirs = request_test(client, other)
    millis = int(clock().timestamp() * 1000)
    answer = send(client, token, "result", result(theirs, time=millis)).json
    assert (answer["outcome"], answer["assurance"]) == ("accepted", "claimed")
    # The other device's ticket is unused.
    assert send(client, other, "result", result(theirs)).json["assurance"] == "ticketed"


def test_a_mock_position_is_marked(app: Flask, client: FlaskClient, token: str) -> None:
    send(client, token, "result", result(request_test(client, token),
                                         geoLocations=[fix(mock_location=True)]))  # fmt: skip
    with app.app_context():
        assert "mock_position" in db.session.scalars(text("select marks from measurements")).one()


@pytest.mark.parametrize("name", ["settings", "testRequest", "result", "resultQoS", "history"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_without_a_personal_address_the_app_shows_a_refusal(
    client: FlaskClient, name: str, language: str
) -> None:
    for url in (f"/RMBTControlServer/{name}", f"/rmbt/nobody/RMBTControlServer/{name}"):
        answer = client.post(url, json={"language": language})
        assert answer.status_code == 200
        [shown] = dict(answer.json)["error"]
        assert "/do/apps" in shown
        assert shown.startswith("Địa chỉ" if language == "vi" else "This control server")


def test_a_withdrawn_device_is_refused(client: FlaskClient, token: str) -> None:
    test = request_test(client, token)
    client.delete("/api/v1/devices/me", headers={"Authorization": f"Bearer {token}"})
    for name, body in (("testRequest", None), ("result", result(test))):
        assert send(client, token, name, body).json["error"]


def test_without_a_measuring_server_no_test_begins(app: Flask, client: FlaskClient) -> None:
    headers = register(client)
    token = headers["Authorization"].removeprefix("Bearer ")
    assert send(client, token, "testRequest").json["error"] == [
        "This server has no measuring server for this app."
    ]
    assert client.post("/api/v1/devices/me/open-rmbt", headers=headers).status_code == 404
    open_rmbt.register_server(app)
    with app.app_context(), owner_session() as owner:
        owner.execute(text("update measuring_hosts set revoked_at = now()"))
    assert send(client, token, "testRequest").json["error"]


def test_settings_name_the_device_and_no_list(client: FlaskClient, token: str) -> None:
    answer = send(client, token, "settings").json
    [settings] = answer["settings"]
    assert answer["error"] == []
    assert settings["uuid"] and settings["servers"] == []
    assert settings["terms_and_conditions"]["url"].endswith("/do/apps")
    assert send(client, token, "resultQoS").json["error"] == []


@pytest.mark.parametrize(
    ("required", "text"), [("witnessed", "không được tính"), ("ticketed", "ở đây được tính")]
)
def test_the_app_and_its_page_say_whether_samples_count(
    app: Flask, client: FlaskClient, token: str, required: str, text: str
) -> None:
    app.config["OPEN_RMBT_URL"] = "https://rmbt.example.vn"
    with counting_from(app, required):
        [news] = send(client, token, "news", {"language": "vi"}).json["news"]
        assert text in news["text"] and news["text"] in client.get("/do/apps").text


def test_the_app_shows_its_result(client: FlaskClient, token: str) -> None:
    test = request_test(client, token)
    send(client, token, "result", result(test))
    asked = {"test_uuid": test["test_uuid"], "language": "en"}
    [shown] = send(client, token, "testresult", asked).json["testresult"]
    figures = shown["measurement_result"]
    assert (figures["download_kbit"], figures["upload_kbit"], figures["ping_ms"]) == (
        48_200,
        12_100,
        21,
    )
    assert (shown["network_type"], shown["open_test_uuid"]) == (105, f"O{test['test_uuid']}")
    other = register(client)["Authorization"].removeprefix("Bearer ")
    for of, body in ((other, asked), (token, {"language": "en"}), (token, {"test_uuid": 7})):
        assert send(client, of, "testresult", body).json["error"]


def test_the_app_lists_its_results(client: FlaskClient, token: str, clock: FakeClock) -> None:
    assert send(client, token, "history").json["history"] == []
    for mbps in (48_200, 940_000, None):
        clock.now += timedelta(hours=5)
        send(client, token, "result", result(request_test(client, token), test_speed_download=mbps))
    asked = {"result_offset": 0, "result_limit": 100, "language": "en"}
    last, fast, first = send(client, token, "history", asked).json["history"]
    assert [one["speed_download"] for one in (last, fast, first)] == ["–", "940", "48.2"]
    assert (first["speed_upload"], first["ping"], first["ping_shortest"]) == ("12.1", "21", "21")
    assert first["network_type"] == "5G" and first["time"] < fast["time"]
    for offset, listed in ((1, [fast]), (3, []), (900, [])):
        page = asked | {"result_offset": offset, "result_limit": 1}
        assert send(client, token, "history", page).json["history"] == listed
    opened = {"test_uuid": first["test_uuid"], "language": "en"}
    [shown] = send(client, token, "testresult", opened).json["testresult"]
    assert shown["measurement_result"]["download_kbit"] == 48_200
    assert "not confirmed" in shown["share_text"] or shown["share_text"] == ""
    other = register(client)["Authorization"].removeprefix("Bearer ")
    assert send(client, other, "history", asked).json["history"] == []
    assert send(client, other, "testresult", opened).json["error"]


def test_the_test_names_the_measuring_server(client: FlaskClient, token: str) -> None:
    test = request_test(client, token)
    server = test["test_server_address"], test["test_server_port"], test["test_server_encryption"]
    assert server == ("rmbt.example.vn", 8443, True)
    assert test["result_url"] == f"http://localhost/rmbt/{token}/RMBTControlServer/result"
    head, second, digest = test["test_token"].split("_")
    assert head == test["test_uuid"] and int(second) > 0 and len(digest) == 28


def test_unused_tests_are_limited(client: FlaskClient, token: str) -> None:
    for _ in range(8):
        request_test(client, token)
    assert send(client, token, "testRequest").json["error"]


def test_what_is_no_result_is_refused_plainly(client: FlaskClient, token: str) -> None:
    for body in ({}, {"test_uuid": 7}, {"test_uuid": "x"}, {"radioInfo": [1], "pings": {}}):
        answer = send(client, token, "result", {"language": "en", **body})
        assert answer.status_code == 200
        assert answer.json["error"]
    assert send(client, token, "result", [1]).status_code == 422
    test = {"language": "en", "test_uuid": str(uuid4())}
    for body, words in (
        ({"language": "en"}, "test_uuid: This field is missing."),
        ({"language": "en", "test_uuid": "x"}, "test_uuid: Must be a UUID."),
        (test, "time: This field is missing."),
        (test | {"time": -1}, "time: The value is out of range."),
    ):
        assert words in send(client, token, "result", body).json["error"]


def test_the_connection_is_the_address_of_the_device(client: FlaskClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = client.post("/api/v1/devices/me/open-rmbt", headers=headers).json
    assert answer["host"] == f"localhost/rmbt/{token}"
    assert answer["qr_svg"].startswith("<svg")


def test_the_token_in_the_address_is_not_logged(
    client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = CapturingLogger()
    log = structlog.wrap_logger(written, processors=[structlog.processors.JSONRenderer()])
    monkeypatch.setattr(request_log, "log", log)
    send(client, token, "settings")
    assert '"path": "/rmbt/-/RMBTControlServer/settings"' in str(written.calls)
    for path in ("RMBT/{}/x", "rmbt%2F{}/x", "x//rmbt//{}", "rmbt/a%2F{}/x/y", "x/rmbt/{}%0A/y"):
        client.post(f"/{path.format(token)}")
    logged = str(written.calls)
    assert logged.count('rmbt/-"') == 5
    assert token not in logged


@pytest.mark.parametrize("name", ["coverageRequest", "testresultdetail", "signalRequest"])
def test_what_measures_no_speed_is_refused_with_a_sentence(
    client: FlaskClient, token: str, name: str
) -> None:
    refused = send(client, token, name).json
    assert refused == {"error": ["This server takes only speed tests of this app."]}
