"""Parts of docs/ that are generated from the code, between markers in the pages."""

import re
from collections.abc import Callable
from pathlib import Path

from tests.tools.docs_generator import (
    database,
    limits,
    operators,
    reasons,
    reporting,
    settings,
    vnnic,
)

DOCS = Path(__file__).parents[3] / "docs"
# page: {name of the part: its generator}
PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "database.md": {"tables": database.tables},
    "operator.md": {"settings": settings.table},
    "rules.md": {
        "reasons": reasons.table,
        "limits": limits.table,
        "operators": operators.table,
    },
    "vnnic.md": {"vnnic": vnnic.table},
    "reporting.md": {"views": reporting.table},
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
