"""The measuring host of a phone: the nearest by small requests, kept for some hours."""

import math
import time
from collections.abc import Callable
from typing import NamedTuple

from tests.tools.phone_simulator.client import Client, NoAnswerError


class HostAddress(NamedTuple):
    """The id and the address of a measuring host; None: the installation chooses it."""

    id: str | None
    url: str | None


ANY = HostAddress(None, None)


class HostChoice:
    """The choice among the measuring hosts of an installation; `ping` times an answer of one."""

    def __init__(self, client: Client, ping: Callable[[str], float]) -> None:
        self._client, self._ping = client, ping
        self._hosts, self._until = [ANY], 0.0

    def hosts(self) -> list[HostAddress]:
        """Return the hosts for a test, best first."""
        if time.monotonic() >= self._until:
            self._choose()
        return self._hosts

    def choose_again(self) -> None:
        """Choose anew before the next test, because a host failed."""
        self._until = 0.0

    def _choose(self) -> None:
        try:
            answer = self._client.get("hosts")
        except NoAnswerError:
            return
        items = sorted(answer.body.get("items", []), key=lambda host: str(host["class"]))
        if len(items) < 2:
            self._hosts, self._until = [ANY], math.inf
            return
        ranked = []
        for host in items[: answer.body["max_pings"]]:
            wait = self._ping(host["url"])
            if wait < math.inf:
                ranked.append((host["class"], wait, HostAddress(host["id"], host["url"])))
        self._hosts = [host for _, _, host in sorted(ranked)] or [ANY]
        self._until = time.monotonic() + 3600 * answer.body["keep_hours"]
