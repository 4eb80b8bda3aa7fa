"""The blueprint of officials' pages."""

from backend.web.site.blueprint import PageBlueprint

bp = PageBlueprint("desk", __name__, login_required=True, url_prefix="/desk")
