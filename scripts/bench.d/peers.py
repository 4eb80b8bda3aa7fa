"""Compare posts with those of a small service that does the same work, in turns.

The service (`peers/service.py`) is what a good engineer writes in a day with FastAPI, asyncpg and
shapely: token, schema, commune, ticket, witness, repeats, caps, receipt, counts, team, the next
ticket, one commit. First the same bodies are posted to both, and their verdicts compared. It has no
snapping, limits by the hour, overlap, impossible travel, third operator, mock positions, values,
times, revisions, withdrawals and events, and refuses a batch whole: bodies depend on none of these.
"""

import argparse
import itertools
import json
import os
import random
import socket
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from parts.costs import HEAD, Cost, measure, show
from parts.http import exchange, request
from parts.load import BATCH, HOT, POST, Load, Target, run, walk
from parts.peers import peer
from parts.phones import make_earlier, register
from parts.processes import memory_mb
from parts.site import site

# CPU of ours beside the service at most.
MAX_SINGLE, MAX_OTHER = 1.3, 1.6
LOADS = {
    "single": (Load("phones", 1, 0), MAX_SINGLE), "in a team": (Load("team", 1, 0), MAX_OTHER),
    "witnessed": (Load("witnessed", 1, 0), MAX_OTHER),
    f"batches of {BATCH}": (Load("phones", BATCH, 0), MAX_OTHER),
}  # fmt: skip
PHONES, METRE = 24, 1 / 111_195
Body = dict[str, Any]


def main() -> None:
    """Print differences of verdicts and costs; exit status 1 where there are too many."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="length of each turn")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        site(Path(folder)) as (ours, _),
        peer(Path(folder), ours) as theirs,
    ):
        good = _compare_verdicts(ours, theirs)
        good &= _compare_costs(ours, theirs, arguments.rounds, arguments.seconds)
        print(
            f"memory: ours {memory_mb(ours.web):.0f}, theirs {memory_mb(theirs.web):.0f} MB (PSS)"
        )
    sys.exit(0 if good else 1)


def _compare_costs(ours: Target, theirs: Target, rounds: int, seconds: float) -> bool:
    for target in (ours, theirs):
        run(target, Load("phones", 1, 1.0))  # warm: connections, prepared statements
    costs: dict[tuple[str, str], list[Cost]] = {}
    for turn in range(rounds):
        for name, (load, _) in LOADS.items():
            for who, target in (("theirs", theirs), ("ours", ours))[:: -1 if turn % 2 else 1]:
                cost = measure(target, Load(load.kind, load.size, seconds))
                costs.setdefault((name, who), []).append(cost)
    print(
        f"medians of {rounds} turns of {seconds:g} s, load average {os.getloadavg()[0]:.1f}\n{HEAD}"
    )
    good = True
    for name, (_, most) in LOADS.items():
        show(f"theirs: {name}", costs[name, "theirs"], costs[name, "theirs"])
        good &= show(f"ours: {name}", costs[name, "ours"], costs[name, "theirs"], most)
    return good


def _compare_verdicts(ours: Target, theirs: Target) -> bool:
    """Post the same bodies to both; print each difference, and what was compared."""
    tokens = [list(register(target.port, PHONES + 1)) for target in (ours, theirs)]
    make_earlier(ours.database)
    seen, differences = Counter[str](), 0
    with (
        socket.create_connection(("127.0.0.1", ours.port)) as here,
        socket.create_connection(("127.0.0.1", theirs.port)) as there,
    ):
        for phone, some in requests():
            body = some[0] if len(some) == 1 else {"measurements": some}
            answers = [
                _post(line, of_phones[phone], body)
                for line, of_phones in zip((here, there), tokens, strict=True)
            ]
            for mine, other in zip(*answers, strict=True):
                seen[mine.partition(" in ")[0]] += 1
                if mine != other:
                    differences += 1
                    print(f"  ours {mine}; theirs {other}")
    shown = ", ".join(f"{n} {verdict}" for verdict, n in sorted(seen.items()))
    print(f"verdicts on {seen.total():,} samples: {differences} differences ({shown})", flush=True)
    return not differences


def _post(line: socket.socket, token: str, body: Body) -> list[str]:
    """Return the outcome, reasons and commune of each sample."""
    answer = json.loads(exchange(line, request("POST", POST, token, json.dumps(body).encode())))
    return [_verdict(one) for one in answer.get("results", [answer])]


def _verdict(answer: Body) -> str:
    if answer["outcome"] == "conflict":
        return "conflict"
    unit = answer["unit"]["code"] if answer["unit"] else "nowhere"
    codes = sorted(one["code"] for one in answer["reasons"])
    return " ".join([answer["outcome"], " and ".join(codes) or "counted", "in", unit])


def requests() -> Iterator[tuple[int, list[Body]]]:
    """Yield phones with the samples of a request.

    Days are complete walks, in any order, alone and in batches, with tests that failed, poor and
    foreign positions, a spot again, the same sample again, and other content with its id; the last
    phone reaches both caps.
    """
    dice = random.Random(1)
    for phone in range(PHONES):
        samples = [_changed(one, dice) for one in itertools.islice(walk(phone), 64)]
        dice.shuffle(samples)
        while samples:
            size = dice.choice((1, 1, 5, 20))
            some, samples = samples[:size], samples[size:]
            yield phone, some
            if dice.random() < 0.2:
                yield phone, [*some, some[0] | {"ping_ms": 1.5}]
    yield from ((PHONES, [_in_grid(day, test) for test in range(110)]) for day in range(3))


def _changed(sample: Body, dice: random.Random) -> Body:
    location = sample["location"]
    if (luck := dice.random()) < 0.1:
        return sample | {"status": "failed"}
    if luck < 0.2:
        return sample | {"location": dice.choice((None, location | {"accuracy_m": 5_000.0}))}
    if luck < 0.25:
        return sample | {"location": location | {"latitude": 16.0, "longitude": 104.0}}  # Laos
    if luck < 0.4:  # counted or not, a spot of the day again
        return sample | {"location": location | {"latitude": 21.594, "longitude": 105.848}}
    return sample


def _in_grid(day: int, test: int) -> Body:
    """Return one of many samples in one commune that are at least 110 m from one another."""
    sample = next(walk(PHONES, 0, HOT))
    begin = datetime.fromisoformat(sample["measured_at"]).replace(hour=1, minute=0)
    at = (begin + timedelta(days=day, minutes=3 * test)).isoformat()
    (west, south, *_), (row, column) = HOT, divmod(test, 10)
    location = sample["location"] | {
        "latitude": south + 110 * row * METRE, "longitude": west + 120 * column * METRE,
        "fixed_at": at, "accuracy_m": 10.0,
    }  # fmt: skip
    return sample | {"id": str(uuid.uuid4()), "measured_at": at, "location": location}


if __name__ == "__main__":
    main()
