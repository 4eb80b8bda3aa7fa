"""Measure the processor time of a ticket and a witnessed post against that of a plain post."""

import argparse
import json
import statistics
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from parts.load import walk
from parts.processes import processor_s
from parts.site import site

from backend.witness.keys import host_key
from backend.witness.statements import Ticket, Witness, WitnessedDirection, sign

NEED = 1.8
SEEN = WitnessedDirection(bytes=25_000_000, mbps=100_000.0, complete=True)


class Phone:
    """One device on one connection, at one worker of the server."""

    def __init__(self, port: int, token: str, var_dir: Path, seed: int) -> None:
        self._line = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._key, self._samples = host_key(var_dir), walk(seed)

    def post(self) -> None:
        """Post a plain sample."""
        self._send("/api/v1/measurements", next(self._samples))

    def post_witnessed(self) -> None:
        """Get a ticket and post a witnessed sample."""
        token = self._send("/api/v1/tests", {"profile": "full"})["ticket"]
        statements = {"ticket": token, "witness": sign(self._witness(token), self._key)}
        answer = self._send("/api/v1/measurements", next(self._samples) | {"test": statements})
        if answer["assurance"] != "witnessed":
            raise SystemExit(f"not witnessed: {answer}")

    def _witness(self, token: str) -> Witness:
        ticket = Ticket.from_claims(_claims(token))
        start = datetime.now(UTC)
        return Witness(
            ticket.id, ticket.host_id, ticket.subject, ticket.issuer, ticket.profile,
            start, start + timedelta(seconds=12), SEEN, SEEN, 20.0, "203.0.113.0/24",
        )  # fmt: skip

    def _send(self, path: str, value: Any) -> Any:
        self._line.request("POST", path, json.dumps(value), self._headers)
        answer = self._line.getresponse()
        content = answer.read()
        if answer.status != 201:
            raise SystemExit(f"{path} answered {answer.status}: {content!r}")
        return json.loads(content)


def _claims(token: str) -> Any:
    import jwt

    return jwt.decode(token, options={"verify_signature": False})


def main() -> None:
    """Print both and their ratio; exit status 1 where the ratio is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--posts", type=int, default=90, help="of a round; at most 100 tickets a day"
    )
    arguments = parser.parse_args()
    plain, witnessed = [], []
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, _):
        for number in range(arguments.rounds + 1):
            phone = Phone(target.port, target.tokens[number], Path(folder), number)
            for act, results in ((phone.post, plain), (phone.post_witnessed, witnessed)):
                before = processor_s([target.web])
                for _ in range(arguments.posts):
                    act()
                results.append((processor_s([target.web]) - before) / arguments.posts * 1e3)
    ratios = [
        both / one for one, both in zip(plain[1:], witnessed[1:], strict=True)
    ]  # after warm-up
    ratio = statistics.median(ratios)
    print(f"a plain post               {statistics.median(plain[1:]):6.2f} ms of processor")
    print(f"a ticket and witnessed post {statistics.median(witnessed[1:]):5.2f} ms of processor")
    print(f"ratio {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}; needed {NEED})")
    sys.exit(0 if ratio <= NEED else 1)


if __name__ == "__main__":
    main()
