"""Teams as people type, paste or upload them.

A line without a header is a name, then in any order the home commune, the samples per day and the
leader's e-mail or telephone.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from backend.accounts.login_names import normalize
from backend.campaign_setup.team_rows import EXAMPLE, TEAMS, TYPE_OF, TYPES
from backend.campaign_setup.team_template import TYPE_NAMES as TYPE_TITLES
from backend.organisations.names import folded
from backend.tables.table import MAX_ROWS
from backend.tables.typed_lists import NUMBER, TypedList, as_text
from backend.units.search import query_words
from geo.gazetteer import plain

# Five thousand teams with all their columns, as text and as a workbook.
MAX_TEXT, MAX_LIST = 1_000_000, 5_000_000
TYPE_NAMES = dict(zip(TYPES, TYPE_TITLES, strict=True))
# Meant as a number or a contact, and wrong: the check says so of that column, not of the commune.
_WRONG_NUMBER = re.compile(r"[-+][0-9]+(?:[.,][0-9]+)?|[0-9]+[.,][0-9]+")
_WRONG_CONTACT = re.compile(r".*@.*|\+?[0-9][0-9 .-]{6,}")


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team of a list, as typed."""

    name: str
    home_commune: str = ""
    capacity_per_day: str = ""
    leader: str = ""
    type: str = ""


def _of_cells(cells: Sequence[str]) -> TeamLine:
    """Return the team of a line, whose further cells tell what they are by their content."""
    name, *rest = cells
    columns = {"name": name}
    places = []
    for cell in filter(None, rest):
        if "capacity_per_day" not in columns and (
            NUMBER.fullmatch(cell) or _WRONG_NUMBER.fullmatch(cell)
        ):
            columns["capacity_per_day"] = cell
        elif "leader" not in columns and (normalize(cell) or _WRONG_CONTACT.fullmatch(cell)):
            columns["leader"] = cell
        elif given := TYPE_OF.get(plain(cell).replace("_", " ")):
            columns["type"] = TYPE_NAMES[given]
        else:
            places.append(cell)
    return TeamLine(**columns, home_commune=", ".join(places))


TEAM_LIST = TypedList(TEAMS, TeamLine, _of_cells, MAX_ROWS, lambda line: line.name == EXAMPLE)
read_text, read_file = TEAM_LIST.read_text, TEAM_LIST.read_file
__all__ = ["TeamLine", "as_text", "in_columns", "read_file", "read_text", "with_types"]


def in_columns(teams: Iterable[TeamLine], areas: Collection[str]) -> list[TeamLine]:
    """Move what names no area above a commune to the column that is empty, which it was meant for.

    So the check says of "nhiều" that it is no number of samples, not that no commune has the name.
    """
    lines = []
    for team in teams:
        first, *above = team.home_commune.split(", ")
        # A number alone is no "Quận 12".
        wrong = [part for part in above if part.isdecimal() or query_words(part) not in areas]
        empty = [name for name in ("capacity_per_day", "leader") if not getattr(team, name)]
        moved = dict(zip(empty, wrong, strict=False))
        kept = ", ".join([first, *(part for part in above if part not in moved.values())])
        lines.append(replace(team, home_commune=kept, **moved))
    return lines


def with_types(teams: Iterable[TeamLine], kind: str, existing: Collection[str]) -> list[TeamLine]:
    """Give new teams without a type the usual one; `existing` are names as compared."""
    return [
        team if team.type or folded(team.name) in existing else replace(team, type=kind)
        for team in teams
    ]
