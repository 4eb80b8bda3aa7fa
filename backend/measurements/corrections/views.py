"""API of organisers' decisions on measurements of their campaigns."""

from backend.accounts.authentication import PersonBlueprint, actor
from backend.http import etags
from backend.measurements.corrections import service
from backend.measurements.corrections.schemas import (
    ChangeEffectSchema,
    Changes,
    ChangesSchema,
    CorrectionCreate,
    CorrectionCreateSchema,
    DecisionEffectSchema,
    ExclusionCreate,
    ExclusionCreateSchema,
)
from backend.measurements.corrections.service import (
    ChangeEffect,
    Decision,
    DecisionEffect,
    change_campaign,
)

blp = PersonBlueprint("decisions", __name__, description="Corrections by organisers")
blueprints = (blp,)


@blp.post("/campaigns/<int:campaign_id>/corrections")
@blp.arguments(CorrectionCreateSchema)
@blp.response(200, DecisionEffectSchema)
def correct(data: CorrectionCreate, campaign_id: int) -> DecisionEffect:
    """Give measurements to another team of a campaign, or to none."""
    decision = Decision(data["reason"], team_id=data["team_id"])
    return service.decide(actor(), campaign_id, data["choice"], decision, preview=data["preview"])


@blp.post("/campaigns/<int:campaign_id>/exclusions")
@blp.arguments(ExclusionCreateSchema)
@blp.response(200, DecisionEffectSchema)
def exclude(data: ExclusionCreate, campaign_id: int) -> DecisionEffect:
    """Exclude measurements from one campaign's figures, or include them; the commune keeps them."""
    decision = Decision(data["reason"], exclude=data["excluded"])
    return service.decide(actor(), campaign_id, data["choice"], decision, preview=data["preview"])


@blp.post("/campaigns/<int:campaign_id>/changes")
@blp.doc(parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(ChangesSchema)
@blp.response(200, ChangeEffectSchema)
def change(data: Changes, campaign_id: int) -> ChangeEffect:
    """Change a campaign on which earnings depend, or show the effect."""
    seen, preview = etags.expected(), data["preview"]
    return change_campaign(actor(), campaign_id, seen, data["changes"], preview=preview)
