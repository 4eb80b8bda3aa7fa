"""Post through nginx at a share of the rate of bare inserts, then at three times that rate."""

import argparse
import os
import signal
import statistics
import sys
import tempfile
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self
from uuid import UUID

import psycopg
from parts.fire import PROCESSES, SAMPLES_A_POST, TEAM, Answered, Order, fire, phones_for
from parts.load import Load, Target, rate
from parts.phones import join, make_earlier, register
from parts.processes import memory_mb
from parts.site import site
from sqlalchemy import create_engine

from backend.measurements.recording.counting import DIFFERENCES
from tests.support.nginx import running_nginx

EVERY_S = 5.0
CONNECTIONS = "select count(*) from pg_stat_activity where usename = current_user"


@dataclass
class Watch:
    """What was seen while it was open."""

    target: Target
    megabytes: list[float] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def growth(self) -> float:
        """How much more memory in the last tenth of the time than in the first."""
        tenth = max(1, len(self.megabytes) // 10)
        first, last = self.megabytes[:tenth], self.megabytes[-tenth:]
        return statistics.median(last) / statistics.median(first) - 1

    def _sample(self) -> None:
        with psycopg.connect(self.target.database, autocommit=True) as connection:
            while not self._over.wait(EVERY_S):
                self.megabytes.append(memory_mb(self.target.web))
                [count] = connection.execute(CONNECTIONS).fetchone() or (0,)
                self.connections.append(count - 1)  # but this one


AT_ONCE = 10_000
# The bare inserts went past all counts: no device has their rows.
FORGET_BARE = """
    delete from measurements m where not exists (select from devices d where d.id = m.device_id)
"""
FOUND = "select count(*) from measurements where id = any(%s)"


def _exact(database: str, answered: Iterable[Answered]) -> bool:
    """Look for every sample that was posted, and recount."""
    good: list[bytes] = []
    refused: list[bytes] = []
    for one in answered:
        if one.stored == len(one.ids):
            good += one.ids
        elif one.status in (429, 503):
            refused += one.ids
    with psycopg.connect(database) as connection:
        lost = len(good) - _found(connection, good)
        stored = _found(connection, refused)
        connection.execute(FORGET_BARE)
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as counted:
        differences = len(counted.execute(DIFFERENCES).all())
    engine.dispose()
    result = (
        f"{len(good):,} acknowledged, {lost} lost; {len(refused):,} refused, "
        f"{stored} stored; {differences} differences of recount"
    )
    return _report("samples", result, not lost + stored + differences, "all exact")


def _found(connection: psycopg.Connection, ids: list[bytes]) -> int:
    found = 0
    for start in range(0, len(ids), AT_ONCE):
        some = [UUID(bytes=one) for one in ids[start : start + AT_ONCE]]
        found += (connection.execute(FOUND, [some]).fetchone() or (0,))[0]
    return found


SHARE = 0.12  # of the samples a second that bare one-row commits reach
MINUTE_S = 60.0
MAX_P99_S, MAX_GROWTH, MAX_HOT, MAX_RECOVERY_S = 0.250, 0.05, 1.3, 5.0
OVERLOAD, OVERLOAD_S, AFTERWARDS_S = 3.0, 30.0, 30.0
BARE_S = 4.0
# A team of 200 phones registers within a second here, and each sends a day's samples in a minute.
MAX_CONNECTIONS = 2 * 4 * 8  # four workers: eight for transactions, eight for single statements


def main() -> None:
    """Print the figures with their goals; exit status 1 where one is missed."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the server would live on
    print(f"load average before: {os.getloadavg()[0]:.1f}", flush=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        tempfile.TemporaryDirectory() as files,
        site(Path(folder), TRUSTED_PROXIES="1") as (target, _),
        running_nginx(Path(files), f"127.0.0.1:{target.port}") as port,
    ):
        proxied = replace(target, port=port)
        rate(target, Load("phones", 1, 1.0))  # warm
        good = [_hot(target, options.hot_rounds)]
        bare = _bare(target, options.bare_rounds)
        pace = options.share * bare / SAMPLES_A_POST
        print(f"bare one-row commits: {bare:,.0f} a second", flush=True)
        answered: list[Answered] = []
        with Watch(target) as watch:
            lasting = options.warm_up + options.seconds
            soak = fire(_orders(proxied, "soak", ((pace, lasting),)))
        answered += soak
        good += _soaked([one for one in soak if one.due >= options.warm_up], options.seconds)
        good += _watched(watch, options.warm_up / lasting)
        print(
            f"bare one-row commits afterwards: {_bare(target, options.bare_rounds):,.0f} a second",
            flush=True,
        )
        stretches = ((OVERLOAD * pace, OVERLOAD_S), (pace, AFTERWARDS_S))
        over = fire(_orders(proxied, "overload", stretches))
        answered += over
        good += _overloaded(over)
        good.append(_exact(target.database, answered))
    print(f"load average after: {os.getloadavg()[0]:.1f}")
    sys.exit(0 if all(good) else 1)


def _bare(target: Target, count: int) -> float:
    rounds = [rate(target, Load("bare", 1, BARE_S, 50 + k)) for k in range(count)]
    return statistics.median(rounds)


def _hot(target: Target, rounds: int) -> bool:
    """Compare posts in one commune with posts in a hundred, in turns."""
    ratios, rates = [], []
    for _ in range(rounds):
        spread = rate(target, Load("phones", 1, BARE_S))
        hot = rate(target, Load("hot", 1, BARE_S))
        ratios.append(spread / hot)
        rates.append(hot)
    lowest, middle, highest = min(ratios), statistics.median(ratios), max(ratios)
    result = f"{middle:.2f} x ({lowest:.2f} to {highest:.2f} in {rounds} rounds of {BARE_S:g} s)"
    _report("posts in a hot commune", f"{statistics.median(rates):,.0f} a second, one by one")
    return _report("a hot commune costs", result, middle <= MAX_HOT, f"{MAX_HOT} x at most")


def _orders(target: Target, seed: str, stretches: tuple[tuple[float, float], ...]) -> list[Order]:
    """Divide the phones of the hot commune and of the country, half of them in teams."""
    samples = sum(pace * seconds for pace, seconds in stretches) * SAMPLES_A_POST
    tokens = tuple(register(target.port, TEAM + PROCESSES * phones_for(samples)))
    join(target.port, target.codes, tokens[::4] + tokens[1::4])  # half of each process's phones
    make_earlier(target.database)
    shared = tuple((pace / PROCESSES, seconds) for pace, seconds in stretches)
    return [
        Order(
            target.port,
            tokens[place:TEAM:PROCESSES],
            tokens[TEAM + place :: PROCESSES],
            f"{seed} {place}",
            shared,
        )
        for place in range(PROCESSES)
    ]


def _soaked(answered: Sequence[Answered], seconds: float) -> list[bool]:
    samples = sum(one.stored for one in answered)
    errors = sum(one.stored != len(one.ids) for one in answered)
    p50, p99 = (_percentile(answered, share) for share in (0.5, 0.99))
    one_by_one = [one for one in answered if len(one.ids) == 1]
    batches = [one for one in answered if len(one.ids) > 1]
    kinds = " and ".join(f"{_percentile(some, 0.99) * 1e3:.0f}" for some in (one_by_one, batches))
    return [
        _report("posts", f"{len(answered):,} in {seconds:g} s, {samples / seconds:,.0f} samples/s"),
        _report("errors", f"{errors:,}", errors == 0, "none"),
        _report("half of the posts within", f"{p50 * 1e3:.0f} ms"),
        _report("p99", f"{p99 * 1e3:.0f} ms", p99 < MAX_P99_S, f"under {MAX_P99_S * 1e3:.0f} ms"),
        _report("of single posts, of batches", f"{kinds} ms"),
        _report("minute by minute", " ".join(_minutes(answered))),
    ]


def _minutes(answered: Sequence[Answered]) -> list[str]:
    """The p99 of each minute in ms, so that a stall shows."""
    minutes: dict[int, list[Answered]] = {}
    for one in answered:
        minutes.setdefault(int(one.due / MINUTE_S), []).append(one)
    return [f"{_percentile(minutes[each], 0.99) * 1e3:.0f}" for each in sorted(minutes)]


def _watched(watch: Watch, warm_up: float) -> list[bool]:
    skipped = int(len(watch.megabytes) * warm_up)
    warm = Watch(watch.target, watch.megabytes[skipped:], watch.connections)
    most, growth = max(watch.connections), warm.growth
    span = f"{warm.megabytes[0]:.0f} to {warm.megabytes[-1]:.0f} MB, {growth:+.1%}"
    return [
        _report("memory", span, growth < MAX_GROWTH, f"under {MAX_GROWTH:+.0%}"),
        _report("connections", f"{most} at most", most <= MAX_CONNECTIONS, f"{MAX_CONNECTIONS}"),
    ]


def _overloaded(answered: Sequence[Answered]) -> list[bool]:
    during = [one for one in answered if one.due < OVERLOAD_S]
    shed = [one for one in during if one.status in (429, 503)]
    other = sum(one.stored != len(one.ids) for one in during) - len(shed)
    with_retry = sum(one.retry_after for one in shed)
    share = len(shed) / len(during)
    recovery = _recovery_s(answered)
    return [
        _report(f"{OVERLOAD:g} times as much", f"{len(during):,} posts in {OVERLOAD_S:g} s"),
        _report("rejected by 503 or 429", f"{share:.0%}", with_retry == len(shed), "Retry-After"),
        _report("failed in another way", f"{other:,}", other == 0, "none"),
        _report("p99 meanwhile", f"{_percentile(during, 0.99):.1f} s"),
        _report("of that late in sending", f"{max(one.late for one in answered):.1f} s at most"),
        _report(
            "all is well again after", f"{recovery:g} s", recovery < MAX_RECOVERY_S,
            f"under {MAX_RECOVERY_S:g} s",
        ),
    ]  # fmt: skip


def _recovery_s(answered: Sequence[Answered]) -> float:
    """Return the seconds from the end of the overload to one without waiting and rejections."""
    for second in range(int(AFTERWARDS_S)):
        begins = OVERLOAD_S + second
        some = [one for one in answered if begins <= one.due < begins + 1]
        refused = any(one.stored != len(one.ids) for one in some)
        if some and not refused and _percentile(some, 0.99) < MAX_P99_S:
            return float(second)
    return AFTERWARDS_S


def _percentile(answered: Sequence[Answered], share: float) -> float:
    took = sorted(one.took for one in answered)
    return took[min(len(took) - 1, int(share * len(took)))]


def _report(what: str, figure: str, good: bool = True, wanted: str = "") -> bool:
    verdict = f" (wanted: {wanted}{'' if good else ' - MISSED'})" if wanted else ""
    print(f"  {what:<28}{figure}{verdict}", flush=True)
    return good


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default: 600)")
    parser.add_argument("--warm-up", type=float, default=60.0, help="seconds that do not count")
    parser.add_argument("--share", type=float, default=SHARE, help="of bare commits (0.12)")
    parser.add_argument("--hot-rounds", type=int, default=5)
    parser.add_argument("--bare-rounds", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
