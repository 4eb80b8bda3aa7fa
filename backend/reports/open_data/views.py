"""Serve open data at permanent addresses, with ranges for DuckDB."""

from flask import Blueprint, Response, jsonify, send_file

from backend.http.requests import allow_any_origin
from backend.reports.open_data.service import FOLDER, published_file, published_months

bp = Blueprint("open_data", __name__, url_prefix=f"/{FOLDER}")
bp.after_request(allow_any_origin)
blueprints = (bp,)


@bp.get("/")
def list_open_data() -> Response:
    """List the published months."""
    return jsonify(published_months())


@bp.get("/<month>/<name>")
def get_open_data(month: str, name: str) -> Response:
    """Send a file of a month."""
    path, digest, media = published_file(month, name)
    return send_file(path, media, etag=digest, conditional=True, max_age=0)
