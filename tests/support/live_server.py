"""The application behind a real socket, for whoever speaks HTTP only."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from flask import Flask
from werkzeug.serving import make_server

from backend.clock import utc_now

ENDS_WITHIN_S = 2.0  # of a client that was cut off


@contextmanager
def serving_app(app: Flask, clock: Callable[[], datetime] = utc_now) -> Iterator[str]:
    app.extensions["clock"] = clock
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # ends that soon
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        _let_end()
        server.server_close()


def _let_end() -> None:
    """Wait for requests whose client has left: each still holds what it was sending."""
    for one in threading.enumerate():
        if "process_request_thread" in one.name:
            one.join(ENDS_WITHIN_S)
