"""Measure the CPU time of a ticket and a witnessed post against that of a plain post, in turns.

CPU of the web processes and of PostgreSQL. With --against, plain posts of another checkout (with a
`.venv`) are the reference, and plain posts of this one are compared with them too.
"""

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import psycopg
from parts.http import exchange, request
from parts.load import A_DAY, walk
from parts.phones import EARLIER
from parts.processes import precise_s
from parts.site import ROOT

from backend.witness.keys import host_key
from backend.witness.statements import Ticket, Witness, WitnessedDirection, sign

NEED_BOTH, NEED_PLAIN = 1.8, 1.15
PHONES = 8
POST = "/api/v1/measurements"
POST_AND_NEXT = f"{POST}?next_test=full"
SEEN = WitnessedDirection(bytes=25_000_000, mbps=100_000.0, complete=True)
# Starts the site of a checkout, prints where it is, and ends with its input.
SERVE = """
import json, sys, tempfile
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/scripts/bench.d"]
from parts.site import site
with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as (target, _):
    postgres = Path(folder, "postgres", "postmaster.pid").read_text().split()[0]
    place = [folder, target.database, target.port, target.tokens, [target.web, int(postgres)]]
    print(json.dumps(place), flush=True)
    sys.stdin.read()
"""
Post = tuple[str, Any]  # token of the phone and content


class Site:
    """The site of a checkout; each turn has new phones."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        place = json.loads(process.stdout.readline())
        folder, database, self._port, tokens, self._pids = place
        self._folder, self._tokens = Path(folder), iter(tokens)
        with psycopg.connect(database) as connection:
            connection.execute(EARLIER)

    def _ms(self, acts: Callable[[socket.socket], None]) -> float:
        """Return the CPU time of some requests on one connection."""
        with socket.create_connection(("127.0.0.1", self._port)) as line:
            before = precise_s(self._pids)
            acts(line)
            return (precise_s(self._pids) - before) * 1e3

    def plain(self, seed: int) -> float:
        """Return the CPU time of a plain post in ms, of phones with a usual day each."""
        turns = list(self._turns(seed))
        total = sum(self._ms(lambda line, turn=turn: _post(line, turn)) for turn in turns)
        return total / (PHONES * A_DAY)

    def witnessed(self, seed: int) -> float:
        """Return the CPU time of a ticket and a witnessed post in ms.

        As clients do, a phone gets its first ticket alone and each other one with a post's answer.
        """
        return self._witnessed(seed, POST_AND_NEXT)

    def separate(self, seed: int) -> float:
        """Return the CPU time where every ticket is a request of its own."""
        return self._witnessed(seed, POST)

    def _witnessed(self, seed: int, path: str) -> float:
        key, total = host_key(self._folder), 0.0
        tickets: dict[str, str] = {}
        for turn in self._turns(seed):
            total += self._ms(lambda line, turn=turn: _fetch(line, turn, tickets))
            posts = []
            for phone, sample in turn:
                ticket = tickets.pop(phone)
                test = {"ticket": ticket, "witness": sign(_seen(ticket), key)}
                posts.append((phone, sample | {"test": test}))
            total += self._ms(lambda line, posts=posts: _post(line, posts, path, tickets))
        return total / (PHONES * A_DAY)

    def _turns(self, seed: int) -> Iterator[list[Post]]:
        phones = [next(self._tokens) for _ in range(PHONES)]
        walks = [walk(seed * PHONES + place) for place in range(PHONES)]
        for _ in range(A_DAY):
            yield [
                (phone, next(steps) | {"id": str(uuid.uuid4())})
                for phone, steps in zip(phones, walks, strict=True)
            ]


def _post(
    line: socket.socket, posts: list[Post], path: str = POST, tickets: dict[str, str] | None = None
) -> None:
    for phone, sample in posts:
        answer = _send(line, path, phone, sample)
        if "test" in sample and answer["assurance"] != "witnessed":
            raise SystemExit(f"not witnessed: {answer}")
        if tickets is not None and "next_test" in answer:
            tickets[phone] = answer["next_test"]["ticket"]


def _fetch(line: socket.socket, turn: list[Post], tickets: dict[str, str]) -> None:
    for phone, _ in turn:
        if phone not in tickets:
            answer = _send(line, "/api/v1/tests", phone, {"profile": "full"})
            tickets[phone] = answer["ticket"]


def _send(line: socket.socket, path: str, phone: str, content: Any) -> Any:
    return json.loads(exchange(line, request("POST", path, phone, json.dumps(content).encode())))


def _seen(token: str) -> Witness:
    ticket = Ticket.from_claims(jwt.decode(token, options={"verify_signature": False}))
    start = datetime.now(UTC)
    return Witness(
        ticket.id, ticket.host_id, ticket.subject, ticket.issuer, ticket.profile,
        start, start + timedelta(seconds=12), SEEN, SEEN, 20.0, "203.0.113.0/24",
    )  # fmt: skip


@contextmanager
def started(checkout: Path) -> Iterator[Site]:
    """Start the site of a checkout."""
    process = subprocess.Popen(
        [checkout / ".venv/bin/python", "-c", SERVE, str(checkout)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=checkout,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )  # fmt: skip
    try:
        yield Site(process)
    finally:
        process.communicate()


def main() -> None:
    """Print the ratios with 90 % intervals of their medians; exit status 1 if one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=8, help="at most 9: each has new phones")
    parser.add_argument("--against", type=Path, help="checkout whose plain posts are the reference")
    arguments = parser.parse_args()
    with started(ROOT) as ours:
        if arguments.against:
            with started(arguments.against.resolve()) as theirs:
                missed = _compare(ours, theirs, arguments.turns)
        else:
            missed = _compare(ours, ours, arguments.turns)
    sys.exit(missed)


def _compare(ours: Site, theirs: Site, turns: int) -> bool:
    rows = []
    for turn in range(turns + 1):  # the first one warms up
        acts = [theirs.plain, ours.plain, ours.witnessed, ours.separate]
        places = range(len(acts))
        took = {place: acts[place](turn) for place in (places if turn % 2 else reversed(places))}
        rows.append([took[place] for place in places])
    reference, plain, both, separate = zip(*rows[1:], strict=True)
    print(f"the reference, a plain post   {statistics.median(reference):6.2f} ms of CPU")
    missed = _show("a plain post", plain, reference, NEED_PLAIN)
    missed |= _show("a ticket and witnessed post", both, reference, NEED_BOTH)
    _show("the same in two requests", separate, reference, None)
    return missed


def _show(
    name: str, took: tuple[float, ...], reference: tuple[float, ...], need: float | None
) -> bool:
    ratios = [mine / other for mine, other in zip(took, reference, strict=True)]
    dice = random.Random(1)
    medians = sorted(statistics.median(dice.choices(ratios, k=len(ratios))) for _ in range(2_000))
    print(
        f"{name:<29} {statistics.median(took):6.2f} ms of CPU, ratio "
        f"{statistics.median(ratios):.2f} ({medians[100]:.2f} to {medians[1_900]:.2f}"
        + (f"; needed {need})" if need else ")")
    )
    return need is not None and statistics.median(ratios) > need


if __name__ == "__main__":
    main()
