"""Endpoints of the app Open-RMBT, below a personal address that identifies its device.

The app shows the texts of `error` in a successful answer alone, so refusals have the status 200.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, NoReturn, NotRequired, TypedDict

from flask import Response, current_app, jsonify, request, url_for

from backend.database.extensions import BEARER, roll_back
from backend.devices import service as devices
from backend.doors.open_rmbt import schemas, service
from backend.doors.open_rmbt.service import ROUTE, MeasuringServer, Request
from backend.errors import Problem
from backend.fields import Json
from backend.http.links import link_root
from backend.http.requests import Blueprint, bearer_token, clock_now, read_object
from backend.i18n.catalogues import Language
from backend.i18n.messages import message
from backend.measurements.recording.reasons import category
from backend.measurements.recording.requirements import required_now
from backend.measurements.recording.service import recording_context
from backend.memberships.poster import inline_svg
from backend.metrics import count_samples

TEXT = "Open-RMBT, the app RTR-NetTest"
blp = Blueprint("open_rmbt", __name__, description=TEXT, url_prefix=f"/rmbt/<token>/{ROUTE}")
nobody_blp = Blueprint(
    "open_rmbt_nobody", __name__, description=f"{TEXT}, without an address", url_prefix=f"/{ROUTE}"
)
devices_blp = Blueprint("open_rmbt_devices", __name__, description=TEXT)
blueprints = (blp, nobody_blp, devices_blp)

BODY = {"required": True, "content": {"application/json": {"schema": schemas.RequestSchema}}}
# Problems that the app shows to the person; after another status it sends the request again.
REFUSED = (401, 403, 404, 409, 422, 429)


Use = Callable[[Request], Mapping[str, object]]  # fields of the answer, for JSON


def _endpoint(path: str) -> Callable[[Use], Any]:
    """Add an endpoint for a function that answers a request of the app."""

    def add(use: Use) -> Any:
        view = blp.response(200, schemas.AnswerSchema)(_answer(use))
        view = blp.doc(requestBody=BODY)(view)
        return blp.post(path)(view)

    return add


def _answer(use: Use) -> Callable[..., Response]:
    """Answer a request as the app reads it: `error` is empty, or has the texts of a refusal."""

    @wraps(use)
    def answer(token: str, **path: str) -> Response:
        body = read_object()
        app_request = Request(
            token=token,
            body=body,
            address=request.remote_addr or "",
            base_url=f"{request.url_root}rmbt/{token}/{ROUTE}",
            now=clock_now(),
        )
        try:
            return jsonify({**use(app_request), "error": []})
        except Problem as problem:
            if problem.status not in REFUSED:
                raise
            roll_back()
            code = "control_server_unknown" if problem.status == 401 else problem.code
            language = _language(body)
            fields = [f"{one.field}: {message(one.code, language)}" for one in problem.errors]
            return jsonify({"error": [message(code, language), *fields]})

    return answer


class RecordedResult(TypedDict):
    """What became of a result; the app reads no field of it."""

    outcome: str
    reasons: Sequence[str]  # codes
    counted: NotRequired[bool]
    assurance: NotRequired[str | None]


class ShownResult(TypedDict):
    """The answer to `testresult`."""

    testresult: list[service.AppResult]  # one


class NewsItem(TypedDict):
    """A text that the app shows at its start."""

    uid: int
    title: str
    text: str


class News(TypedDict):
    """The answer to `news`."""

    news: list[NewsItem]


class History(TypedDict):
    """The answer to `history`, the newest first."""

    history: list[service.HistoryItem]


def _language(body: Mapping[str, Json]) -> Language:
    written = body.get("language") or body.get("client_language")
    return "en" if isinstance(written, str) and not written.startswith("vi") else "vi"


@_endpoint("/settings")
def read_rmbt_settings(app_request: Request) -> service.AppSettings:
    """Read the settings of the app, which asks for them at its start."""
    return service.describe_settings(app_request, url_for("do.apps", _external=True))


@_endpoint("/testRequest")
def request_rmbt_test(app_request: Request) -> service.AppTest:
    """Get a test: measuring server and token; it is a ticket of the device."""
    config, issuer = current_app.config, current_app.extensions["ticket_issuer"]
    server = MeasuringServer(config["OPEN_RMBT_URL"], config["OPEN_RMBT_KEY"])
    return service.request_test(app_request, server, issuer)


@_endpoint("/result")
def send_rmbt_result(app_request: Request) -> RecordedResult:
    """Send the result of a test; the same again is a duplicate."""
    item = service.record_result(
        app_request, recording_context(), current_app.extensions["ticket_issuer"]
    )
    if item.outcome != "accepted":
        count_samples([(item.outcome, None)])
        return {"outcome": item.outcome, "reasons": [one.code for one in item.errors]}
    count_samples([(item.outcome, category(item.row["reasons"], item.row["marks"], None))])
    return {
        "outcome": item.outcome,
        "counted": item.row["counted"],
        "assurance": item.row["assurance"],
        "reasons": item.row["reasons"],
    }


@_endpoint("/testresult")
def show_rmbt_result(app_request: Request) -> ShownResult:
    """Show a stored result of the device, which the app does after a test."""
    return {"testresult": [service.describe_result(app_request, _language(app_request.body))]}


@_endpoint("/<name>")
def refuse_rmbt(app_request: Request) -> NoReturn:
    """Refuse what measures no speed, such as a coverage session; the app would repeat after 404."""
    raise Problem(404, "speed_tests_only")


@_endpoint("/resultQoS")
def drop_qos(app_request: Request) -> dict[str, Json]:
    """Accept and drop results of the app's other tests, which are no samples."""
    devices.authenticate(app_request.token, app_request.now)
    return {}


@_endpoint("/news")
def list_news(app_request: Request) -> News:
    """Say whether samples of the app count here; it shows news at its start."""
    devices.authenticate(app_request.token, app_request.now)
    code = "app_uncounted" if required_now(app_request.now) == "witnessed" else "app_counted"
    text = message(code, _language(app_request.body))
    return {"news": [{"uid": 1, "title": "Đo Sóng", "text": text}]}


@_endpoint("/history")
def list_history(app_request: Request) -> History:
    """List the device's samples, the newest first."""
    return {"history": service.list_history(app_request, _language(app_request.body))}


@nobody_blp.post("/<name>")
@nobody_blp.doc(requestBody=BODY)
@nobody_blp.response(200, schemas.AnswerSchema)
def refuse_without_address(name: str) -> dict[str, list[str]]:
    """Refuse an app without a personal address: no person has agreed."""
    return {"error": [message("control_server_unknown", _language(read_object()))]}


@devices_blp.post("/devices/me/open-rmbt")
@devices_blp.doc(security=BEARER)
@devices_blp.response(200, schemas.ConnectionSchema)
def connect_open_rmbt() -> dict[str, str]:
    """Get the personal control server of the device for the app, also as a QR code."""
    token = bearer_token()
    devices.authenticate(token, clock_now())
    if not current_app.config["OPEN_RMBT_URL"]:
        raise Problem(404, "no_measuring_server")
    host = service.control_host(link_root(), token)
    return {"host": host, "qr_svg": inline_svg(host)}
