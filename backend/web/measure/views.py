"""The measuring page at /do, its service worker and manifest, and the short URLs of posters."""

from typing import Any

from flask import Response, current_app, json, redirect, url_for
from werkzeug.wrappers import Response as BaseResponse

from backend.devices import consent
from backend.http.requests import language
from backend.web.measure.script_texts import script_texts
from backend.web.measure.service import manifest, worker
from backend.web.measure.speed_views import speed_bp
from backend.web.site.blueprint import PageBlueprint
from backend.web.site.content_security_policy import SCRIPTED_REQUESTS, measuring_policy
from backend.web.site.pages import render

bp = PageBlueprint("do", __name__)
blueprints = (bp, speed_bp)


@bp.page("/do/", policy=measuring_policy)
def measure(query: dict[str, Any]) -> Response:
    """Render the measuring page."""
    page_language = query["lang"] or language()
    return render(
        "web/measure/do.html",
        query["lang"],
        consent=consent.statement(_operator(), page_language),
        scripted=script_texts(page_language),
        speed=current_app.config["SPEED_URL"],
    )


def _operator() -> consent.Operator:
    config = current_app.config
    return consent.Operator(
        config["OPERATOR_NAME"], config["OPERATOR_CONTACT"], config["RETENTION_DAYS"]
    )


@bp.page("/do/worker.js", None, policy="default-src 'none'; script-src 'self'; connect-src 'self'")
def service_worker() -> Response:
    """Send the service worker, which caches the page and sends waiting samples."""
    consents = json.dumps(
        [consent.statement(_operator(), "vi"), consent.statement(_operator(), "en")]
    )
    answer = Response(worker(consents), content_type="text/javascript; charset=utf-8")
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.page("/do/app.webmanifest")
def install(query: dict[str, Any]) -> Response:
    """Send the web app manifest."""
    body = json.dumps(manifest(query["lang"] or language()), ensure_ascii=False)
    return Response(body, content_type="application/manifest+json")


@bp.get("/j/<code>")
def join_by_address(code: str) -> BaseResponse:
    """Redirect a typed short URL to the page, with the code in the fragment."""
    return redirect(url_for("do.measure", _anchor=code[:20]))


@bp.page("/withdraw", policy=SCRIPTED_REQUESTS)
def withdraw(query: dict[str, Any]) -> Response:
    """Render the page for withdrawing consent by code."""
    return render("web/public/withdraw.html", query["lang"])
