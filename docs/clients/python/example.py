"""Measure and send every few seconds, until the consent is withdrawn.

python -m dosong_client.example URL --latitude 21.5942 --longitude 105.8482 --accuracy-m 12
"""

import argparse
import sys
import time

from .phone import Phone, RefusedError, Store
from .phone.measuring import Refused


def main() -> int:
    """Return 0 after all samples were sent, or after the withdrawal."""
    parser = argparse.ArgumentParser(prog="dosong_client.example", description=__doc__)
    parser.add_argument("url")
    for name in ("latitude", "longitude", "accuracy-m"):
        parser.add_argument(f"--{name}", type=float, required=True)
    parser.add_argument("--operator", help="such as Viettel")
    parser.add_argument("--profile", choices=["small", "full"], default="full")
    parser.add_argument("--times", type=int, default=1, help="how many tests (default: 1)")
    parser.add_argument("--every", type=float, default=5.0, help="seconds between two tests")
    parser.add_argument("--store", default="phone.sqlite", help="keeps token and unsent samples")
    parser.add_argument("--agree", action="store_true", help="the person has agreed already")
    options = parser.parse_args()
    phone = Phone(options.url, Store(options.store), on_result=lambda _, result: print(result))
    try:
        if not phone.register(lambda text: options.agree or _agrees(text)):
            print("Nothing was registered.")
            return 1
        print(f"With this code the person can withdraw: {phone.withdrawal_code}")
        return _measure(phone, options)
    except RefusedError as error:
        print(f"The server refused it: {error}", file=sys.stderr)
        return 1
    finally:
        phone.close()


def _agrees(text: str) -> bool:
    return input(f"{text}\nAgree? (yes/no) ") == "yes"


def _measure(phone: Phone, options: argparse.Namespace) -> int:
    left = options.times
    while left or phone.waiting():
        if left:
            left -= 1
            try:
                phone.measure(
                    options.latitude,
                    options.longitude,
                    options.accuracy_m,
                    operator=options.operator,
                    profile=options.profile,
                )
            except Refused as error:  # no ticket: there are eight unused ones at most
                print(error, file=sys.stderr)
        sent = phone.send()
        if sent.outcome == "ended":
            print("The consent was withdrawn.")
            return 0
        time.sleep(options.every if left else sent.wait)
    return 0


if __name__ == "__main__":
    sys.exit(main())
