"""Start a server on a temporary VAR_DIR, fuzz its whole API, end it."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.tools.fuzzing.doors import doors
from tests.tools.fuzzing.parsers import parsers
from tests.tools.fuzzing.person import admin_token, register
from tests.tools.fuzzing.trying import try_all
from tests.tools.phone_simulator.own_server import OwnServer

ROOT = Path(__file__).parents[3]
# What makes an answer wrong: a 5xx, or a status, media type, header or shape not described.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
# Limits that protect a real installation would end the run within seconds.
GENEROUS = {"REGISTRATIONS_PER_HOUR": "100000000", "MEASUREMENTS_PER_HOUR": "100000000"}


def main() -> int:
    """Fuzz; the exit status is schemathesis' own."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="how long (default: 300)")
    parser.add_argument("--seed", type=int, help="of the random cases, to see the same again")
    parser.add_argument(
        "--stateful",
        action="store_true",
        help="one call after the other, each with what the one before made (links of the document)",
    )
    parser.add_argument(
        "--parsers",
        action="store_true",
        help="damaged files, heads, addresses and bodies, through each parser and the server",
    )
    asked = parser.parse_args()
    # What is wrong in itself makes nothing that a next call could take.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # its server ends too
    how = ("stateful", "positive") if asked.stateful else ("examples,coverage,fuzzing", "all")
    with OwnServer(**GENEROUS) as server:
        if asked.parsers:
            return try_parsers(server, asked.seconds, asked.seed or 0)
        status = run(server.url, admin_token(server), asked.seconds, asked.seed, *how)
        if status:
            print(f"The server's last lines:\n{server.tail()}")
        return status


def try_parsers(server: OwnServer, seconds: int, seed: int) -> int:
    """Half of the time for the parsers alone, half through the server; 1 where one crashed."""
    print("    cases  crashes  what was damaged")
    through = doors(server.url, admin_token(server), register(server.url))
    done = [*try_all(parsers(), seconds / 2, seed), *try_all(through, seconds / 2, seed)]
    crashes = sum(len(one.crashes) for one in done)
    print(f"{sum(one.cases for one in done):>9,}  {crashes:>3}  all, in {seconds} s")
    return 1 if crashes else 0


def run(url: str, admin: str, seconds: int, seed: int | None, phases: str, mode: str) -> int:
    """Run schemathesis against a server until the time is over."""
    # One worker: CPython 3.11's ast, which hypothesis uses, fails now and then between threads.
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/v1/openapi.json",
        "--checks", ",".join(CHECKS), "--max-time", str(seconds), "--workers", "1",
        "--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "30",
        "--warnings", "off", "--phases", phases, "--mode", mode,
    ]  # fmt: skip
    command += ["--seed", str(seed)] if seed is not None else []
    environment = os.environ | {
        "FUZZ_URL": url,
        "FUZZ_ADMIN": admin,
        "SCHEMATHESIS_HOOKS": "tests.tools.fuzzing.hooks",
    }
    return subprocess.run(command, env=environment, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
