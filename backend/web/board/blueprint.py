"""The blueprint of organisers' pages."""

from backend.web.site.blueprint import PageBlueprint

bp = PageBlueprint("board", __name__, login_required=True, url_prefix="/campaigns")
