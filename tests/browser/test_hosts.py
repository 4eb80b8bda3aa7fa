"""The choice among measuring hosts: which one a phone measures at, and when it asks again."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from playwright.sync_api import Page, expect

from backend.clock import utc_now
from backend.witness import hosts
from tests.support.browser import Guard, check_page, press, wait_for
from tests.support.measuring_page import HERE, agree, open_fold
from tests.support.nginx import free_port
from tests.support.traffic_shaper import Shape, shaped_server

OWN = "máy chủ này"
MOBILE = {"kind": "mobile", "operator": "Viettel"}
WIFI = {"kind": "wifi"}
HOUR_MS = 3_600_000
# Call a function of a module of the page.
CALL = """async ([module, name, ...values]) => {
  const app = document.querySelector("script[src$='/do/app.js']").src;
  return (await import(app.replace("app.js", `${module}.js`)))[name](...values);
}"""


def call(page: Page, module: str, name: str, *values: Any) -> Any:
    return page.evaluate(CALL, [module, name, *values])


def order(page: Page, network: dict[str, str] = MOBILE) -> list[str]:
    """Return the names of the hosts for a test, best first."""
    return [host["name"] for host in call(page, "hosts", "hostsFor", network)]


@pytest.fixture
def lines(app: Flask, served: str, guard: Guard) -> Iterator[dict[str, str]]:
    """Hosts besides the own one: this server behind lines, and one that is down."""
    guard.home = "http://127.0.0.1:"
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(shaped_server(served, Shape(100, 100, ms)))
            for name, ms in (("Huế", 60), ("Đà Nẵng", 30), ("Trạm", 15))
        }
        urls["Cần Thơ"] = f"http://127.0.0.1:{free_port()}"
        with app.app_context():
            for name, url in urls.items():
                operator = "Viettel" if name == "Trạm" else None
                key = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
                hosts.add_host(name, url, key, utc_now(), operator)
        yield urls


@pytest.fixture
def opened(lines: dict[str, str], new_page: Callable[..., Page]) -> Page:
    page = new_page(geolocation=HERE, permissions=["geolocation"])
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    expect(page.locator("#host-auto")).to_contain_text("tự chọn (máy chủ này,")
    return page


def pinged(guard: Guard) -> list[str]:
    """Return the addresses that were pinged since the last call."""
    parts = [one.url.partition("/do/down?bytes=0") for one in guard.requests]
    guard.requests.clear()
    return sorted({host for host, ping, rest in parts if ping and not rest})


def test_the_nearest_of_three_is_chosen_and_kept_for_its_network(
    opened: Page, served: str, lines: dict[str, str], guard: Guard
) -> None:
    assert order(opened) == [OWN, "Đà Nẵng", "Huế", "Trạm (Viettel)", "Cần Thơ"]
    nearest = sorted([served, lines["Huế"], lines["Đà Nẵng"]])
    assert pinged(guard) == nearest
    opened.reload()
    order(opened)
    assert pinged(guard) == []
    order(opened, WIFI)
    assert pinged(guard) == nearest
    # Later, where another one was the nearest, that one is among the three.
    name = "hosts-mobile Viettel"
    kept = call(opened, "store", "setting", name)
    assert kept["hours"] == 6
    last = opened.locator("#host option", has_text="Cần Thơ").get_attribute("value")
    for hours, asked in ((5.9, []), (6.1, sorted([served, lines["Huế"], lines["Cần Thơ"]]))):
        at = kept["at"] - hours * HOUR_MS
        call(
            opened,
            "store",
            "saveSetting",
            name,
            {**kept, "at": at, "order": [{"id": last, "ms": 9}]},
        )
        order(opened)
        assert pinged(guard) == asked


def test_a_person_chooses_a_host_and_a_failed_one_is_left(
    opened: Page, served: str, guard: Guard
) -> None:
    open_fold(opened, "samples")
    check_page(opened, "do-hosts")
    opened.locator("#host").select_option(label="Huế")
    opened.reload()
    assert order(opened) == ["Huế", OWN, "Đà Nẵng", "Trạm (Viettel)", "Cần Thơ"]
    expect(opened.locator("#host")).to_have_value(
        call(opened, "hosts", "hostsFor", MOBILE)[0]["id"]
    )
    open_fold(opened, "samples")
    opened.locator("#host").select_option(value="")
    opened.route(f"{served}/do/down?bytes=0", lambda route: route.abort())
    call(opened, "hosts", "chooseAgain", MOBILE)
    assert order(opened)[0] == "Đà Nẵng"
    expect(opened.locator("#host-auto")).to_contain_text("tự chọn (Đà Nẵng,")


def test_a_host_of_an_operator_is_taken_where_no_neutral_one_answers(
    app: Flask, opened: Page, served: str, lines: dict[str, str]
) -> None:
    with app.app_context():
        known = {host.name: host.id for host, _ in hosts.list_hosts()}
        for name in ("Huế", "Cần Thơ"):
            hosts.revoke_host(known[name], "moved", utc_now())
    call(opened, "hosts", "chooseAgain", MOBILE)
    assert order(opened)[:3] == [OWN, "Đà Nẵng", "Trạm (Viettel)"]
    for neutral in (served, lines["Đà Nẵng"]):
        opened.route(f"{neutral}/do/down?bytes=0", lambda route: route.abort())
    call(opened, "hosts", "chooseAgain", MOBILE)
    assert order(opened)[0] == "Trạm (Viettel)"


def test_a_test_starts_at_the_next_host_when_one_is_silent(
    app: Flask, opened: Page, served: str, lines: dict[str, str]
) -> None:
    known = {host["name"]: host for host in call(opened, "hosts", "hostsFor", MOBILE)}
    silent = known["Cần Thơ"]
    run = call(opened, "witness", "startTest", [silent, known[OWN]], "small")
    assert run["host"] == served and run["test"] and run["ticket"]
    # Its ticket was not used: it is kept for that host alone.
    kept = call(opened, "store", "setting", f"ticket-small-{silent['id']}")
    assert kept["text"] != run["ticket"]
    with app.app_context():
        hosts.revoke_host(silent["id"], "closed", utc_now())
    call(opened, "store", "deleteTickets")
    assert call(opened, "witness", "startTest", [silent, known[OWN]], "full")["host"] == served


def test_a_phone_that_keeps_the_page_learns_of_a_new_host(
    app: Flask, served: str, new_page: Callable[..., Page], guard: Guard
) -> None:
    page = new_page(geolocation=HERE, permissions=["geolocation"])
    guard.home = "http://127.0.0.1:"
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    page.evaluate("navigator.serviceWorker.ready")
    worker = page.evaluate("caches.keys()")
    with shaped_server(served, Shape(100, 100, 20)) as url:
        with app.app_context():
            hosts.add_host("Huế", url, None, utc_now())
        page.reload()  # as kept; the newer one is fetched meanwhile
        wait_for(
            page, f"caches.keys().then((kept) => kept.length === 1 && kept[0] !== '{worker[0]}')"
        )
        page.reload()
        assert order(page) == [OWN, "Huế"]
        assert pinged(guard) == sorted([served, url])


def test_with_one_host_nothing_is_asked(page: Page, guard: Guard) -> None:
    page.goto("/do/")
    agree(page)
    press(page, "Viettel")
    page.wait_for_load_state("networkidle")
    assert page.locator("#host").count() == 0
    asked = [
        one.url for one in guard.requests if "api/v1/hosts" in one.url or "/do/down" in one.url
    ]
    assert asked == []
