"""The public page that checks a report's file against the seals, without a script."""

from typing import Any

from flask import Response, redirect, request, url_for

from backend.errors import Problem
from backend.reports.files.canonical import digest
from backend.reports.monthly.attachments import letters_of
from backend.reports.monthly.verification import check_digest
from backend.web.site.blueprint import PageBlueprint
from backend.web.site.pages import render

bp = PageBlueprint("seal", __name__)
# Ten times the size of a report of the largest province with its map.
FILE_MOST = 15_000_000
DIGEST_MOST = 64


@bp.page("/seal")
def ask(query: dict[str, Any]) -> Response:
    """Render the form for a report's file or its digest."""
    return render("web/public/seal.html", query["lang"])


@bp.page("/seal", methods=("POST",))
def send(query: dict[str, Any]) -> Any:
    """Redirect to the page of the uploaded file's digest; the file is not stored."""
    wanted = _sent()
    if not wanted:
        return redirect(url_for("seal.ask", lang=query["lang"]), 303)
    return redirect(url_for("seal.show", digest=wanted, lang=query["lang"]), 303)


@bp.page("/seal/<digest>")
def show(query: dict[str, Any], digest: str) -> Response:
    """Show the approved report of a digest, and whether its seal is valid."""
    try:
        found = check_digest(digest)
    except Problem as problem:
        response = render("web/public/seal.html", query["lang"], digest=digest[:DIGEST_MOST])
        response.status_code = problem.status
        return response
    letters = letters_of(found["report"]["id"])
    return render("web/public/seal.html", query["lang"], found=found, letters=letters)


def _sent() -> str:
    """Return the digest of the uploaded file, else the typed digest."""
    request.max_content_length = FILE_MOST
    file = request.files.get("file")
    if file is not None and file.filename:
        return digest(file.stream.read())
    return "".join(request.form.get("digest", "").split())[:DIGEST_MOST].lower()
