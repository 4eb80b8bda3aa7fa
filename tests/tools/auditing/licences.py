"""Tell under which licences the dependencies are that an installation runs: exit 1 on a new one."""

import re
import sys
from collections import defaultdict
from importlib.metadata import Distribution, distribution
from pathlib import Path

LOCK = Path(__file__).parents[3] / "requirements.txt"
# Words by which a licence is known as one that asks for no more than its notice …
FREE = re.compile(r"MIT|BSD|Apache|PSF|Python Software|ISC|Zlib|MPL|Mozilla|HPND|CC0|Unlicense")
# … and single ones that were looked at: used as libraries, unchanged, and replaceable.
LOOKED_AT = dict.fromkeys(("psycopg", "psycopg-binary", "psycopg-pool"), "LGPL-3.0-only")


def licence(found: Distribution) -> str:
    """What a distribution says of its licence: the expression, else classifiers, else a text."""
    told = found.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    classifiers = [one for one in told.get_all("Classifier") or [] if one.startswith("License ::")]
    if classifiers:
        return "; ".join(one.rpartition(" :: ")[2] for one in classifiers)
    return (told.get("License") or "").strip().partition("\n")[0][:80]


def accepted(name: str, told: str) -> bool:
    if LOOKED_AT.get(name) == told:
        return True
    return bool(FREE.search(told)) and "GPL" not in told


def main() -> int:
    names = re.findall(r"^([A-Za-z0-9._-]+)==", LOCK.read_text(), re.MULTILINE)
    by_licence, strange = defaultdict(list), []
    for name in names:
        try:
            told = licence(distribution(name))
        except ModuleNotFoundError:  # for another platform than this
            continue
        by_licence[told].append(name)
        if not accepted(name, told):
            strange.append(f"{name}: {told or 'says nothing'}")
    for told, held in sorted(by_licence.items()):
        print(f"{len(held):3}  {told}")
    for line in strange:
        print(f"to look at: {line}")
    return 1 if strange or not by_licence else 0


if __name__ == "__main__":
    sys.exit(main())
