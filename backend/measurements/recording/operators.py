"""Known operators: a closed list kept as data, by network code (MNC under MCC 452) and by name."""

import csv
from functools import lru_cache
from pathlib import Path

FILE = Path(__file__).with_name("operators.csv")
# Distinct names that phones send; each is looked up once.
_MAX_NAMES = 4_096


def _read() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    by_code, by_name = {}, {}
    with FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["mnc"]:
                by_code[row["mnc"]] = row["name"]
            for name in (row["name"], *row["aliases"].split(";")):
                by_name[row["network"], _letters(name)] = row["name"]
    return by_code, by_name


def _letters(name: str) -> str:
    """Return the letters and digits of a name in lower case: `VN Mobile` is `vnmobile`."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())


BY_CODE, _BY_NAME = _read()  # mobile brands by MNC


@lru_cache(_MAX_NAMES)
def known_operator(network: str, name: str | None) -> str | None:
    """Return the brand of a network (mobile, fixed) that a name means; None if it is unknown."""
    return _BY_NAME.get((network, _letters(name))) if name else None
