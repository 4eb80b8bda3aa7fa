"""Send damaged headers, bodies and paths to a server: any answer except 5xx is valid."""

import gzip
import http.client
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tests.support import open_rmbt
from tests.tools.fuzzing.parsers import GEOJSON, SEEDS, Parser
from tests.tools.fuzzing.person import Session

TAGS = (b'"1"', b'W/"1", "2"', b"*")
RANGES = (b"bytes=0-99", b"bytes=-5", b"bytes=0-1,5-9", b"bytes=100-")
CURSOR = (b"eyJhIjogMX0=", b"MjAyNC0xMS0xNVQwOToxMjozMyswNzowMHwx", b"19:5", b"10")
JSON = {"Content-Type": "application/json"}
LISTS = ("units", "audit", "users", "measurements", "organisations", "campaigns", "coverage",
         "units/19/measurements", "reports", "alerts")  # fmt: skip
FILE = "/static/style.css"
A_QUERY = 3_000  # gunicorn reads 4,094 bytes of a request's first line


class BrokenError(Exception):
    """The server answered 5xx, or not at all."""


@dataclass
class ServerUnderTest:
    """A server and tokens for it."""

    url: str
    admin: str
    device: str

    def ask(
        self, method: str, path: str, heads: Mapping[str, str | bytes], body: bytes | None = None
    ) -> None:
        """Send a request on a new connection; raise BrokenError if the server fails."""
        line = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            line.request(method, path, body, dict(heads))
            answer = line.getresponse()
            answer.read()
        except ValueError:  # not accepted by http.client
            return
        except (OSError, http.client.HTTPException) as error:
            raise BrokenError(f"{method} {path}: {type(error).__name__}") from error
        finally:
            line.close()
        if answer.status >= 500 and answer.status != 503:
            raise BrokenError(f"{method} {path}: {answer.status}")


def server_parsers(url: str, admin: Session, device: str) -> Iterator[Parser]:
    """Yield all inputs except JSON bodies, which schemathesis tests."""
    server = ServerUnderTest(url, f"Bearer {admin.token()}", f"Bearer {device}")
    yield from _heads(server)
    yield from _bodies(server)
    yield from _addresses(server)
    yield from _odata(server)
    yield from _own_pages(server, admin)
    yield from _office_sign_in(server)


def _heads(server: ServerUnderTest) -> Iterator[Parser]:
    ask, admin = server.ask, server.admin

    def head(name: str, path: str, seeds: tuple[bytes, ...], method: str = "GET",
             body: bytes | None = None, **more: str) -> Parser:  # fmt: skip
        def send(raw: bytes) -> None:
            ask(method, path, more | {name: raw.replace(b"\n", b"").replace(b"\r", b"")}, body)

        return Parser(f"{name} of {method} {path}", send, seeds)

    who = {"Authorization": admin, **JSON}
    yield head("If-Match", "/api/v1/organisations/1", TAGS, "PATCH", b'{"name":"a"}', **who)
    yield head("If-None-Match", "/api/v1/coverage", TAGS)
    yield head("Range", FILE, RANGES)
    yield head("If-Range", FILE, TAGS, Range="bytes=0-9")
    yield head("If-Modified-Since", FILE, (b"Wed, 25 Nov 2026 20:00:00 GMT",))
    yield head("Authorization", "/api/v1/devices/me", (server.device.encode(), b"Bearer dsp_x"))
    yield head("Cookie", "/api/v1/account", (b"dosong_session=abc", b"a=b; c"))
    yield head("Accept-Language", "/api/v1/consent", (b"vi,en;q=0.5",))
    yield head("Accept-Encoding", "/", (b"gzip;q=1.0, identity",))
    yield head("Accept", "/", (b"text/html;q=0.9,*/*",))
    yield head(
        "Content-Type", "/api/v1/devices", (b"application/json; charset=utf-8",), "POST", b"{}"
    )
    yield head("X-Forwarded-For", "/api/v1/consent", (b"192.0.2.1, ::1",))
    yield head("X-Request-Id", "/api/v1/consent", (b"abc",))
    yield head("Host", "/do/", (b"example.vn:80",))


def _bodies(server: ServerUnderTest) -> Iterator[Parser]:
    ask = server.ask
    sample = (SEEDS / "own.ndjson").read_bytes().splitlines()[0]
    fresh = {**json.loads(sample), "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    heads = {"Authorization": server.device, **JSON}
    squeezed = {**heads, "Content-Encoding": "gzip"}
    packed = gzip.compress(sample, mtime=0)

    def post(path: str, more: Mapping[str, str]) -> Callable[[bytes], object]:
        return lambda raw: ask("POST", path, more, raw)

    yield Parser("sample", post("/api/v1/measurements", heads), [json.dumps(fresh).encode()])
    yield Parser("packed sample", post("/api/v1/measurements", squeezed), [packed])
    yield Parser(
        "sample, then packed",
        lambda raw: ask("POST", "/api/v1/measurements", squeezed, gzip.compress(raw, 1)),
        [b'{"measurements": [' + sample + b"]}"],
    )
    test = {"test_uuid": "6f1f8a58-8d2b-4a7a-b0f6-3f6e1a1f0a11", "test_token": "x"}
    # With the time of now, so that a result that stays whole is stored.
    result = json.dumps(
        open_rmbt.result(test, time=int(datetime.now(UTC).timestamp() * 1000))
    ).encode()
    base = f"/rmbt/{server.device.removeprefix('Bearer ')}/RMBTControlServer"
    yield Parser("Open-RMBT result", post(f"{base}/result", JSON), [result])
    table = {"Authorization": server.admin, "Content-Type": "text/csv"}
    vnnic = "/api/v1/vnnic/import?month=2024-11&network=mobile"
    yield Parser("table of VNNIC", post(vnnic, table), ["Mã,Số mẫu\n05443,300\n".encode()])
    yield Parser("GeoJSON to a point", post("/api/v1/units/locate", JSON), [GEOJSON])
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    part = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nPK\r\n--b--\r\n'
    )
    yield Parser("form of /seal", post("/seal", form), [part])
    yield Parser(
        "sign-in", post("/api/v1/sessions", JSON), [b'{"name": "a@b.vn", "password": "x"}']
    )


def _addresses(server: ServerUnderTest) -> Iterator[Parser]:
    ask, admin = server.ask, server.admin
    heads = {"Authorization": admin}

    def query(path: str, name: str) -> Callable[[bytes], object]:
        return lambda raw: ask("GET", f"{path}?{name}={quote(raw)[:A_QUERY]}", heads)

    def path(before: str, after: str = "") -> Callable[[bytes], object]:
        return lambda raw: ask("GET", f"{before}{quote(raw)[:A_QUERY]}{after}", heads)

    for one in LISTS:
        yield Parser(f"cursor of {one}", query(f"/api/v1/{one}", "cursor"), CURSOR)
    yield Parser("cursor of own", lambda raw: ask(
        "GET", f"/api/v1/measurements?cursor={quote(raw)[:A_QUERY]}",
        {"Authorization": server.device}), CURSOR)  # fmt: skip
    yield Parser("code on a poster", path("/j/"), (b"ABCD2345",))
    yield Parser("digest of a seal", path("/seal/"), (secrets.token_hex(32).encode(),))
    yield Parser("tiles", path("/tiles/", ".pmtiles"), (b"abc", b"../../secret_key"))
    yield Parser("static file", path("/static/"), (b"style.css", b"../app.py"))
    yield Parser("unit's page", path("/unit/"), (b"19", b"05443"))
    yield Parser("month of the map", query("/", "month"), (b"2024-11",))
    yield Parser("next of the sign-in", query("/sign-in", "next"), (b"/desk", b"//evil.example"))
    for name in ("metric", "month", "network", "level", "lang"):
        yield Parser(
            f"{name} of a picture", query("/network-speed/speeds.svg", name), (b"2024-11",)
        )
    for kind in ("speeds", "months", "week"):
        yield Parser(f"picture of {kind}", path("/unit/", f"/{kind}.png"), (b"19", b"05443"))


FILTERS = (
    b"Level eq 'commune' and (Counted ge 300 or not (Target lt 300))",
    b"contains(Name,'Nguy') and Level eq 'commune'",
    b"Code in ('19','01') and MeasuredAt gt 2026-11-25T07:30:00Z",
)


def _odata(server: ServerUnderTest) -> Iterator[Parser]:
    root, heads = "/api/v1/odata", {"Authorization": server.admin}

    def option(rows: str, name: str) -> Callable[[bytes], object]:
        return lambda raw: server.ask("GET", f"{root}/{rows}?{name}={quote(raw)[:A_QUERY]}", heads)

    for rows in ("Units", "Coverage", "Samples"):
        yield Parser(f"$filter of {rows}", option(rows, "$filter"), FILTERS)
        yield Parser(f"$orderby of {rows}", option(rows, "$orderby"), (b"Code desc,Name asc",))
    yield Parser("$select", option("Units", "$select"), (b"Code,Name", b"*"))
    yield Parser("$skiptoken", option("Units", "$skiptoken"), CURSOR)
    yield Parser("$top", option("Units", "$top"), (b"5",))
    yield Parser("$count with $filter", option("Units/$count", "$filter"), FILTERS)
    yield Parser("entity set", lambda raw: server.ask(
        "GET", f"{root}/{quote(raw)[:A_QUERY]}", heads), (b"Units", b"Units('19')", b"$batch")
    )  # fmt: skip
    for name, seed in (
        ("Prefer", b"odata.maxpagesize=5"),
        ("Accept", b"application/json;odata.metadata=none"),
        ("OData-MaxVersion", b"4.0"),
        ("Authorization", b"Basic Zjpk"),
    ):
        yield Parser(f"{name} of OData", _as_head(server, name, f"{root}/Units?$top=1"), (seed,))


def _as_head(
    server: ServerUnderTest, name: str, path: str, **more: str
) -> Callable[[bytes], object]:
    def send(raw: bytes) -> None:
        server.ask("GET", path, more | {name: raw.replace(b"\n", b"").replace(b"\r", b"")})

    return send


def _own_pages(server: ServerUnderTest, admin: Session) -> Iterator[Parser]:
    """Yield the forms of the page of access codes, with the cookie of a person."""
    heads = {"Cookie": admin.headers["Cookie"]}
    form = heads | {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.url}
    csrf = {"csrf_token": admin.headers["X-CSRF-Token"]}
    new = csrf | {"name": "Excel", "days": "1"}
    for path, values in (("tokens", new), ("tokens/end", csrf | {"number": "1"})):
        yield Parser(
            f"form of /account/{path}",
            lambda raw, path=path: server.ask("POST", f"/account/{path}", form, raw),
            [urlencode(values).encode()],
        )


def _office_sign_in(server: ServerUnderTest) -> Iterator[Parser]:
    """Yield what a provider sends back, with and without the cookie of a sign-in that has begun."""
    line = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=30)
    line.request("GET", "/sign-in/office")
    answer = line.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    sent = parse_qs(urlsplit(answer.getheader("Location") or "").query)
    line.close()
    state, back = sent["state"][0], "/sign-in/office/callback"

    def returned(name: str, **more: str) -> Callable[[bytes], object]:
        query = f"?{urlencode(more)}&{name}="
        return lambda raw: server.ask(
            "GET", f"{back}{query}{quote(raw)[:A_QUERY]}", {"Cookie": cookie}
        )

    yield Parser("code of a provider", returned("code", state=state), (b"abc",))
    yield Parser("state of a provider", returned("state", code="abc"), (state.encode(),))
    yield Parser("error of a provider", returned("error", state=state), (b"access_denied",))
    yield Parser("issuer of a provider", returned("iss", state=state, code="a"), (b"http://a",))
    yield Parser("cookie of a sign-in", _as_head(server, "Cookie", f"{back}?state={state}&code=a"),
                 (cookie.encode(),))  # fmt: skip
    yield Parser("next of an office's sign-in", lambda raw: server.ask(
        "GET", f"/sign-in/office?next={quote(raw)[:A_QUERY]}", {}), (b"/desk",))  # fmt: skip
