"""The phone of a request, by its token."""

from backend.devices.service import KnownDevice, authenticate
from backend.http.requests import bearer_token, clock_now


def current_device() -> KnownDevice:
    """Return the phone that sends the request; 401 without a valid token."""
    return authenticate(bearer_token(), clock_now())
