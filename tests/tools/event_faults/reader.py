"""A reader of the feed that follows docs/events.md, in a thread."""

import json
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.tools.event_faults.store import EventStore

EVERY_S = 0.3
LIMIT = 50


class Reader(threading.Thread):
    """Asks for what comes after its place, and stores events and place together."""

    def __init__(self, port: int, token: str, path: Path) -> None:
        super().__init__(name="reader", daemon=True)
        self._port, self._headers = port, {"Authorization": f"Bearer {token}"}
        self._path = path
        self._ended = threading.Event()
        self._lock = threading.Lock()  # held while the store is used, so that it can be replaced
        self.deleted = 0  # answers of 410, after which it continued as documented

    def run(self) -> None:
        while not self._ended.wait(EVERY_S):
            while self.read_once():
                pass

    def stop(self) -> None:
        self._ended.set()
        self.join()

    def read_once(self) -> bool:
        """Read a page; return whether there is more."""
        with self._lock:
            store = EventStore(self._path)
            try:
                status, body = self._get(store.after())
                if status == 410:
                    self.deleted += 1
                    store.apply([], after=body["first"])
                    return True
                if status != 200:
                    return False
                store.apply(body["items"], after=body["next"])
                return bool(body["more"])
            finally:
                store.close()

    def go_back(self, after: int) -> None:
        """Forget a part of the way, as where the place is restored from an older copy."""
        with self._lock:
            store = EventStore(self._path)
            store.apply([], after=after)
            store.close()

    def _get(self, after: int) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=15)
        try:
            path = f"/api/v1/events?after={after}&limit={LIMIT}"
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, HTTPException, ValueError):
            return 0, None
        finally:
            connection.close()
