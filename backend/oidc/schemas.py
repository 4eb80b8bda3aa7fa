"""Requests and answers of the API of identities."""

from marshmallow import Schema, fields

from backend.http.paging import list_of


class IdentitySchema(Schema):
    """An account at a provider with which the person signs in."""

    id = fields.Integer(required=True)
    issuer = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    signed_in_at = fields.AwareDateTime(required=True)


IdentitiesSchema = list_of(IdentitySchema, "Identities")


class LinkingSchema(Schema):
    """The address at the provider where the person signs in to link the account."""

    url = fields.String(required=True)
