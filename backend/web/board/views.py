"""The blueprint with all pages; importing a module of views binds its pages."""

from backend.web.board import campaign_views, form_views
from backend.web.board.blueprint import bp

SECTIONS = (campaign_views, form_views)
blueprints = (bp,)
