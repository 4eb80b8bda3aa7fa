"""All pages of organisers: a section binds its pages to the blueprint when it is imported."""

from backend.web.board import campaign_views, form_views
from backend.web.board.blueprint import bp

SECTIONS = (campaign_views, form_views)
blueprints = (bp,)
