"""Clients that post samples to a real server one after another, without retries."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from tests.support.factories import sample

CONSENT = {"accepted": True, "version": "4", "accepted_at": "2024-11-01T08:00:00+07:00"}
JSON = {"Content-Type": "application/json"}
PHONES = 4


@contextmanager
def posting_phones(port: int) -> Iterator[Counter[int | str]]:
    """Post from several threads during the block, half of them with persistent connections."""
    answered: Counter[int | str] = Counter()
    over = threading.Event()

    def phone(keeps: bool) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        token = post_json(line, "/api/v1/devices", {"consent": CONSENT})[1]["token"]
        while not over.wait(0.01):
            try:
                answered[post_json(line, "/api/v1/measurements", measured(), token)[0]] += 1
            except (OSError, http.client.HTTPException) as error:
                answered[type(error).__name__] += 1
                line.close()
            if not keeps:
                line.close()
        line.close()

    phones = [threading.Thread(target=phone, args=(n % 2 == 0,)) for n in range(PHONES)]
    for one in phones:
        one.start()
    try:
        yield answered
    finally:
        over.set()
        for one in phones:
            one.join()


def measured() -> dict[str, Any]:
    """Return the body of a sample measured now: the server has the present time."""
    return sample(datetime.now(UTC).isoformat())


def post_json(
    line: http.client.HTTPConnection, path: str, body: object, token: str = ""
) -> tuple[int, dict[str, str]]:
    """Post a body; return status and answer."""
    headers = JSON | ({"Authorization": f"Bearer {token}"} if token else {})
    line.request("POST", path, json.dumps(body), headers)
    answer = line.getresponse()
    return answer.status, json.loads(answer.read())
