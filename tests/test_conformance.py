"""What scripts/conformance says of clients that keep the rules, and of those that break one."""

import json
import random
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from backend.devices.consent import CURRENT
from tests.support.devices import sample
from tests.support.live_server import serving_app
from tests.tools.conformance import __main__ as command
from tests.tools.conformance.faults import (
    BUSY,
    CLEAN,
    ERROR,
    HALF,
    KINDS,
    LARGE,
    LIMITED,
    LOST,
    REFUSED,
    STREAK,
    Faults,
)
from tests.tools.conformance.log import Log
from tests.tools.conformance.own_clients import run_phone, verdicts_on
from tests.tools.conformance.proxy import Proxy
from tests.tools.conformance.rules import BROKEN, KEPT, NOT_SEEN, RULES, Verdict, judge, table

pytestmark = pytest.mark.long

REGISTERS = "registers again with the same id after a lost answer"


class TinyClient:
    """A client without a disk that keeps the rules, but for the one that `breaks` names."""

    def __init__(self, url: str, breaks: str = "", batch: int = 2) -> None:
        self._address, self._breaks, self._batch = urlsplit(url).netloc, breaks, batch
        self._queue: list[dict[str, Any]] = []
        self._token, self._clock = "", timedelta(0)
        self._rng = random.Random(1)
        self._sent_at: dict[str, str] = {}
        self._failures = 0

    def run(self, posts: int) -> None:
        """Register, then measure and post so many times or until the server ends it."""
        device = str(uuid.uuid4())
        while not self._register(device):
            device = str(uuid.uuid4()) if self._breaks == REGISTERS else device
        for _ in range(posts):
            while len(self._queue) < self._batch:
                at = datetime.now(UTC) - timedelta(seconds=1)
                self._queue.append(sample(at))
            if self._post() == 401 and self._breaks != "sends nothing after 401":
                return

    def _register(self, device: str) -> bool:
        now = datetime.now(UTC).isoformat()
        consent = {"accepted": True, "version": CURRENT, "accepted_at": now}
        body = {"id": device, "platform": "android", "model": "x", "app_version": "1"}
        status, answer, _ = self._send("/api/v1/devices", body | {"consent": consent})
        self._token = answer.get("token", "")
        return status is not None

    def _post(self) -> int | None:
        items = self._queue[: self._batch]
        now = (datetime.now(UTC) + self._clock).isoformat()
        if self._breaks == "gives the time of each attempt":
            now = self._sent_at.setdefault(items[0]["id"], now)
        body = {"measurements": items, "sent_at": now}
        status, _, headers = self._send("/api/v1/measurements", body)
        if self._breaks == "keeps its own clock" and "Date" in headers:
            self._clock = parsedate_to_datetime(headers["Date"]) - datetime.now(UTC)
        if status in (200, 201, 422):
            self._failures = 0
            if self._breaks != "does not send a sample with an answer again":
                del self._queue[: len(items)]
        elif status == 413 and self._breaks != "sends smaller batches after 413":
            self._batch = max(1, self._batch // 2)
        elif status != 401:
            self._fail(items, float(headers.get("Retry-After", 0)))
        return status

    def _fail(self, items: list[dict[str, Any]], retry_after: float) -> None:
        self._failures += 1
        if self._breaks == "sends a sample without an answer again":
            del self._queue[: len(items)]
        elif self._breaks == "sends it again under the same id":
            items[0]["id"] = str(uuid.uuid4())
        elif self._breaks == "sends it again unchanged":
            items[0]["download_mbps"] += 1.0
        wait = self._rng.uniform(0.1, 0.2 * 2**self._failures)
        if self._breaks == "waits longer and at random after failures in a row":
            wait = 0.2
        if self._breaks != "waits as long as Retry-After says":
            wait += retry_after
        time.sleep(wait)

    def _send(self, path: str, body: Any) -> tuple[int | None, dict[str, Any], dict[str, str]]:
        line = HTTPConnection(self._address, timeout=30)
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            line.request("POST", path, json.dumps(body), headers)
            answer = line.getresponse()
            content = answer.read()
            kind = answer.getheader("Content-Type", "")
            read = json.loads(content) if "json" in kind else {}
            return answer.status, read, dict(answer.getheaders())
        except (OSError, HTTPException):
            return None, {}, {}
        finally:
            line.close()


@contextmanager
def proxied(app: Flask, faults: Faults) -> Iterator[tuple[str, Log]]:
    """The address of a proxy before the application, and its log."""
    log = Log()
    with serving_app(app) as url, Proxy(url, log, faults) as proxy:
        yield proxy.url, log


def states(verdicts: list[Verdict]) -> dict[str, str]:
    return {one.rule: one.state for one in verdicts}


def test_a_client_that_keeps_the_rules_keeps_all_of_them(app: Flask) -> None:
    faults = Faults(times=1)
    with proxied(app, faults) as (url, log):
        TinyClient(url).run(posts=40)
        verdicts = judge(log.all())
    assert states(verdicts) == dict.fromkeys([REGISTERS, *RULES], KEPT), verdicts
    assert faults.over


# The faults in which a client can break a rule.
WHERE: dict[str, tuple[str, ...]] = {
    "sends a sample without an answer again": (LOST,),
    "sends it again under the same id": (HALF,),
    "sends it again unchanged": (ERROR,),
    "does not send a sample with an answer again": (REFUSED,),
    "waits as long as Retry-After says": (BUSY, LIMITED),
    "waits longer and at random after failures in a row": (),
    "sends smaller batches after 413": (LARGE,),
    "gives the time of each attempt": (LOST,),
    "keeps its own clock": (),
    "sends nothing after 401": (),
    REGISTERS: (),
}


@pytest.mark.parametrize("rule", [REGISTERS, *RULES])
def test_a_client_that_breaks_a_rule_is_caught(app: Flask, rule: str) -> None:
    streak = STREAK if rule.startswith("waits longer") else 0
    with proxied(app, Faults(times=1, kinds=WHERE[rule], streak=streak)) as (url, log):
        TinyClient(url, breaks=rule).run(posts=2 * len(WHERE[rule]) + streak + CLEAN + 2)
        verdicts = judge(log.all())
    assert [one.rule for one in verdicts if one.state == BROKEN] == [rule], verdicts
    assert all(len(text) < 200 for one in verdicts for text in one.broken)


def test_what_was_not_seen_is_not_kept(app: Flask) -> None:
    with proxied(app, Faults(times=1)) as (url, log):
        TinyClient(url, batch=1).run(posts=1)
        found = states(judge(log.all()))
    assert found.pop(REGISTERS) == KEPT
    assert found.pop("does not send a sample with an answer again") in (KEPT, NOT_SEEN)
    assert set(found.values()) == {NOT_SEEN}


def test_the_simulated_phone_keeps_the_rules(app: Flask, tmp_path: Path) -> None:
    with serving_app(app) as url:
        verdicts = verdicts_on(run_phone, url, tmp_path)
    assert states(verdicts) == dict.fromkeys([REGISTERS, *RULES], KEPT), verdicts
    [head, _, *rows] = table({"scripts/phone": verdicts})
    assert head == "| rule | scripts/phone |" and len(rows) == 11
    assert all("| kept (" in row for row in rows)


def test_the_command_prints_a_table_and_says_what_is_missing(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving_app(app) as url:
        options = ["--url", url, "--minutes", "0", "--times", "1"]
        assert command.main(options) == 0
        assert command.main([*options, "--strict"]) == 1
    printed = capsys.readouterr().out
    assert "did not meet every fault" in printed
    assert all(rule in printed for rule in RULES) and len(KINDS) == 7
    assert command.main(["--url", "somewhere"]) == 2
