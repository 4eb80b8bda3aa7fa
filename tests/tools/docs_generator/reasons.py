"""The table of reasons and marks."""

from backend.measurements.recording.reasons import REASONS

EFFECTS = {
    "not_valid": "not valid",
    "not_counted": "valid, not counted",
    "mark": "a mark only",
}


def table() -> str:
    """Return every reason with its effect and text, in order of weight."""
    rows = [
        f"| `{one.code}` | {EFFECTS[one.effect]} | {one.message('vi')} | {one.text} |"
        for one in REASONS
    ]
    head = ["| code | effect | what a volunteer reads | in English |", "|---|---|---|---|"]
    return "\n".join(head + rows)
