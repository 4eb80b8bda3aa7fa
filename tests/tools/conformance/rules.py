"""The rules of docs/app.md, each judged by what the proxy saw."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.tools.conformance import faults
from tests.tools.conformance.faults import RETRY_AFTER_S, STREAK
from tests.tools.conformance.log import CHECK, DEVICES, Exchange

KEPT, BROKEN, NOT_SEEN = "kept", "broken", "not seen"
# Clocks and timers are not exact.
TOLERANCE_S = 0.1
# Failures in a row with waits below 1, 2, 4, … s take less than this once in a thousand times.
MIN_STREAK_S = 0.5
# A client that took its clock from the header Date is two hours ahead.
CLOCK_STEP_S = 600.0


@dataclass
class Verdict:
    """How often a rule could be seen, and what broke it."""

    rule: str
    seen: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Whether the rule was kept, broken, or could not be seen."""
        return BROKEN if self.broken else KEPT if self.seen else NOT_SEEN


Posts = Sequence[Exchange]


def judge(exchanges: Sequence[Exchange]) -> list[Verdict]:
    """Return the verdict on each rule, over all devices."""
    by_device: dict[str, list[Exchange]] = defaultdict(list)
    for one in exchanges:
        if one.token:
            by_device[one.token].append(one)
    found = [_registers_again(exchanges)]
    for rule, check in RULES.items():
        verdict = Verdict(rule)
        for own in by_device.values():
            check(own, verdict)
        found.append(verdict)
    return found


def _registers_again(exchanges: Sequence[Exchange]) -> Verdict:
    verdict = Verdict("registers again with the same id after a lost answer")
    registrations = [one for one in exchanges if (one.method, one.path) == ("POST", DEVICES)]
    for lost, again in pairwise(registrations):
        if lost.status is None:
            verdict.seen += 1
            ids = [
                one.body.get("id") if isinstance(one.body, dict) else None for one in (lost, again)
            ]
            if ids[0] != ids[1]:
                verdict.broken.append(f"registered as {ids[1]} after {ids[0]} had no answer")
    return verdict


def _posts(own: Posts) -> list[Exchange]:
    return [one for one in own if one.is_post]


def _same_id(own: Posts, verdict: Verdict) -> None:
    """A sample without an answer is sent again under its id."""
    failed: dict[str, str] = {}
    for one in _posts(own):
        for sample in one.samples:
            first = failed.get(sample.content, sample.id)
            if sample.content in failed:
                verdict.seen += 1
            if first != sample.id:
                verdict.broken.append(f"{first} was sent again as {sample.id}")
            if one.failed:
                failed[sample.content] = first


def _same_content(own: Posts, verdict: Verdict) -> None:
    """A sample without an answer is sent again unchanged."""
    contents: dict[str, str] = {}
    for one in _posts(own):
        for sample in one.samples:
            before = contents.get(sample.id)
            if before is not None:
                verdict.seen += 1
                if before != sample.content:
                    verdict.broken.append(f"{sample.id} was sent again with other content")
            if one.failed:
                contents[sample.id] = sample.content
            else:
                contents.pop(sample.id, None)


def _sends_again(own: Posts, verdict: Verdict) -> None:
    """A sample without an answer is sent again, unless the server says that it has it."""
    answered: set[str] = set()
    posts = [one for one in own if one.is_post or one.path == CHECK]
    for one in reversed(posts):
        if one.path == CHECK:
            answered |= set(one.answer.get("held", ())) if isinstance(one.answer, dict) else set()
            continue
        if one.failed and one.fault:
            verdict.seen += len(one.samples)
            verdict.broken += [
                f"{sample.id} had no answer and was not sent again"
                for sample in one.samples
                if not {sample.id, sample.content} & answered
            ]
        answered |= {text for sample in one.samples for text in (sample.id, sample.content)}


def _not_again(own: Posts, verdict: Verdict) -> None:
    """A sample with an answer is not sent again."""
    done: set[str] = set()
    for one in _posts(own):
        for sample in one.samples:
            if sample.id in done:
                verdict.broken.append(f"{sample.id} was sent again after its answer")
        if not one.failed and one.status != 401:
            verdict.seen += len(one.samples)
            done |= {sample.id for sample in one.samples}


def _waits(own: Posts, verdict: Verdict) -> None:
    """After Retry-After nothing is posted before its time."""
    for one, after in pairwise(_posts(own)):
        if one.fault in (faults.BUSY, faults.LIMITED) and one.ended is not None:
            verdict.seen += 1
            waited = after.at - one.ended
            if waited < RETRY_AFTER_S - TOLERANCE_S:
                verdict.broken.append(f"posted {waited:.1f} s after Retry-After: {RETRY_AFTER_S}")


def _backs_off(own: Posts, verdict: Verdict) -> None:
    """Failures in a row are followed by random waits that get longer."""
    streak: list[Exchange] = []
    for one in [*_posts(own), None]:
        if one is not None and one.fault == faults.ERROR:
            streak.append(one)
            continue
        if len(streak) >= STREAK:
            verdict.seen += 1
            waits = [later.at - (one.ended or one.at) for one, later in pairwise(streak)]
            if sum(waits) < MIN_STREAK_S:
                verdict.broken.append(f"{len(streak)} failures in {sum(waits):.2f} s")
            elif max(waits) - min(waits) < TOLERANCE_S * max(waits):
                verdict.broken.append(f"waits of {waits[0]:.1f} s each: neither random nor longer")
        streak = []


def _smaller_batches(own: Posts, verdict: Verdict) -> None:
    """After 413 the same samples come in smaller batches."""
    for one, after in pairwise(_posts(own)):
        if one.fault == faults.LARGE:
            verdict.seen += 1
            if len(after.samples) >= len(one.samples):
                verdict.broken.append(
                    f"413 for {len(one.samples)} samples, then {len(after.samples)}"
                )


def _time_of_attempt(own: Posts, verdict: Verdict) -> None:
    """Each attempt has the time at which it is sent."""
    before: dict[str, Exchange] = {}
    for one in _posts(own):
        if one.sent_at is None:
            verdict.seen += 1
            verdict.broken.append("a post without X-Sent-At or sent_at, with an offset")
            continue
        for sample in one.samples:
            earlier = before.get(sample.id)
            if earlier is not None and earlier.sent_at is not None:
                verdict.seen += 1
                if one.sent_at <= earlier.sent_at:
                    verdict.broken.append(
                        f"{sample.id} was sent again with the time of an earlier attempt"
                    )
            before[sample.id] = one


def _own_clock(own: Posts, verdict: Verdict) -> None:
    """The clock of the phone is not set by the server's."""
    errors = [one.clock_error_s for one in _posts(own) if one.clock_error_s is not None]
    if len(errors) > 1:
        verdict.seen += len(errors) - 1
        if max(errors) - min(errors) > CLOCK_STEP_S:
            verdict.broken.append(f"the clock moved by {max(errors) - min(errors):.0f} s")


def _ends(own: Posts, verdict: Verdict) -> None:
    """After 401 nothing is sent any more with the token."""
    ended = False
    for one in own:
        if ended:
            verdict.broken.append(f"{one.method} {one.path} after 401")
        if one.fault == faults.REVOKED:
            verdict.seen += not ended
            ended = True


RULES: dict[str, Callable[[Posts, Verdict], None]] = {
    "sends a sample without an answer again": _sends_again,
    "sends it again under the same id": _same_id,
    "sends it again unchanged": _same_content,
    "does not send a sample with an answer again": _not_again,
    "waits as long as Retry-After says": _waits,
    "waits longer and at random after failures in a row": _backs_off,
    "sends smaller batches after 413": _smaller_batches,
    "gives the time of each attempt": _time_of_attempt,
    "keeps its own clock": _own_clock,
    "sends nothing after 401": _ends,
}


def table(by_client: Mapping[str, Sequence[Verdict]]) -> Iterator[str]:
    """Yield a table in Markdown: a rule a row, a client a column with how often it was seen."""
    yield f"| rule | {' | '.join(by_client)} |"
    yield "|---" * (len(by_client) + 1) + "|"
    for row in zip(*by_client.values(), strict=True):
        yield f"| {row[0].rule} | {' | '.join(f'{one.state} ({one.seen})' for one in row)} |"


def lines(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a table of the verdicts, with the first two findings of each broken rule."""
    width = max(len(one.rule) for one in verdicts)
    for one in verdicts:
        yield f"{one.rule:<{width}}  {one.state:<8}  {one.seen:>4}"
        yield from (f"    {text}" for text in one.broken[:2])
