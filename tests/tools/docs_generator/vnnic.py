"""The closed list of reasons why VNNIC's count differs from ours."""

from backend.coverage.vnnic.service import REASONS
from backend.i18n.catalogues import gettext


def table() -> str:
    """Return every reason with its condition, in both languages."""
    rows = [
        f"| `{one.code}` | {one.condition} | {gettext(one.text, 'vi')} | {one.text} |"
        for one in REASONS
    ]
    head = ["| code | condition | in Vietnamese | in English |", "|---|---|---|---|"]
    return "\n".join(head + rows)
