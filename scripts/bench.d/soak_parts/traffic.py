"""The traffic: a team of 200 phones in one commune, and other phones in the country."""

import csv
import itertools
import json
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest_parts.load import request
from ingest_parts.samples import HOT, Area, walk

from geo.approximate import DATA

TEAM = 200
TEAM_SHARE = 0.3  # of all posts
# Most phones send at once; those that were offline send what is waiting.
BATCH, BATCH_SHARE = 20, 0.05
SAMPLES_A_POST = 1 + BATCH_SHARE * (BATCH - 1)
# More samples of a phone would be in the future: see ingest_parts.samples.
MOST_OF_A_PHONE = 800
STAYS_DEG = 0.02


@dataclass(frozen=True)
class Post:
    """One request as it goes over the wire, and the samples in it."""

    sent: bytes
    ids: tuple[bytes, ...]


def phones_for(samples: float) -> int:
    """How many phones are needed beside the team for so many samples."""
    return int(samples * (1 - TEAM_SHARE) / MOST_OF_A_PHONE) + 1


def posts(team: Sequence[str], others: Sequence[str], seed: str) -> Iterator[Post]:
    """Posts without end, of phones taken at random."""
    dice = random.Random(seed)
    centres = _centres()
    walks = {token: walk(number, 0, HOT) for number, token in enumerate(team)}
    walks |= {
        token: walk(TEAM + number, 0, dice.choice(centres)) for number, token in enumerate(others)
    }
    while True:
        token = dice.choice(team if dice.random() < TEAM_SHARE else others)
        size = BATCH if dice.random() < BATCH_SHARE else 1
        some = [
            sample | {"id": str(uuid.uuid4())} for sample in itertools.islice(walks[token], size)
        ]
        body = some[0] if size == 1 else {"measurements": some}
        sent = request("POST", "/api/v1/measurements", token, json.dumps(body).encode())
        yield Post(sent, tuple(uuid.UUID(sample["id"]).bytes for sample in some))


def _centres() -> list[Area]:
    """Small areas around the known centres of communes."""
    with (DATA / "units-2025.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["level"] == "commune"]
    return [
        (float(row["longitude"]), float(row["latitude"]), STAYS_DEG, STAYS_DEG)
        for row in rows
        if row["longitude"]
    ]
