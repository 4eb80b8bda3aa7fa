"""The closed list of reasons why VNNIC's count differs from ours."""

from backend.coverage.vnnic.reasons import REASONS


def table() -> str:
    """Every reason with its condition, in both languages."""
    rows = [
        f"| `{one.code}` | {one.condition[1]} | {one.words[0]} | {one.words[1]} |"
        for one in REASONS
    ]
    head = ["| code | told where | in Vietnamese | in English |", "|---|---|---|---|"]
    return "\n".join(head + rows)
