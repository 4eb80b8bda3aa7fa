"""A phone with its queue: it registers, stores samples, and sends each until it was answered."""

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal

import httpx

from ..client import AuthenticatedClient
from ..models import Measurement
from . import measuring
from .sending import Answer, Pause, Sent, is_stored, pause_after, send_in_batches
from .store import WAITING, Store

TIMEOUT_S = 30.0
IDLE_S = 1.0  # between looks for new samples
PATH = "/api/v1"

Kind = Literal["mobile", "wifi", "ethernet"]
# Receives a sample and the server's answer about it.
ResultListener = Callable[[dict[str, Any], dict[str, Any]], None]


class RefusedError(Exception):
    """An answer that repeating the request does not change: a mistake of the app."""

    def __init__(self, status: int | None, problem: Any) -> None:
        super().__init__(f"{status} {problem}")
        self.status, self.problem = status, problem


class StoppedError(Exception):
    """The app stopped the phone before the server answered."""


class Phone:
    """A phone at a server; its data are in a store."""

    def __init__(
        self,
        url: str,
        store: Store,
        *,
        on_result: ResultListener | None = None,
        stop: threading.Event | None = None,
        language: Literal["vi", "en"] = "vi",
    ) -> None:
        """Open a phone. `stop` ends `register`, `run` and `withdraw`, which otherwise try on.

        `language`: of the consent and of reasons.
        """
        self._store, self._url = store, url.rstrip("/")
        self._on_result, self._stop = on_result, stop or threading.Event()
        self._sending = threading.Lock()
        self._hosts: dict[str, Any] = {}  # the measuring host that was chosen for each network
        headers = {"Accept-Language": language}
        self._http = httpx.Client(base_url=self._url, timeout=TIMEOUT_S, headers=headers)

    def client(self) -> AuthenticatedClient:
        """Return the generated client, with the phone's token, for all other requests."""
        return AuthenticatedClient(base_url=self._url, token=self._device().get("token", ""))

    def close(self) -> None:
        """Close connections and store."""
        self._http.close()
        self._store.close()

    def register(self, agree: Callable[[str], bool], **about: str) -> bool:
        """Register once the person has agreed to the text; return False without consent.

        `about`: platform, model, app_version, join_code. A registered phone needs no answer. Raises
        RefusedError.
        """
        device = self._device()
        while not device.get("proven"):
            if device.get("token"):
                device = self._prove(device)
            else:
                consent = device.get("consent") or self._agreement(agree)
                if consent is None:
                    return False
                # Stored before the first attempt: after a lost answer it is the same phone.
                device = {"id": device.get("id") or str(uuid.uuid4()), "consent": consent}
                self._store.write("device", device)
                device = self._obtain(device, about)
            self._store.write("device", device)
        return True

    @property
    def withdrawal_code(self) -> str | None:
        """The code with which the person can withdraw without this phone: show it."""
        return self._device().get("withdrawal_code")

    def add(self, sample: Measurement | dict[str, Any]) -> str:
        """Store a sample, before any attempt to send it; return its id. ValueError for NaN."""
        body = dict(sample if isinstance(sample, dict) else sample.to_dict())
        body["id"] = str(body.get("id") or uuid.uuid4())
        self._store.add(body["id"], body)
        return str(body["id"])

    def measure(
        self,
        latitude: float,
        longitude: float,
        accuracy_m: float,
        *,
        kind: Kind = "mobile",
        operator: str | None = None,
        profile: Literal["small", "full"] = "full",
    ) -> dict[str, Any]:
        """Measure with a ticket and store the sample, of a failed test too; return it.

        Raises measuring.Refused without a ticket.
        """
        place = {"latitude": latitude, "longitude": longitude, "accuracy_m": accuracy_m}
        options = SimpleNamespace(**place, kind=kind, operator=operator, profile=profile)
        state = self._device() | {"hosts": self._hosts}
        sample: dict[str, Any] = measuring.measure(self._url, state, options)
        self.add(sample)
        return sample

    def send(self, *, afresh: bool = False) -> Sent:
        """Send what waits, unless a pause after a failure lasts; return what became of it.

        `afresh`: the network is back, or the person wants it. After `ended` all data of the phone
        are deleted. Raises RefusedError if the post as a whole is wrong: the samples stay, and the
        app must change.
        """
        with self._sending:
            stored = self._store.read("pause")
            pause = Pause(**stored) if stored else None
            if pause and (left := pause.left(time.time(), afresh)):
                return Sent("later", left)
            sent = self._send_all()
            if sent.outcome != "later":
                if sent.outcome != "ended":
                    self._store.write("pause", None)
                return sent
            pause = pause_after(pause, sent.wait, time.time(), afresh=afresh)
            self._store.write("pause", asdict(pause))
            return Sent("later", pause.until - time.time())

    def run(self) -> None:
        """Send until the phone is withdrawn, or stopped."""
        while not self._stop.is_set():
            sent = self.send()
            if sent.outcome == "ended":
                return
            self._stop.wait(sent.wait if sent.outcome == "later" else IDLE_S)

    def waiting(self) -> list[dict[str, Any]]:
        """Return samples that wait, oldest first."""
        return self._store.samples(WAITING)

    def refused(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Return samples that the server refused, with its answers, for a developer."""
        return self._store.refused()

    def discard(self, id: str) -> None:
        """Delete a sample."""
        self._store.remove(id)

    def withdraw(self) -> None:
        """Withdraw the consent: the server deletes, then the phone. Raises RefusedError."""
        answer = self._insist(lambda: self._ask("DELETE", "devices/me"))
        # 401: an earlier attempt succeeded, whose answer was lost.
        if not answer.ok and answer.status != 401:
            raise RefusedError(answer.status, answer.content)
        self._store.clear()

    def _device(self) -> dict[str, Any]:
        return self._store.read("device") or {}

    def _agreement(self, agree: Callable[[str], bool]) -> dict[str, Any] | None:
        text = self._insist(lambda: self._ask("GET", "consent"))
        if not text.ok:
            raise RefusedError(text.status, text.content)
        if not agree(text.content["text"]):
            return None
        return {"accepted": True, "version": text.content["version"], "accepted_at": _now()}

    def _obtain(self, device: dict[str, Any], about: dict[str, str]) -> dict[str, Any]:
        """Return the device with a token, or a new one whose turn is next."""
        answer = self._insist(
            lambda: self._ask("POST", "devices", {"platform": "python", **about, **device})
        )
        if answer.status == 409:  # too late for this id, under which nothing was sent
            return device | {"id": str(uuid.uuid4())}
        if not answer.ok:
            self._store.write("device", {})
            raise RefusedError(answer.status, answer.content)
        secrets = {name: answer.content[name] for name in ("token", "withdrawal_code")}
        return device | secrets

    def _prove(self, device: dict[str, Any]) -> dict[str, Any]:
        """Use a token for the first time, which makes it final.

        A lost attempt may be processed after the next one, and only the last token is valid: until
        one has worked, 401 means to register again with the same id.
        """
        if self._insist(lambda: self._ask("GET", "devices/me")).ok:
            return device | {"proven": True}
        return {name: device[name] for name in ("id", "consent")}

    def _send_all(self) -> Sent:
        waiting = self._store.samples(WAITING) if self._device().get("proven") else []
        sent = send_in_batches(waiting, self._post, self._settle)
        if sent.outcome == "ended":
            self._store.clear()
        return sent

    def _post(self, part: Any) -> Answer:
        answer = self._ask("POST", "measurements", {"measurements": list(part), "sent_at": _now()})
        if not answer.ok and not answer.unknown and answer.status != 401:
            raise RefusedError(answer.status, answer.content)
        return answer

    def _settle(self, sample: dict[str, Any], result: dict[str, Any]) -> None:
        if is_stored(result):
            self._store.remove(sample["id"])
        else:
            self._store.refuse(sample["id"], result)
        if self._on_result:
            self._on_result(sample, result)

    def _insist(self, request: Callable[[], Answer]) -> Answer:
        """Repeat a request until there is an answer that says more than "later"."""
        pause = None
        while (answer := request()).unknown:
            pause = pause_after(pause, answer.wait, time.time())
            if self._stop.wait(max(0.0, pause.until - time.time())):
                raise StoppedError
        return answer

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request once.

        An answer of something else than the server, such as the sign-in page of a hotspot, is none.
        """
        token = self._device().get("token")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = self._http.request(method, f"{PATH}/{path}", json=body, headers=headers)
        except httpx.HTTPError:
            return Answer(None)
        found = Answer(answer.status_code, _seconds(answer.headers.get("Retry-After")))
        try:
            content = answer.json() if answer.content else None
        except ValueError:
            return found if found.unknown else Answer(None)
        return Answer(found.status, found.wait, content)


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0  # the other form, a date, depends on the clock


def _now() -> str:
    return datetime.now(UTC).isoformat()
