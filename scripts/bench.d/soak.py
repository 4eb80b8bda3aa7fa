"""Post for minutes at a share of the rate of bare inserts, then at three times that rate."""

import argparse
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from ingest_parts.load import Load, Target, rate
from ingest_parts.site import register, site
from soak_parts.exact import Exact, compare
from soak_parts.fire import PROCESSES, Answered, Order, fire
from soak_parts.traffic import SAMPLES_A_POST, TEAM, phones_for
from soak_parts.watching import Watch, settle

SHARE = 0.12  # of the samples a second that bare one-row commits reach
MINUTE_S = 60.0
P99_MOST_S, GROWTH_MOST, HOT_MOST, RECOVERY_MOST_S = 0.250, 0.05, 1.3, 5.0
OVERLOAD, OVERLOAD_S, AFTERWARDS_S = 3.0, 30.0, 30.0
BARE_S = 4.0
# A team of 200 phones registers within a second here, and each sends a day's samples in a minute.
GENEROUS = {"REGISTRATIONS_PER_HOUR": "1000000", "MEASUREMENTS_PER_HOUR": "1000000"}
CONNECTIONS_MOST = 2 * 4 * 8  # four workers: eight for transactions, eight for single statements


def main() -> None:
    """Print the figures with their goals; exit status 1 where one is missed."""
    options = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the server would live on
    print(f"load average before: {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory() as folder, site(Path(folder), **GENEROUS) as (target, _):
        rate(target, Load("phones", 1, 1.0, 0))  # warm
        good = [_hot(target, options.hot_rounds)]
        bare = _bare(target, options.bare_rounds)
        pace = options.share * bare / SAMPLES_A_POST
        print(f"bare one-row commits: {bare:,.0f} a second", flush=True)
        settle(target)
        answered: list[Answered] = []
        with Watch(target) as watch:
            lasting = options.warm_up + options.seconds
            soak = fire(_orders(target, "soak", ((pace, lasting),)))
        answered += soak
        good += _soaked([one for one in soak if one.due >= options.warm_up], options.seconds)
        good += _watched(watch, options.warm_up / lasting)
        print(
            f"bare one-row commits afterwards: {_bare(target, options.bare_rounds):,.0f} a second",
            flush=True,
        )
        stretches = ((OVERLOAD * pace, OVERLOAD_S), (pace, AFTERWARDS_S))
        over = fire(_orders(target, "overload", stretches))
        answered += over
        good += _overloaded(over)
        good += _exact(compare(target.database, answered))
    print(f"load average after: {os.getloadavg()[0]:.1f}")
    sys.exit(0 if all(good) else 1)


def _bare(target: Target, count: int) -> float:
    rounds = [rate(target, Load("peer", 1, BARE_S, 50 + k)) for k in range(count)]
    return statistics.median(rounds)


def _hot(target: Target, rounds: int) -> bool:
    """Compare posts in one commune with posts in a hundred, in turns."""
    ratios, rates = [], []
    for number in range(1, rounds + 1):
        spread = rate(target, Load("phones", 1, BARE_S, 2 * number - 1))
        hot = rate(target, Load("hot", 1, BARE_S, 2 * number))
        ratios.append(spread / hot)
        rates.append(hot)
    lowest, middle, highest = min(ratios), statistics.median(ratios), max(ratios)
    result = f"{middle:.2f} x ({lowest:.2f} to {highest:.2f} in {rounds} rounds of {BARE_S:g} s)"
    _report("posts in a hot commune", f"{statistics.median(rates):,.0f} a second, one by one")
    return _report("a hot commune costs", result, middle <= HOT_MOST, f"{HOT_MOST} x at most")


def _orders(target: Target, seed: str, stretches: tuple[tuple[float, float], ...]) -> list[Order]:
    """Divide the phones of the team and of the country among the processes."""
    samples = sum(pace * seconds for pace, seconds in stretches) * SAMPLES_A_POST
    tokens = tuple(register(target.port, TEAM + PROCESSES * phones_for(samples)))
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
        _report("p99", f"{p99 * 1e3:.0f} ms", p99 < P99_MOST_S, f"under {P99_MOST_S * 1e3:.0f} ms"),
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
        _report("memory", span, growth < GROWTH_MOST, f"under {GROWTH_MOST:+.0%}"),
        _report("connections", f"{most} at most", most <= CONNECTIONS_MOST, f"{CONNECTIONS_MOST}"),
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
            "all is well again after", f"{recovery:g} s", recovery < RECOVERY_MOST_S,
            f"under {RECOVERY_MOST_S:g} s",
        ),
    ]  # fmt: skip


def _recovery_s(answered: Sequence[Answered]) -> float:
    """Return the seconds from the end of the overload to one without waiting and rejections."""
    for second in range(int(AFTERWARDS_S)):
        begins = OVERLOAD_S + second
        some = [one for one in answered if begins <= one.due < begins + 1]
        refused = any(one.stored != len(one.ids) for one in some)
        if some and not refused and _percentile(some, 0.99) < P99_MOST_S:
            return float(second)
    return AFTERWARDS_S


def _exact(exact: Exact) -> list[bool]:
    wrong = exact.lost + exact.refused_stored + exact.differences
    result = (
        f"{exact.acknowledged:,} acknowledged, {exact.lost} lost; {exact.refused:,} refused, "
        f"{exact.refused_stored} stored; {exact.differences} differences of recount"
    )
    return [_report("samples", result, wrong == 0, "all exact")]


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
