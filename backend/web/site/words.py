"""The words of all pages, in Vietnamese and English; {names} are filled in by the template.

Each feature has a table of its own; none may take another's key.
"""

from backend.web.site.admin_set_words import ADMIN_SETS
from backend.web.site.admin_words import ADMIN
from backend.web.site.admin_work_words import ADMIN_WORK
from backend.web.site.board_words import BOARD
from backend.web.site.desk_exclusion_words import DESK_EXCLUSIONS
from backend.web.site.desk_office_words import DESK_OFFICE
from backend.web.site.desk_report_words import DESK_REPORTS
from backend.web.site.desk_words import DESK
from backend.web.site.first_words import FIRST
from backend.web.site.frame_words import FRAME
from backend.web.site.measure_words import MEASURE
from backend.web.site.people_words import PEOPLE
from backend.web.site.place_words import PLACE
from backend.web.site.plan_words import PLAN
from backend.web.site.seal_words import SEAL
from backend.web.site.styleguide_words import STYLEGUIDE

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
