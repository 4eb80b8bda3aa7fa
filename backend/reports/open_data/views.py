"""Open data at addresses that stay; ranges are served, so that DuckDB reads what it needs."""

from typing import Any

from flask import Blueprint, Response, jsonify, send_file

from backend.reports.open_data.service import FOLDER, published_file, published_months

bp = Blueprint("open_data", __name__, url_prefix=f"/{FOLDER}")
blueprints = (bp,)


@bp.get("/")
def list_open_data() -> Response:
    """List the months that were published."""
    return jsonify(published_months())


@bp.get("/<month>/<name>")
def get_open_data(month: str, name: str) -> Response:
    """Give a file of a month."""
    found = published_file(month, name)
    return send_file(found.path, found.media, etag=found.digest, conditional=True, max_age=0)


@bp.after_request
def _for_everybody(response: Response) -> Any:
    """Pages of others may read it too: it is public."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
