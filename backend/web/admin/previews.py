"""Small pictures of boundary sets and of the base map, for admins to compare."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from backend.database.extensions import db
from backend.errors import Problem, or_404
from backend.units.catalogue import ActiveSet, read_active, serving_set
from backend.units.models import BoundarySet
from backend.web.maps.basemap import basemap_path, current_basemap, main_roads
from backend.web.maps.drawing import MapDrawing, plain_country


def set_preview(set_id: int) -> MapDrawing:
    """Return the provinces of a boundary set with the sea; 404 for an unknown one."""
    row = or_404(db.session.get(BoundarySet, set_id))
    values = {name: getattr(row, name) for name in ActiveSet.__dataclass_fields__}
    return plain_country(ActiveSet(**values))


def basemap_preview(folder: Path, today: date) -> tuple[MapDrawing, list[str]]:
    """Return the set in use today with the main roads of the base map; 404 without either."""
    digest, serving = current_basemap(folder), serving_set(today, read_active())
    if digest is None or serving is None:
        raise Problem(404, "not_found")
    return plain_country(serving), main_roads(basemap_path(folder, digest))


def basemap_facts(folder: Path) -> dict[str, Any] | None:
    """Return the file's name and size in MB of the base map in use; None without one."""
    digest = current_basemap(folder)
    if digest is None:
        return None
    try:
        source = json.loads((folder / "basemap.json").read_text()).get("source")
        size = basemap_path(folder, digest).stat().st_size
    except (OSError, ValueError):
        return None
    return {"digest": digest, "source": source, "megabytes": size / 1e6}
