"""gunicorn's worker of threads, which notes how long each request has waited for one."""

import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from backend.queueing import waited_s


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn brings no types
    """A connection waits from the moment it can be read until a thread takes it."""

    def enqueue_req(self, conn: Any) -> None:
        conn.enqueued = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        waited_s.set(time.monotonic() - conn.enqueued)
        return super().handle(conn)
