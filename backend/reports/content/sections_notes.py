"""What a reader must know of the data: boundaries, rules, whose count it is."""

from typing import Any

from backend.i18n.formats import number
from backend.measurements.recording.rules import RULES
from backend.reports.content.figures import NETWORKS, Note
from backend.reports.content.labels import BASES, NOTES
from backend.reports.content.sections import Counts


def notes(counts: Counts) -> list[Note]:
    """Every note that holds, in the order in which it is read."""
    answer = counts.anything
    found = [_note("note_demo")] if answer["demo"] else []
    found += [
        _note("note_own_count"),
        _of_boundaries(answer["boundaries"]),
        _note("note_rules", rules=RULES),
    ]
    if basis := _basis(counts):
        found.append(_note("note_basis", basis=BASES[basis]))
    found.append(_note("note_month"))
    found += _gaps(counts)
    return [*found, _note("note_frozen")]


def _of_boundaries(boundaries: dict[str, str] | None) -> Note:
    if boundaries is None:
        return _note("note_boundaries_none")
    return _note(f"note_boundaries_{boundaries['quality']}", set=boundaries["set"])


def _basis(counts: Counts) -> str | None:
    """The number that targets are held against; None where there is no target."""
    targets = [counts.by_network[network]["commune"]["target"] for network in NETWORKS]
    return next((target["basis"] for target in targets if target), None)


def _gaps(counts: Counts) -> list[Note]:
    """What lies beside the figures of the unit."""
    answer = counts.anything
    without = sum(item["no_boundary"] for item in answer["items"])
    elsewhere = sum(levels["commune"]["summary"]["elsewhere"] for levels in _networks(counts))
    found = []
    if without:
        found.append(_note("note_no_boundary", n=number(without, "vi")))
    if elsewhere:
        found.append(_note("note_elsewhere", n=number(elsewhere, "vi")))
    return found


def _networks(counts: Counts) -> list[Any]:
    return [counts.by_network[network] for network in NETWORKS]


def _note(code: str, **values: Any) -> Note:
    return {"code": code, "words": NOTES[code].format(**values)}
