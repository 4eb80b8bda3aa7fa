"""The table of known operators."""

import csv

from backend.measurements.recording.operators import FILE


def table() -> str:
    """Return the operators with network code and other names."""
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = [
            f"| {row['network']} | {row['name']} | {row['mnc'] or 'none'} | "
            f"{', '.join(row['aliases'].split(';'))} |"
            for row in csv.DictReader(file)
        ]
    head = ["| network | operator | MNC (MCC 452) | other names |", "|---|---|---|---|"]
    return "\n".join(head + rows)
