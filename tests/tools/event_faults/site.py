"""A server with a webhook, its receiver, a reader of the feed, and phones whose verdicts change."""

import contextlib
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, NullPool, create_engine, text

from backend.accounts.sessions import TOKEN_PREFIX, secret_hash
from backend.clock import VIETNAM
from backend.server.postgres.embedded import EmbeddedPostgres
from tests.tools.event_faults.reader import Reader
from tests.tools.event_faults.receiver import set_mode
from tests.tools.event_faults.store import EventStore
from tests.tools.phone_simulator.client import Answer, Client, NoAnswerError
from tests.tools.phone_simulator.own_server import ROOT, OwnServer

READY_S = 60.0
RETRY_S = 0.3
ADMIN = text("""
    with person as (
        insert into users (name, totp_secret) values ('faults@example.vn', :second) returning id
    ), role as (
        insert into roles (user_id, role, scope_kind, valid_from)
        select id, 'admin', 'system', '2024-01-01' from person
    )
    insert into personal_tokens (user_id, name, token_hash, scopes, created_at)
    select id, 'faults', :hash, '{read,write}', now() from person
""")
EARLIER = text("""
    update devices set registered_at = registered_at - interval '90 days'
    where registered_at > now() - interval '1 day'
""")
PLACE = (21.5942, 105.8482)


class Phone:
    """A phone whose first sample of a pair is answered, and changed by the late second one."""

    def __init__(self, url: str, rng: random.Random, site: "EventSite") -> None:
        self.client, self.rng, self.pairs = Client(url, rng), rng, 0
        consent = {"accepted": True, "version": "2", "accepted_at": datetime.now(UTC).isoformat()}
        answer = self.client.post("devices", {"consent": consent})
        assert answer.status == 201, answer
        self.token = answer.body["token"]
        with site.database().begin() as connection:
            connection.execute(EARLIER)

    def change_verdict(self) -> str:
        """Post a pair until both are acknowledged; return the id of the sample that changed."""
        at = self._next_time()
        first, late = self._sample(at), self._sample(at - timedelta(hours=1))
        self._post(first)
        self._post(late)
        return str(first["id"])

    def _next_time(self) -> datetime:
        day, half = divmod(self.pairs, 2)
        self.pairs += 1
        today = datetime.now(VIETNAM).replace(hour=0, minute=30, second=0, microsecond=0)
        return today - timedelta(days=2 + day) + timedelta(hours=2 + 12 * half)

    def _sample(self, at: datetime) -> dict[str, Any]:
        return {
            "id": str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            "measured_at": at.isoformat(),
            "status": "finished",
            "download_mbps": round(self.rng.uniform(5, 90), 2),
            "upload_mbps": round(self.rng.uniform(2, 30), 2),
            "ping_ms": round(self.rng.uniform(10, 60), 1),
            "network": {"kind": "mobile", "technology": "4G", "mcc": "452", "mnc": "04"},
            "location": {"latitude": PLACE[0], "longitude": PLACE[1], "accuracy_m": 12.0},
        }

    def _post(self, sample: dict[str, Any]) -> None:
        while True:
            answer = self._try(sample)
            if answer is not None and answer.status in (200, 201):
                return
            if answer is not None and answer.status < 500 and answer.status != 429:
                raise RuntimeError(f"a sample was refused: {answer}")
            time.sleep(RETRY_S)

    def _try(self, sample: dict[str, Any]) -> Answer | None:
        with contextlib.suppress(NoAnswerError):
            return self.client.post("measurements", sample, self.token)
        return None


class EventSite:
    """The system under test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = OwnServer(
            WEB_CONCURRENCY="2", REGISTRATIONS_PER_HOUR="100000", WEBHOOK_NETWORKS="127.0.0.0/8"
        )
        self.token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.receiver_port: int = probe.getsockname()[1]
        self.receiver: subprocess.Popen[bytes] | None = None
        self.secret, self.webhook = "", 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._stack.enter_context(self.server)
            self._prepare()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def _end(self) -> None:
        self.kill_receiver()
        self._stack.close()

    def _prepare(self) -> None:
        self.server.count_claims()
        with self.database().begin() as connection:
            values = {"second": "x", "hash": secret_hash(self.token)}
            connection.execute(ADMIN, values)
        url = f"http://127.0.0.1:{self.receiver_port}/events"
        answer = self.post("webhooks", {"url": url})
        assert answer.status == 201, answer
        self.secret, self.webhook = answer.body["secret"], answer.body["id"]
        self.start_receiver()
        # The process of events begins with the server, and stays now that there is a webhook.
        self.server.kill()
        self.server.start()

    def phone(self, rng: random.Random) -> Phone:
        """Register a phone, long ago."""
        return Phone(self.server.url, rng, self)

    def reader(self, name: str) -> Reader:
        """Start a reader of the feed."""
        reader = Reader(self.server.port, self.token, self.folder / f"{name}.sqlite")
        reader.start()
        return reader

    def received(self) -> EventStore:
        """Open the store of the receiver."""
        return EventStore(self.folder / "received.sqlite")

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Act as the admin."""
        return Client(self.server.url, random.Random(1)).post(path, body, self.token)

    def show(self) -> dict[str, Any]:
        """Return the webhook as its admin sees it; empty while the server does not answer."""
        with contextlib.suppress(NoAnswerError):
            client = Client(self.server.url, random.Random(1))
            answer = client.get(f"webhooks/{self.webhook}", self.token)
            return answer.body if answer.status == 200 else {}
        return {}

    def start_receiver(self) -> None:
        """Start the receiver on its port, and wait until it listens."""
        set_mode(self.folder, "ok")
        module = "tests.tools.event_faults.receiver"
        place = (str(self.folder), str(self.receiver_port), self.secret)
        self.receiver = subprocess.Popen([sys.executable, "-m", module, *place], cwd=ROOT)
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.receiver_port), 1).close()
                return
            time.sleep(0.1)
        raise RuntimeError("the receiver does not listen")

    def kill_receiver(self) -> None:
        """Kill the receiver, whatever it is doing."""
        if self.receiver is not None:
            self.receiver.kill()
            self.receiver.wait()

    def delivery_pids(self) -> list[int]:
        """Return the processes of `flask events run` of this server."""
        mine = f"VAR_DIR={self.server.var}".encode()
        found = []
        for process in Path("/proc").iterdir():
            if process.name.isdecimal():
                with contextlib.suppress(OSError):
                    words = (process / "cmdline").read_bytes().split(b"\0")
                    if b"events" in words and mine in (process / "environ").read_bytes():
                        found.append(int(process.name))
        return found

    def kill_delivery(self) -> int:
        """Kill the process of events; return how many there were."""
        pids = self.delivery_pids()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return len(pids)

    def deliver_too(self, seconds: int) -> "subprocess.Popen[bytes]":
        """Start a second process of events."""
        return subprocess.Popen(
            [ROOT / "scripts" / "flask", "events", "run", "--for", str(seconds)],
            cwd=ROOT, env=self.server.environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def workers(self) -> list[int]:
        """Return the worker processes of gunicorn."""
        web = self.server.web_pid()
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{web}/task/{web}/children").read_text()
            return [int(pid) for pid in children.split()]
        return []

    def database(self) -> Engine:
        """Return an engine for the database, without a pool."""
        url = EmbeddedPostgres(self.server.var).app_url
        return create_engine(url, poolclass=NullPool)
