"""The application on a real socket, for clients that need HTTP."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection

from flask import Flask
from werkzeug.serving import make_server

from backend.clock import utc_now

ENDS_WITHIN_S = 2.0  # for requests of disconnected clients


@contextmanager
def serving_app(
    app: Flask, clock: Callable[[], datetime] = utc_now, port: int = 0
) -> Iterator[str]:
    app.extensions["clock"] = clock
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))  # polling interval
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        _join_requests()
        server.server_close()


def _join_requests() -> None:
    """Wait for requests of disconnected clients: each has buffers until it ends."""
    for one in threading.enumerate():
        if "process_request_thread" in one.name:
            one.join(ENDS_WITHIN_S)


def wait_for_host(url: str) -> None:
    """Wait until the process of a measuring host answers."""
    for _ in range(300):
        try:
            line = HTTPConnection(url.removeprefix("http://"), timeout=1)
            line.request("GET", "/do/down?bytes=0")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise AssertionError(f"{url} does not answer")
