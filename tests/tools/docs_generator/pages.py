"""Parts of docs/ that are generated from the code, between markers in the pages."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.tools.docs_generator import database, limits, packages, tables

DOCS = Path(__file__).parents[3] / "docs"
# page: {name of the part: its generator}
PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "architecture.md": {"packages": packages.table},
    "database.md": {"tables": database.tables},
    "operator.md": {"settings": tables.settings},
    "rules.md": {
        "reasons": tables.reasons,
        "limits": limits.table,
        "operators": tables.operators,
    },
    "vnnic.md": {"vnnic": tables.vnnic},
    "privacy.vi.md": {"personal": database.personal},
    "reporting.md": {"views": tables.views},
}


def generated(page: str) -> str:
    """Return a page with its present generated parts."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, make in PARTS[page].items():
        begin, end = f"<!-- {name}: scripts/make-docs -->", f"<!-- /{name} -->"
        pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
        part = f"{begin}\n{make()}\n{end}"
        text, n = pattern.subn(lambda _, part=part: part, text)
        if n != 1:
            raise ValueError(f"docs/{page} has {n} parts {begin} … {end}")
    return text
