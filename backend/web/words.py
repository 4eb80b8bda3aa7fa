"""The words of all pages, in Vietnamese and English; {names} are filled in by the template.

Each feature has a table of its own; none may take another's key.
"""

from backend.web.admin_set_words import ADMIN_SETS
from backend.web.admin_words import ADMIN
from backend.web.admin_work_words import ADMIN_WORK
from backend.web.board_words import BOARD
from backend.web.desk_exclusion_words import DESK_EXCLUSIONS
from backend.web.desk_office_words import DESK_OFFICE
from backend.web.desk_report_words import DESK_REPORTS
from backend.web.desk_words import DESK
from backend.web.first_words import FIRST
from backend.web.frame_words import FRAME
from backend.web.measure_words import MEASURE
from backend.web.people_words import PEOPLE
from backend.web.place_words import PLACE
from backend.web.plan_words import PLAN
from backend.web.seal_words import SEAL
from backend.web.styleguide_words import STYLEGUIDE

Words = dict[str, tuple[str, str]]

TABLES: tuple[Words, ...] = (
    FRAME,
    ADMIN,
    ADMIN_WORK,
    ADMIN_SETS,
    BOARD,
    DESK,
    DESK_REPORTS,
    DESK_OFFICE,
    DESK_EXCLUSIONS,
    FIRST,
    PLACE,
    PLAN,
    PEOPLE,
    SEAL,
    STYLEGUIDE,
    MEASURE,
)


def _merged(tables: tuple[Words, ...]) -> Words:
    """All tables as one; a key that two of them have would hide one's words."""
    merged: Words = {}
    for table in tables:
        twice = merged.keys() & table.keys()
        if twice:
            raise ValueError(f"two tables of words have {', '.join(sorted(twice))}")
        merged |= table
    return merged


WORDS = _merged(TABLES)
