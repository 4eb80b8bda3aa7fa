"""One request over HTTP: only to checked addresses, and no longer than allowed."""

import socket
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from backend.http import pinned_client
from backend.http.pinned_client import get, send
from tests.support.webhooks import Receiver, receiving

HERE = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running_receiver:
        yield running_receiver


def test_a_name_that_resolves_to_an_address_inside_is_refused(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = receiver.url.replace("127.0.0.1", "hook.example")
    monkeypatch.setattr(pinned_client, "resolve", lambda target: [ip_address("127.0.0.1")])
    assert send(url, b"{}", {}, HERE).status == 204
    assert send(url, b"{}", {}, ()).problem == "address_forbidden"
    mixed = [ip_address("1.1.1.1"), ip_address("127.0.0.1")]
    monkeypatch.setattr(pinned_client, "resolve", lambda target: mixed)
    assert send(url.replace("http:", "https:"), b"{}", {}, ()).problem == "address_forbidden"
    assert len(receiver.received) == 1


def test_the_connection_goes_to_the_address_that_was_checked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second resolution, which a server of names may answer otherwise, does not happen."""
    url = receiver.url.replace("127.0.0.1", "hook.example")
    asked = []

    def lookup(host: str, *more: Any, **options: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", more[0]))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    assert send(url, b"{}", {}, HERE).status == 204
    assert asked.count("hook.example") == 1
    assert receiver.received[0][0]["host"].startswith("hook.example:")


def test_an_answer_of_single_bytes_and_a_silent_name_server_take_no_longer_than_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not stop.wait(0.1):
                    try:
                        connection.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        began = time.monotonic()
        assert send(url, b"{}", {}, HERE, timeout_s=0.5).problem == "timeout"
        assert time.monotonic() - began < 5
        stop.set()
        thread.join()
    monkeypatch.setattr(pinned_client, "resolve", lambda target: time.sleep(1))
    assert send(url, b"{}", {}, HERE, timeout_s=0.2).problem == "timeout"
    time.sleep(1)  # its thread ends


def test_few_addresses_of_a_name_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [ip_address(f"127.0.0.{number}") for number in range(1, 200)]
    tried = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(pinned_client, "resolve", lambda target: many)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert send("http://hook.example/", b"{}", {}, HERE).problem == "refused"
    assert tried == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_what_goes_wrong_before_an_answer_has_a_code() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert send(f"http://127.0.0.1:{port}/", b"{}", {}, HERE).problem == "refused"
    assert send("https://name.invalid/", b"{}", {}, ()).problem == "name_unknown"


def test_a_certificate_is_checked(receiver: Receiver) -> None:
    url = receiver.url.replace("http:", "https:")
    assert send(url, b"{}", {}, HERE).problem in ("tls", "broken")


def test_a_get_reads_no_more_than_allowed_and_follows_no_redirect(receiver: Receiver) -> None:
    receiver.content = b"x" * 100
    assert get(receiver.url, HERE, 100, 5).content == b"x" * 100
    assert get(receiver.url, HERE, 99, 5).problem == "too_large"
    receiver.refuse(302)
    assert get(receiver.url, HERE, 100, 5).problem == "http_302"
    assert get(receiver.url, (), 100, 5).problem == "address_forbidden"
