"""The blueprint with all pages; importing a module of views binds its pages."""

from backend.web.admin import (
    health_views,
    import_views,
    job_views,
    organisation_views,
    people_views,
    record_views,
    set_views,
    target_views,
)
from backend.web.admin.blueprint import bp

SECTIONS = (
    health_views,
    import_views,
    job_views,
    organisation_views,
    people_views,
    record_views,
    set_views,
    target_views,
)
blueprints = (bp,)
