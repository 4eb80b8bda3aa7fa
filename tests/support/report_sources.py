"""A server of another office: its sealed reports, and the lies that it may tell."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.reports.content.figures import NETWORKS, canonical_json, digest
from tests.support.reports import nothing

NOVEMBER = "2024-11"
APPROVED = datetime(2024, 12, 3, 2, 0, tzinfo=UTC)
TARGET = 300

Json = dict[str, Any]


def report_of(
    code: str = "19", month: str = NOVEMBER, counted: tuple[int, ...] = (350, 299), **changes: Any
) -> Json:
    """Return a report of a province whose communes have so many counted mobile samples."""
    report: Json = json.loads(canonical_json(nothing(month)))
    report |= {"counts_from": "witnessed", "boundaries": {"set": "built-in", "quality": "good"}}
    report["unit"] |= {"code": code}
    for network, counts in zip(NETWORKS, (counted, (0,) * len(counted)), strict=True):
        report["sections"]["samples"][network]["counted"] = sum(counts)
        report["sections"]["communes"][network] = [
            {"code": f"{n:05}", "name": f"Xã {n}", "counted": one, "target": TARGET}
            for n, one in enumerate(counts, 1)
        ]
        reached = {"level": "commune", "units": len(counts), "threshold": TARGET}
        report["sections"]["reached"][network] = [reached]
    return report | changes


def seal_of(
    content: bytes, key: Ed25519PrivateKey, system: str = "2024", **changes: Any
) -> dict[str, str]:
    """Return the seal of a report as the API shows it; `changes` are of its statement."""
    report = json.loads(content)
    unit = {"system": system, "level": "province", "code": report["unit"]["code"], "name": "Tỉnh"}
    statement = {
        "unit": unit, "month": report["month"], "edition": report["edition"],
        "demo": report["demo"], "approved_at": APPROVED.isoformat(),
        "approved_by": {"name": "Trần Thị Bình", "title": "GIÁM ĐỐC"}, "digest": digest(content),
        "files": {"report.json": digest(content)}, "key": 1, **changes,
    }  # fmt: skip
    signed = canonical_json(statement)
    return {"statement": signed.decode(), "signature": key.sign(signed).hex()}


@dataclass
class Office:
    """The reports of a server by id, and how it answers a path in place of them."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    url: str = ""
    reports: list[tuple[bytes, dict[str, str]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    # Status and body in place of the right ones.
    answer: Callable[[str], tuple[int, bytes] | None] = lambda path: None
    drips: bool = False  # a byte a second

    @property
    def public_key(self) -> str:
        return self.key.public_key().public_bytes_raw().hex()

    def approve(self, report: Json | None = None, **changes: Any) -> bytes:
        """Seal a report and show it; return its bytes."""
        content = canonical_json(report or report_of())
        self.reports.append((content, seal_of(content, self.key, **changes)))
        return content

    def show(self, path: str) -> tuple[int, bytes]:
        """Return the answer to a path, as the API gives it."""
        if (other := self.answer(path)) is not None:
            return other
        if path.endswith("/files/report.json"):
            return 200, self.reports[int(path.split("/")[4])][0]
        asked = parse_qs(urlsplit(path).query)
        return 200, json.dumps({"items": list(self._listed(asked)), "next": None}).encode()

    def _listed(self, asked: dict[str, list[str]]) -> Iterator[Json]:
        for number, (_, seal) in enumerate(self.reports):
            stated = json.loads(seal["statement"])
            if [stated["month"]] == asked["month"]:
                listed = {name: stated[name] for name in ("unit", "month", "edition", "digest")}
                yield {"id": number, "seal": seal, **listed}


@contextmanager
def serving(office: Office) -> Iterator[Office]:
    """Serve an office on this machine."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            office.asked.append(self.path)
            status, content = office.show(self.path)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{office.url}/elsewhere")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for at in range(len(content)) if office.drips else ():
                self.wfile.write(content[at : at + 1])
                if stop.wait(1):
                    return
            if not office.drips:
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def handle(self) -> None:
            with suppress(OSError):  # the client has gone
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    office.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield office
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()
