"""Figures and vector tiles for the script map."""

import re
from pathlib import Path

import orjson
from flask import Blueprint, Response, current_app, request, send_file

from backend.clock import local_day
from backend.coverage.figures.service import map_figures
from backend.coverage.figures.unit_access import figures_reader
from backend.errors import Problem
from backend.http.requests import Parser, clock_now
from backend.http.static_files import IMMUTABLE
from backend.web.maps.basemap import basemap_path
from backend.web.maps.drawing import pick_map
from backend.web.maps.tiles import tiles_path
from backend.web.site.pages import render_part
from backend.web.site.schemas import (
    FiguresQuery,
    FiguresQuerySchema,
    OutlinesQuery,
    OutlinesQuerySchema,
)

bp = Blueprint("map", __name__, url_prefix="/map")
blueprints = (bp,)
arguments = Parser().use_args


@bp.get("/figures")
@arguments(FiguresQuerySchema, location="query")
def figures(query: FiguresQuery) -> Response:
    """Return the step and the counts of every unit with samples."""
    figures = map_figures(query["month"], query["network"], clock_now(), figures_reader())
    return _with_tag(Response(orjson.dumps(figures), content_type="application/json"))


@bp.get("/outlines")
@arguments(OutlinesQuerySchema, location="query")
def show_outlines(query: OutlinesQuery) -> Response:
    """Return a map of the provinces, or of the communes of one, on which units are chosen."""
    drawn, labels = pick_map(local_day(clock_now()), query["within"])
    part = render_part("web/maps/pick.html", query["lang"], drawn=drawn, labels=labels)
    return _with_tag(Response(part, mimetype="text/html"))


def _with_tag(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/tiles/<digest>.pmtiles")
def tiles(digest: str) -> Response:
    """Send the tiles of a boundary set, or the requested range of them."""
    return _send_tiles(tiles_path(current_app.config["VAR_DIR"] / "tiles", digest), digest)


@bp.get("/base/<digest>.pmtiles")
def base(digest: str) -> Response:
    """Send roads and water of the operator's base map, or the requested range of them."""
    return _send_tiles(basemap_path(current_app.config["VAR_DIR"] / "tiles", digest), digest)


def _send_tiles(path: Path, digest: str) -> Response:
    if not re.fullmatch("[0-9a-f]{64}", digest) or not path.exists():
        raise Problem(404, "not_found")
    response = send_file(path, "application/vnd.pmtiles", conditional=True, etag=digest)
    response.headers["Cache-Control"] = IMMUTABLE
    return response
