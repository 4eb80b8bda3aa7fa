"""The blueprint with all pages; importing a module of views binds its pages."""

from backend.web.desk import area_views, exclusion_views, office_views, report_views
from backend.web.desk.blueprint import bp

SECTIONS = (area_views, exclusion_views, office_views, report_views)
blueprints = (bp,)
