"""One round: phones measure and post, a fault happens, then everything is compared."""

import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.fault_injection.checking import Found, check
from tests.tools.fault_injection.kinds import Kind
from tests.tools.fault_injection.site import Site
from tests.tools.phone_simulator.phone import Phone, Tally

PHONES, RATE = 6, 180.0  # tests of a phone in a minute
MEASURE_S = 4.0
MOMENT_S = (0.3, 2.5)  # between the phones' start and the fault


@dataclass(frozen=True, slots=True)
class Round:
    """The result of a round."""

    found: Found
    tallies: list[Tally]
    seconds: float
    note: str
    problems: list[str] = field(default_factory=list)

    @property
    def retries(self) -> int:
        """Attempts without a usable answer."""
        return sum(tally.retries for tally in self.tallies)

    @property
    def broken(self) -> int:
        """Answers with 500."""
        return sum(tally.broken for tally in self.tallies)

    @property
    def doubled(self) -> list[str]:
        """Surplus rows, and measurements listed twice."""
        return self.found.doubled + [id for tally in self.tallies for id in tally.doubled]

    @property
    def lost(self) -> list[str]:
        """Acknowledged measurements that are missing in the rows or in the API."""
        missing = [id for tally in self.tallies for id in tally.missing]
        return sorted({*self.found.lost, *missing})

    @property
    def witnessed(self) -> int:
        """Witnessed measurements."""
        return sum(tally.witnessed for tally in self.tallies)

    @property
    def unproven(self) -> list[str]:
        """Measurements that are not witnessed after a complete test."""
        return [id for tally in self.tallies for id in tally.unproven]

    @property
    def good(self) -> bool:
        """Whether nothing is wrong."""
        found = self.found
        wrong = self.lost or self.doubled or found.half or found.undelivered or self.problems
        wrong = wrong or self.unproven
        return not wrong and not found.differences and not self.broken


def run_round(site: Site, kind: Kind, seed: str, tickets: bool = False) -> Round:
    """Run one round; the same seed gives the same times and walks.

    With `tickets` the phones transfer 1.5 MB in each test, and their samples are witnessed.
    """
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory(dir=site.folder) as folder:
        stores = [Path(folder) / f"{number}.sqlite" for number in range(PHONES)]
        url = site.proxy.url if kind.proxied else site.server.url
        phones = [
            Phone(
                url,
                store,
                f"{seed} {store.stem}",
                rate=RATE,
                chaos=False,
                hurry=True,
                tickets=tickets,
            )
            for store in stores
        ]
        began = time.monotonic()
        with ThreadPoolExecutor(PHONES) as pool:
            running = [pool.submit(phone.run, MEASURE_S) for phone in phones]
            time.sleep(rng.uniform(*MOMENT_S))
            try:
                note = kind.strike(site, rng, phones)
            except BaseException:
                for phone in phones:
                    phone.halt()
                raise
            tallies = [phone.result() for phone in running]
        took = time.monotonic() - began
        with site.database().connect() as connection:
            found = check(connection, stores)
    problems = [tally.problem for tally in tallies if tally.problem]
    return Round(found, tallies, took, note, problems)
