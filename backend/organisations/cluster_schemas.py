"""Requests and answers about clusters of communes."""

from marshmallow import Schema, fields

from backend.fields import ID_MOST, Day, Object, Strict, Text, Whole
from backend.organisations.fields import (
    Many,
    Name,
    PageSchema,
    QueryId,
    UnitBriefSchema,
    UnitReferenceSchema,
)
from backend.organisations.schemas import YES_NO

# A district before the reform had some fifteen communes, a province some hundreds.
UNITS_MOST = 1_000


def _units(**options: bool) -> Many:
    return Many(Object(UnitReferenceSchema), least=1, most=UNITS_MOST, **options)


class ClustersQuerySchema(PageSchema):
    """Filters of clusters; ended ones are left out by default."""

    organisation = QueryId(load_default=None)
    ended = Text(choices=YES_NO, load_default="false")


class ClusterChangeSchema(Strict):
    """Changes of a cluster; a missing field stays as it is."""

    name = Name()
    units = _units()
    valid_to = Day(allow_none=True)


class ClusterCreateSchema(Strict):
    """A new cluster, by default from today on; without an organisation it is the admins'."""

    organisation_id = Whole(1, ID_MOST, allow_none=True, load_default=None)
    name = Name(required=True)
    units = _units(required=True)
    valid_from = Day(allow_none=True, load_default=None)
    valid_to = Day(allow_none=True, load_default=None)


class ClusterSchema(Schema):
    """A cluster, valid to its last day or until further notice."""

    id = fields.Integer(required=True)
    organisation_id = fields.Integer(required=True, allow_none=True)
    name = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(required=True, allow_none=True)
    units = fields.List(fields.Nested(UnitBriefSchema), required=True)
    version = fields.Integer(required=True)


class ClusterPageSchema(Schema):
    """A page of clusters in Vietnamese order."""

    items = fields.List(fields.Nested(ClusterSchema), required=True)
    next = fields.String(required=True, allow_none=True)
