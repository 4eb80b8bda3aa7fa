"""Logos of organisations: read within limits and stored as PNG only."""

import hashlib
import io
from base64 import b64encode

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.access import Actor, require
from backend.accounts.audit import record_act
from backend.campaign_setup.models import OrganisationLogo
from backend.database.extensions import db
from backend.errors import invalid
from backend.organisations.scopes import organisation_scope

MAX_UPLOAD_BYTES = 2_000_000
MAX_SIDE_PX = 4_000  # pixels of an uploaded picture
STORED_SIDE_PX = 512  # sharp at 40 mm on paper
FORMATS = ("PNG", "JPEG")


def set_logo(actor: Actor, organisation_id: int, raw: bytes) -> None:
    """Store a picture as the logo of an organisation; the caller commits."""
    require(actor, "organisation.edit", organisation_scope(organisation_id))
    png = as_png(raw)
    values = {"png": png, "digest": hashlib.sha256(png).hexdigest()}
    row = insert(OrganisationLogo).values(organisation_id=organisation_id, **values)
    db.session.execute(row.on_conflict_do_update(index_elements=["organisation_id"], set_=values))
    subject = f"organisation:{organisation_id}"
    record_act(actor, "organisation.logo", subject, digest=values["digest"])


def remove_logo(actor: Actor, organisation_id: int) -> None:
    """Delete the logo of an organisation; the caller commits."""
    require(actor, "organisation.edit", organisation_scope(organisation_id))
    db.session.execute(
        delete(OrganisationLogo).where(OrganisationLogo.organisation_id == organisation_id)
    )
    record_act(actor, "organisation.logo", f"organisation:{organisation_id}", digest=None)


def logo_of(organisation_id: int) -> bytes | None:
    """Return the logo of an organisation as PNG, or None."""
    query = select(OrganisationLogo.png).where(OrganisationLogo.organisation_id == organisation_id)
    png: bytes | None = db.session.scalar(query)
    return png


def logo_address(organisation_id: int) -> str | None:
    """Return the logo of an organisation as a data URL, for drawings."""
    logo = logo_of(organisation_id)
    return f"data:image/png;base64,{b64encode(logo).decode()}" if logo else None


def as_png(raw: bytes) -> bytes:
    """Re-encode a PNG or JPEG: what else the file contains is lost; 422 for anything else."""
    from PIL import Image, UnidentifiedImageError

    if len(raw) > MAX_UPLOAD_BYTES:
        raise invalid("file", "picture_too_large")
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
            if max(picture.size) > MAX_SIDE_PX:
                raise invalid("file", "picture_too_large")
            drawn = picture.convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise invalid("file", "not_picture") from None
    drawn.thumbnail((STORED_SIDE_PX, STORED_SIDE_PX))
    out = io.BytesIO()
    drawn.save(out, "PNG", optimize=True)
    return out.getvalue()
