"""Advisory locks: each purpose has its own key, in the code and in functions of the database."""

import re
from collections import Counter
from pathlib import Path

from sqlalchemy import Engine, text

from backend.database import locks

KEYS = {name: value for name, value in vars(locks).items() if name.endswith("_LOCK")}
ROOT = Path(__file__).parents[3]
SOURCES = [
    path
    for folder in ("backend", "config", "scripts")
    for path in ROOT.joinpath(folder).rglob("*")
    if path.is_file() and path.suffix in ("", ".py", ".sql") and "migrations" not in path.parts
    if path != Path(str(locks.__file__))
]
# A call in SQL, and its arguments.
CALL = re.compile(r"pg_\w*advisory\w*\(([^)]*)\)")
NUMBERED = re.compile(r"_LOCK = \d|\"lock\": \d")
FUNCTIONS = text("""
    select proname, prosrc from pg_proc
    where prosrc like '%advisory%' and pronamespace = 'public'::regnamespace
""")


def test_no_two_purposes_share_a_key() -> None:
    assert [key for key, n in Counter(KEYS.values()).items() if n > 1] == []
    assert len(KEYS) >= 10


def test_keys_are_only_in_their_module() -> None:
    for path in SOURCES:
        source = path.read_text(encoding="utf-8", errors="replace")
        assert set(CALL.findall(source)) <= {":lock", "%(lock"}, path
        assert not NUMBERED.search(source), path


def test_functions_of_the_database_use_the_same_keys(owner: Engine) -> None:
    with owner.connect() as connection:
        functions = {row.proname: CALL.findall(row.prosrc) for row in connection.execute(FUNCTIONS)}
    assert {int(key) for found in functions.values() for key in found} <= set(KEYS.values())
