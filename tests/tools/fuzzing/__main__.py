"""Start a server on a temporary VAR_DIR, fuzz its whole API, stop it."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from backend.clock import utc_now
from tests.support.oidc_provider import CLIENT_ID, FakeProvider, serving
from tests.tools.fuzzing.parsers import parsers
from tests.tools.fuzzing.person import register, sign_in
from tests.tools.fuzzing.server_parsers import server_parsers
from tests.tools.fuzzing.trying import try_all
from tests.tools.phone_simulator.own_server import OwnServer

ROOT = Path(__file__).parents[3]
# An answer is wrong with a 5xx, or if its status, media type, header or shape is not described.
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
# The usual limits would end the run within seconds.
LIMITS = dict.fromkeys(("REGISTRATIONS_PER_HOUR", "MEASUREMENTS_PER_HOUR"), "100000000")


def main() -> int:
    """Fuzz the API; return the exit status of schemathesis."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=300, help="how long (default: 300)")
    parser.add_argument("--seed", type=int, help="of the random cases, to repeat them")
    parser.add_argument(
        "--parsers",
        action="store_true",
        help="damaged files, heads, addresses and bodies, through each parser and the server",
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # stops the server too
    with (
        serving(FakeProvider(utc_now, {"sub": "fuzz"})) as provider,
        OwnServer(**LIMITS, OIDC_ISSUER=provider.issuer, OIDC_CLIENT_ID=CLIENT_ID) as server,
    ):
        server.count_claims()
        if options.parsers:
            return try_parsers(server, options.seconds, options.seed or 0)
        status = run(server.url, sign_in(server).token(), options.seconds, options.seed)
        if status:
            print(f"The server's last lines:\n{server.tail()}")
        return status


def try_parsers(server: OwnServer, seconds: int, seed: int) -> int:
    """Fuzz the parsers directly and through the server, half of the time each; 1 after a crash."""
    print("    cases  crashes  what was damaged")
    admin = sign_in(server)
    through = server_parsers(server.url, admin, register(server.url))
    done = [*try_all(parsers(), seconds / 2, seed), *try_all(through, seconds / 2, seed)]
    crashes = sum(len(one.crashes) for one in done)
    print(f"{sum(one.cases for one in done):>9,}  {crashes:>3}  all, in {seconds} s")
    return 1 if crashes else 0


def run(url: str, admin: str, seconds: int, seed: int | None) -> int:
    """Run schemathesis against a server for some time."""
    # One worker: CPython 3.11's ast, which hypothesis uses, is not thread-safe.
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/api/v1/openapi.json",
        "--checks", ",".join(CHECKS), "--max-time", str(seconds), "--workers", "1",
        "--continue-on-failure", "--suppress-health-check", "all", "--request-timeout", "30",
        "--warnings", "off", "--phases", "examples,coverage,fuzzing", "--mode", "all",
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
