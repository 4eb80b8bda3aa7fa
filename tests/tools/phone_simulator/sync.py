"""Synchronise with the server: register, send, handle each answer."""

import random
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.tools.phone_simulator.backoff import Backoff
from tests.tools.phone_simulator.client import Answer, Client, NoAnswerError
from tests.tools.phone_simulator.speed_test import PROFILE, Host
from tests.tools.phone_simulator.store import REFUSED, STORED, Identity, Store, Ticket

MAX_BATCH = 50  # at most 500; little is lost when a small one is cut
STORED_OUTCOMES = ("accepted", "duplicate")
REFUSED_OUTCOMES = ("conflict", "rejected")


class StoppedError(Exception):
    """The token is unknown: the device was withdrawn and must not send any more."""


class Sync:
    """Sender of one phone; `wait` sleeps, and raises when the phone must stop."""

    def __init__(
        self,
        client: Client,
        store: Store,
        rng: random.Random,
        wait: Callable[[float], None],
        backoff: Backoff | None = None,
    ) -> None:
        self._client, self._store, self._rng, self._wait = client, store, rng, wait
        self._backoff = backoff or Backoff(rng)
        self.attempts = self.retries = 0
        self._batch = MAX_BATCH

    def register(self) -> str:
        """Register and return a token that works."""
        phone = self._store.identity() or Identity(str(uuid.uuid4()))
        while not phone.proven or phone.token is None:
            phone = self._prove(phone if phone.token else self._obtain(phone))
        return phone.token

    def join(self, token: str, code: str) -> None:
        """Join a team; a repeated request has no further effect."""
        answer = self._insist(partial(self._client.post, "memberships", {"code": code}, token))
        if answer.status not in (200, 201):
            raise RuntimeError(f"joining answered {answer.status}: {answer.body}")

    def _obtain(self, phone: Identity) -> Identity:
        """Request a token; a repeated id is the same device."""
        self._store.remember(phone)
        answer = self._insist(partial(self._request_registration, phone.id))
        if answer.status == 409:
            return Identity(str(uuid.uuid4()))  # too late for this id, under which nothing was sent
        if answer.status not in (200, 201):
            raise RuntimeError(f"registration answered {answer.status}: {answer.body}")
        body = answer.body
        identity = Identity(phone.id, body["token"], body.get("withdrawal_code"))
        self._store.remember(identity)
        return identity

    def _prove(self, phone: Identity) -> Identity:
        """Use a token for the first time, which makes it final.

        A registration whose answer was lost may be processed after the next attempt; then the later
        token is valid. Until a token has worked, 401 means: register again.
        """
        if phone.token is None:
            return phone
        try:
            self.ask(partial(self._client.get, "devices/me", phone.token))
        except StoppedError:
            return phone._replace(token=None)
        proven = phone._replace(proven=True)
        self._store.remember(proven)
        return proven

    def _request_registration(self, id: str) -> Answer:
        text = self._client.get("consent")  # shown to the person, who agrees to this version
        if text.status != 200:
            return text
        now = datetime.now(UTC).isoformat()
        consent = {"accepted": True, "version": text.body["version"], "accepted_at": now}
        phone = {"platform": "android", "model": "simulated", "app_version": "1.0.0"}
        return self._client.post("devices", {"id": id, "consent": consent} | phone)

    def send_once(self, token: str) -> bool:
        """Try to send queued measurements; return whether there was an answer."""
        if not self._fetch_witnesses():
            return False
        queued = self._store.queued(self._rng.choice((1, self._batch)))
        if not queued:
            return True
        single = len(queued) == 1
        body = queued[0] if single else {"measurements": queued}
        path = "measurements"
        if self._store.ticket() is None and any("test" in one for one in queued):
            path += f"?next_test={PROFILE}"
        answer = self._attempt(lambda: self._client.post(path, body, token))
        if answer is None:
            return False
        if single:
            self._settle_single(queued[0]["id"], answer)
        elif answer.status == 200:
            for result in answer.body["results"]:
                self._settle(result["id"], result["outcome"], result)
        elif answer.status == 413:
            self._batch = max(1, len(queued) // 2)
        else:
            raise RuntimeError(f"a batch was answered {answer.status}: {answer.body}")
        issued = answer.body.get("next_test")
        if issued and issued["host"]["signs"]:
            self._store.keep_ticket(Ticket(issued["id"], issued["ticket"], issued["host"]["url"]))
        return True

    def _fetch_witnesses(self) -> bool:
        """End tests at their hosts; return whether there were answers.

        A measurement reports at most the rates that the host saw.
        """
        for body, url, test in self._store.running():
            host = Host(url, self._rng, self._client.chaos)
            answer = self._attempt(partial(host.end, test))
            if answer is None:
                return False
            if answer.status == 200:
                body["test"]["witness"] = answer.body["witness"]
                for name in ("download_mbps", "upload_mbps"):
                    seen = answer.body[name]
                    if seen is not None and body[name] is not None:
                        body[name] = min(body[name], seen)
            finished = body["status"] == "finished"
            self._store.finish(body, finished and bool(answer.body.get("complete")))
        return True

    def ask(self, call: Callable[[], Answer]) -> dict[str, Any]:
        """Repeat a request until there is an answer."""
        answer = self._insist(call)
        if answer.status != 200:
            raise RuntimeError(f"answered {answer.status}: {answer.body}")
        return answer.body

    def _insist(self, call: Callable[[], Answer]) -> Answer:
        while (answer := self._attempt(call)) is None:
            pass
        return answer

    def _attempt(self, call: Callable[[], Answer]) -> Answer | None:
        """Make one attempt; return None, after a pause, if another one is needed."""
        self.attempts += 1
        retry_after = None
        try:
            answer = call()
        except NoAnswerError:
            pass  # it may be stored: repeating the id is safe
        else:
            if answer.status == 401:
                raise StoppedError(str(answer.body))
            if answer.status not in (408, 425, 429) and answer.status < 500:
                self._backoff.reset()
                return answer
            retry_after = answer.retry_after
        self.retries += 1
        self._wait(self._backoff.delay(retry_after))
        return None

    def _settle_single(self, id: str, answer: Answer) -> None:
        if answer.status in (200, 201):
            self._settle(id, answer.body["outcome"], answer.body)
        elif answer.status in (409, 422):
            self._store.settle(id, REFUSED, f"{answer.status} {answer.body}")
        else:
            raise RuntimeError(f"a measurement was answered {answer.status}: {answer.body}")

    def _settle(self, id: str, outcome: str, answer: dict[str, Any]) -> None:
        if outcome in STORED_OUTCOMES:
            self._store.settle(id, STORED, outcome)
        elif outcome in REFUSED_OUTCOMES:
            self._store.settle(id, REFUSED, f"{outcome} {answer}")
        else:
            raise RuntimeError(f"unknown outcome {outcome!r}")
