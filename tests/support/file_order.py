"""Which files of tests begin first when several processors share them."""

# Each runs for long, as a whole or in few tests. One that begins last is waited for by all others.
LONG = (
    "backend/test_access_matrix.py",
    "browser/test_every_page.py",
    "backend/test_reports.py",
    "browser/test_places.py",
    "backend/test_units_sets.py",
    "backend/test_report_seals.py",
    "backend/test_open_data.py",
    "backend/test_signals_months.py",
    "backend/test_admin_sets.py",
    "browser/test_measuring.py",
    "browser/test_story.py",
    "browser/test_board.py",
    "browser/test_desk.py",
    "browser/test_admin_pages.py",
    "browser/test_people_pages.py",
    "backend/test_serve.py",
    "backend/test_upgrades.py",
    "backend/test_report_files.py",
    "backend/test_report_of_demo.py",
    "backend/test_withdrawal_traces.py",
    "backend/test_demo.py",
    "backend/test_units_real.py",
    "geo/test_checks.py",
    "geo/test_index_borders.py",
    "geo/test_index.py",
)


def begins(path: str) -> int:
    """The place of a file, by its path below tests/: the long ones, then all others alike."""
    return LONG.index(path) if path in LONG else len(LONG)
