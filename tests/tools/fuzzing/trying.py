"""Try parsers with damaged input until the time is over; what raises anything else is a crash."""

import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.tools.fuzzing.damage import damaged
from tests.tools.fuzzing.parsers import Parser

ROUND = 100  # cases between two looks at the clock
HINT = 400  # of an input that is shown


@dataclass
class Tried:
    """How one parser fared."""

    name: str
    cases: int = 0
    crashes: dict[str, str] = field(default_factory=dict)  # by where it happened


def try_all(parsers: Iterable[Parser], seconds: float, first_seed: int) -> list[Tried]:
    """Try all of them for the same time each; a line for each that is done."""
    every = list(parsers)
    done = []
    for parser in every:
        tried = _try(parser, seconds / len(every), first_seed)
        print(f"{tried.cases:>9,}  {len(tried.crashes):>3}  {parser.name}", flush=True)
        for told in tried.crashes.values():
            print(told, flush=True)
        done.append(tried)
    return done


def _try(parser: Parser, seconds: float, first_seed: int) -> Tried:
    tried, end = Tried(parser.name), time.monotonic() + seconds
    number = first_seed
    while time.monotonic() < end:
        try:
            _round(parser, tried, number)
        except Exception as error:  # hypothesis has made it as small as it could
            where = traceback.extract_tb(error.__traceback__)[-1]
            tried.crashes[f"{where.filename}:{where.lineno}"] = _told(error)
        number += 1
    return tried


def _round(parser: Parser, tried: Tried, number: int) -> None:
    """Some hundred cases; raises what the smallest input that crashes raises."""

    @seed(number)
    @settings(
        max_examples=ROUND,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
    )
    @given(damaged(parser.seeds))
    def check(raw: bytes) -> None:
        tried.cases += 1
        try:
            parser.parse(raw)
        except parser.refusals:
            return
        except Exception as error:
            error.add_note(f"input: {raw[:HINT]!r}")
            raise

    check()


def _told(error: Exception) -> str:
    lines = traceback.format_exception(error)
    return "".join(lines[-12:])
