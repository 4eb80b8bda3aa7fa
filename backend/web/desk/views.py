"""All pages of officials: a section binds its pages to the blueprint when it is imported."""

from backend.web.desk import area_views, exclusion_views, office_views, report_views
from backend.web.desk.blueprint import bp

SECTIONS = (area_views, exclusion_views, office_views, report_views)
blueprints = (bp,)
