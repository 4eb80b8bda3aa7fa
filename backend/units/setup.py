"""Load at the start the built-in units and sets, and those of BOUNDARIES_DIR.

A start with nothing to load takes milliseconds: modules that read polygons are imported late.
"""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from sqlalchemy import select

from backend.batch.executor import Executor
from backend.database.extensions import db
from backend.database.locks import BOUNDARY_SETS_LOCK, hold
from backend.units.catalogue import (
    APPROXIMATE,
    SYSTEMS,
    ActiveSet,
    activate,
    read_active,
    system_span,
)
from backend.units.locator import Locator
from backend.units.models import BoundarySet

Printer = Callable[[str], None]


def setup(var_dir: Path, boundaries_dir: Path | None, say: Printer) -> tuple[str, ...]:
    """Add the units and sets that are missing, and return the names of these sets."""
    before = read_active()
    built_in = _add_built_in(say)
    installed = _install(boundaries_dir, say) if boundaries_dir else ()
    added = built_in + installed
    new = [one for one in read_active() if one.name in added] if added else []
    for one in new:
        say(f"Indexing {one.name} …")
    # One at a time where the polygons are large: each takes a gigabyte of memory.
    with Executor(1 if installed else len(new)) as executor:
        for _ in executor.map(partial(_index, var_dir), new):
            pass
    db.session.rollback()
    if before and installed:
        say(
            f"Now active: {', '.join(installed)}. Measurements stored before keep their commune "
            "until you run: flask measurements reassign"
        )
    return added


def _index(var_dir: Path, active: ActiveSet) -> None:
    Locator(var_dir).warm_sets([active])


def _add_built_in(say: Printer) -> tuple[str, ...]:
    """Add the built-in list and the approximate sets in one transaction."""
    systems = {f"approximate-{system}": system for system in SYSTEMS}
    if len(_loaded(systems)) == len(systems):
        return ()
    from backend.units.loading import add_built_in, add_set
    from geo import approximate

    say("Loading the built-in units and approximate boundaries …")
    hold(BOUNDARY_SETS_LOCK)
    add_built_in()
    missing = [name for name in systems if name not in _loaded(systems)]
    for name in missing:
        first, last = system_span(systems[name])
        new = BoundarySet(
            name=name, system=systems[name], quality=APPROXIMATE, valid_from=first, valid_to=last
        )
        add_set(new, approximate.build(new.system), active=True)
    db.session.commit()
    return tuple(missing)


def _install(folder: Path, say: Printer) -> tuple[str, ...]:
    """Load and activate the sets that a folder's sets.toml names; each in one transaction."""
    from geo.catalogue import read_catalogue, unlisted

    sources = read_catalogue(folder)
    for path in unlisted(folder, sources):
        say(f"Warning: {path.name} is skipped, since sets.toml does not name it.")
    active = [source for source in sources if source.active]
    loaded = _loaded(source.name for source in active)
    missing = [source for source in active if not loaded.get(source.name)]
    for source in missing:
        from backend.units.loading import install, read

        say(f"Loading {source.name} from {source.path.name} …")
        if source.name in loaded:
            activate(source.name)
        else:
            names = ("name", "system", "quality", "valid_from", "valid_to", "note")
            new = BoundarySet(**{name: getattr(source, name) for name in names})
            install(new, read(new, source.path), active=True)
    return tuple(source.name for source in missing)


def _loaded(names: Iterable[str]) -> dict[str, bool]:
    """Return the loaded ones of these sets, and whether each is active."""
    query = select(BoundarySet.name, BoundarySet.activation).where(BoundarySet.name.in_(names))
    return {name: activation is not None for name, activation in db.session.execute(query)}
