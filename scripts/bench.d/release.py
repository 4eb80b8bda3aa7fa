"""Measure what readers of the public figures lose by the rules of the monthly release, in the demo.

Cells, hours and statistics of each released month: shown under the rules of version 1.0.0 (cells
of three devices, hours of 30 samples, every row of statistics) and in the release.
"""

import time
from collections import Counter, defaultdict
from datetime import UTC, datetime

from flask import current_app
from parts.filling import installed
from sqlalchemy import select, text

from backend.clock import VIETNAM, local_day, month_end
from backend.coverage.statistics import refresh, release, released
from backend.coverage.statistics.models import Statistic
from backend.database.extensions import db
from backend.demo import service as demo
from backend.measurements.recording.rules import NETWORKS
from backend.measurements.recording.service import RecordingContext
from backend.units.models import Unit

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
DEVICES_BEFORE, SAMPLES_BEFORE = 3, 30  # CELL_DEVICES and MINIMUM_N of version 1.0.0


def main() -> None:
    """Print the shares shown, before and after."""
    with installed():
        app = current_app
        context = RecordingContext(app.extensions["locator"], app.config["SECRET_KEY"], 10**6)
        app_context = app._get_current_object().app_context  # type: ignore[attr-defined]
        options = demo.LoadOptions(local_day(NOW), NOW)
        done = demo.load(options, context, app_context, lambda done, total: None)
        refresh.refresh(NOW)
        for month in done.months:
            if month_end(month) < options.today:
                for network in NETWORKS:
                    _compare(month, network)
                _time_again(month)


def _compare(month: str, network: str) -> None:
    people = release.read_people(month)
    cells = release._read_cells(month, network, people)
    if not cells:
        return
    communes = set(db.session.scalars(select(Unit.id).where(Unit.level == "commune")))
    rows = released.released_units(month, network)
    shown = {
        item["cell"] for unit, row in rows.items() if unit in communes for item in row["cells"]
    }
    before = {name for name, cell in cells.items() if len(cell.devices) >= DEVICES_BEFORE}
    volunteers = sum(one >= 0 for one in set(people.values()))
    print(f"{month} {network}: {volunteers} of {len(set(people.values()))} people are volunteers")
    total = sum(cell.n for cell in cells.values())
    for title, names in (("1.0.0", before), ("release", shown)):
        n = sum(cells[name].n for name in names)
        print(
            f"  cells {title}: {len(names)} of {len(cells)} ({len(names) / len(cells):.0%}), "
            f"samples {n} of {total} ({n / total:.0%})"
        )
    _compare_hours(month, network, communes, rows)
    _compare_statistics(month, network, communes, rows)


def _compare_hours(month: str, network: str, communes: set[int], rows: dict) -> None:
    samples: Counter[int] = Counter()
    values = {**release._span(month), "network": network, "zone": VIETNAM.tzname(None)}
    for row in db.session.execute(release.HOURS, values):
        samples[row.unit_id] += row.n
    enough = [unit for unit, n in samples.items() if n >= SAMPLES_BEFORE]
    after = [unit for unit in enough if unit in rows and rows[unit]["hours"] is not None]
    print(f"  communes with hours: {len(enough)} in 1.0.0, {len(after)} in the release")


def _compare_statistics(month: str, network: str, communes: set[int], rows: dict) -> None:
    of_month = select(Statistic).where(Statistic.month == month, Statistic.network == network)
    stored = [one for one in db.session.scalars(of_month) if one.unit_id in communes]
    after = [one for unit, row in rows.items() if unit in communes for one in row["statistics"]]
    by_kind: dict[str, list[int]] = defaultdict(list)
    for one in stored:
        by_kind["1.0.0"].append((one.figures or {}).get("download_mbps") is not None)
    for one in after:
        by_kind["release"].append((one["figures"] or {}).get("download_mbps") is not None)
    for title, flags in by_kind.items():
        print(f"  statistics of communes {title}: {len(flags)} rows, {sum(flags)} with speeds")


def _time_again(month: str) -> None:
    """Print how long a release takes, and a read of it."""
    release.remove([month])
    began = time.perf_counter()
    release.make(month, NOW)
    made = time.perf_counter() - began
    statement = release.READS["cells"]
    unit = db.session.scalar(text("select unit_id from released_figures limit 1"))
    times = []
    for _ in range(50):
        began = time.perf_counter()
        db.session.execute(statement, {"unit": unit, "network": "mobile", "month": month}).all()
        times.append(time.perf_counter() - began)
    print(f"{month}: made in {made:.1f} s, a unit's cells read in {sorted(times)[25] * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
