"""Tell which of the rules of docs/app.md a client keeps while answers get lost."""

import argparse
import contextlib
import sys
import time

from tests.tools.conformance.faults import KINDS, Faults
from tests.tools.conformance.log import Log
from tests.tools.conformance.proxy import Proxy
from tests.tools.conformance.rules import BROKEN, NOT_SEEN, judge, lines

POLL_S = 0.5
# After the last fault, to see that nothing follows.
QUIET_S = 15.0


def main(arguments: list[str]) -> int:
    """Return 0 if no rule was broken, and with --strict every rule was seen."""
    options = _parser().parse_args(arguments)
    if options.own:
        from tests.tools.conformance.own_clients import compare  # needs the packages of tests

        return compare()
    log, plan = Log(), Faults(times=options.times)
    try:
        proxy = Proxy(options.url, log, plan, options.port)
    except (OSError, ValueError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    with proxy:
        print(f"Set the server of the client to {proxy.url} and let it measure: it needs some")
        print(
            f"{options.times * len(KINDS) * 2 + 8} samples in several posts. Ctrl-C ends it.",
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            _wait(plan, time.monotonic() + 60 * options.minutes)
    verdicts = judge(log.all())
    print("\n" + "\n".join(lines(verdicts)))
    if not plan.over:
        print("\nThe client did not meet every fault: let it run longer, or send more samples.")
    wrong = {BROKEN, NOT_SEEN} if options.strict else {BROKEN}
    return int(any(one.state in wrong for one in verdicts))


def _wait(plan: Faults, until: float) -> None:
    """Wait until every device met its faults, and some seconds more."""
    while not plan.over and time.monotonic() < until:
        time.sleep(POLL_S)
    time.sleep(min(QUIET_S, max(0.0, until - time.monotonic())))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/conformance", description=__doc__)
    add = parser.add_argument
    add("--url", default="http://127.0.0.1:8000", help="the server (default: %(default)s)")
    add("--port", type=int, default=0, help="where the client connects (default: a free port)")
    add("--minutes", type=float, default=10.0, help="at most so long (default: %(default)g)")
    add("--times", type=int, default=2, help="each fault so often (default: %(default)s)")
    add("--own", action="store_true", help="test the project's own clients on a server of its own")
    add("--strict", action="store_true", help="fail too if a rule could not be seen")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
