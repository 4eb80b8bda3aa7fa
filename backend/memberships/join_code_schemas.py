"""Requests and answers about join codes."""

from typing import Any

from marshmallow import Schema, fields, post_load

from backend.fields import AwareTime, Strict, Whole
from backend.memberships.join_codes import Limits
from backend.memberships.schemas import BriefSchema

# More people than any team has; one code for a whole province would say nothing of teams.
USES_MOST = 100_000


class LimitsSchema(Strict):
    """Until when the new code can be used, and how often at most; null for no limit."""

    expires_at = AwareTime(allow_none=True, load_default=None)
    uses_most = Whole(1, USES_MOST, allow_none=True, load_default=None)

    @post_load
    def limits(self, data: dict[str, Any], **_: Any) -> Limits:
        """Make the limits."""
        return Limits(**data)


class JoinCodeSchema(Schema):
    """A team's code; `content` is what its QR code holds."""

    code = fields.String(required=True)
    content = fields.String(required=True)
    campaign = fields.Nested(BriefSchema, required=True)
    team = fields.Nested(BriefSchema, required=True)
    created_at = fields.AwareDateTime(required=True)
    expires_at = fields.AwareDateTime(required=True, allow_none=True)
    uses = fields.Integer(required=True)
    uses_most = fields.Integer(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"enum": ["in_force", "expired", "used_up"]})
