"""gunicorn's worker of threads: silent connections take none, and who waits too long is noted."""

import selectors
import time
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from backend.queueing import Line, waited_too_long


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn brings no types
    """A request waits from the moment it can be read until a thread takes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.line = Line()

    def enqueue_req(self, conn: Any) -> None:
        """Hand over to a thread; a new connection only when it says something.

        gunicorn lets a thread wait for 5 s for a new connection's first byte: as many silent ones
        as there are threads, and everybody waits.
        """
        if not conn.initialized and not conn.data_ready:
            conn.sock.setblocking(False)
            conn.set_timeout()
            self.pending_conns.append(conn)
            speaks = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, speaks)
            return
        conn.enqueued = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request, in a thread."""
        waited_too_long.set(self.line.too_long(conn.enqueued, time.monotonic()))
        return super().handle(conn)
