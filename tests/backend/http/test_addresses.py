"""Where webhooks may go: public addresses with TLS, and allowed networks."""

from ipaddress import ip_address, ip_network

import pytest

from backend.errors import Problem
from backend.http import addresses
from backend.http.addresses import check_url, may_reach, parse_url

OFFICE = (ip_network("10.1.0.0/16"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.3.4", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "::127.0.0.1", "fec0::1", "5f00::1",
        "192.0.0.8", "192.88.99.1", "3fff::1",
    ],
)  # fmt: skip
def test_an_address_inside_is_refused(address: str) -> None:
    assert not may_reach(ip_address(address), True, ())


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_a_public_address_needs_tls(address: str) -> None:
    assert may_reach(ip_address(address), True, ())
    assert not may_reach(ip_address(address), False, OFFICE)


def test_an_allowed_network_needs_no_tls_and_no_other_is_allowed_by_it() -> None:
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd12::1"):
        assert may_reach(ip_address(address), False, OFFICE)
    for address in ("10.2.0.1", "127.0.0.1", "::ffff:10.2.0.1"):
        assert not may_reach(ip_address(address), True, OFFICE)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.vn/", "not_webhook_url"),
        ("https://", "not_webhook_url"),
        ("https://user:word@example.vn/", "not_webhook_url"),
        ("https://example.vn/#part", "not_webhook_url"),
        ("https://example.vn:0/", "not_webhook_url"),
        ("https://example.vn:99999/", "not_webhook_url"),
        ("https://exa mple.vn/", "not_webhook_url"),
        ("https://example.vn/\r\nHost: x", "not_webhook_url"),
        ("https://ví-dụ.vn/", "not_webhook_url"),
        ("https://[::1/", "not_webhook_url"),
        ("https://example.vn/" + "x" * 600, "not_webhook_url"),
        ("http://example.vn/", "webhook_not_https"),
        ("https://127.0.0.1/", "webhook_address"),
        ("https://[::1]/", "webhook_address"),
        ("https://[::ffff:192.168.0.1]/", "webhook_address"),
        ("https://169.254.169.254/latest", "webhook_address"),
        ("https://2130706433/", "webhook_address"),
        ("https://0x7f000001/", "webhook_address"),
        ("https://0x7F.0.0.1/", "webhook_address"),
        ("https://0177.0.0.1/", "webhook_address"),
        ("https://127.1/", "webhook_address"),
        ("https://10.258/", "webhook_address"),
        ("https://0/", "webhook_address"),
        ("https://127.0.0.1./", "webhook_address"),
        ("https://192.0.0.8/", "webhook_address"),
        ("https://[fe80::1%25eth0]/", "webhook_address"),
    ],
)
def test_a_url_that_is_certainly_refused(url: str, code: str) -> None:
    with pytest.raises(Problem) as raised:
        check_url(url, ())
    assert raised.value.errors[0].code == code


def test_the_parts_of_a_url() -> None:
    target = parse_url("https://example.vn:8443/a/b?c=d")
    assert (target.host, target.port, target.path) == ("example.vn", 8443, "/a/b?c=d")
    assert target.host_header == "example.vn:8443"
    assert parse_url("https://[2606:4700::1]/").host_header == "[2606:4700::1]"
    check_url("http://10.1.2.3:8080/", OFFICE)
    check_url("https://example.vn", ())


def test_names_of_this_machine_are_resolved_and_then_refused() -> None:
    found = addresses.resolve(parse_url("https://localhost/"))
    assert found and not any(may_reach(one, True, ()) for one in found)
