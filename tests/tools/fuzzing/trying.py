"""Run parsers with damaged input for some time; an unexpected exception is a crash."""

import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.tools.fuzzing.damage import damaged
from tests.tools.fuzzing.parsers import Parser

ROUND = 100  # cases between checks of the time
MAX_SHOWN = 400  # bytes of an input in the output


@dataclass
class Result:
    """The result of a parser."""

    name: str
    cases: int = 0
    crashes: dict[str, str] = field(default_factory=dict)  # by place


def try_all(parsers: Iterable[Parser], seconds: float, first_seed: int) -> list[Result]:
    """Run all parsers for the same time each; print a line for each."""
    every = list(parsers)
    done = []
    for parser in every:
        result = _try(parser, seconds / len(every), first_seed)
        print(f"{result.cases:>9,}  {len(result.crashes):>3}  {parser.name}", flush=True)
        for crash in result.crashes.values():
            print(crash, flush=True)
        done.append(result)
    return done


def _try(parser: Parser, seconds: float, first_seed: int) -> Result:
    result, end = Result(parser.name), time.monotonic() + seconds
    number = first_seed
    while time.monotonic() < end:
        try:
            _round(parser, result, number)
        except Exception as error:  # with the smallest input that hypothesis found
            where = traceback.extract_tb(error.__traceback__)[-1]
            result.crashes[f"{where.filename}:{where.lineno}"] = _describe(error)
        number += 1
    return result


def _round(parser: Parser, result: Result, number: int) -> None:
    """Run 100 cases; raise the exception of the smallest input that crashes."""

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
        result.cases += 1
        try:
            parser.parse(raw)
        except parser.refusals:
            return
        except Exception as error:
            error.add_note(f"input: {raw[:MAX_SHOWN]!r}")
            raise

    check()


def _describe(error: Exception) -> str:
    lines = traceback.format_exception(error)
    return "".join(lines[-12:])
