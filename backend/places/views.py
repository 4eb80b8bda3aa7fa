"""API of hamlets and of places without coverage."""

from flask import Response
from flask.typing import ResponseReturnValue

from backend.accounts.authentication import SignedInParser, actor
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import Blueprint, clock_now
from backend.places import hamlets, proposals, publication, schemas, service

blp = Blueprint(
    "hamlets",
    __name__,
    description="Hamlets of provinces",
    parser=SignedInParser(),
)
places = Blueprint(
    "gap_places",
    __name__,
    description="Places without coverage",
    parser=SignedInParser(),
)
public = Blueprint("public_places", __name__, description="Places without coverage")
blueprints = (blp, places, public)


@blp.get("/units/<code>/hamlets")
@blp.doc(security=PERSON)
@blp.arguments(schemas.HamletQuerySchema, location="query")
@blp.response(200, schemas.HamletPageSchema)
def list_hamlets(query: hamlets.HamletQuery, code: str) -> hamlets.HamletPage:
    """List the hamlets of a province, for its officials."""
    return hamlets.list_hamlets(actor(), code, query, clock_now())


@blp.post("/units/<code>/hamlets")
@blp.doc(security=PERSON)
@blp.arguments(schemas.HamletSchema)
@blp.response(201, schemas.HamletAnswerSchema, headers=etags.ETAG_HEADER, description="Added")
def add_hamlet(data: hamlets.HamletFields, code: str) -> ResponseReturnValue:
    """Add a hamlet to the list of a province."""
    return etags.with_etag(hamlets.add_hamlet(actor(), code, data, clock_now()), 201)


@blp.put("/hamlets/<int:hamlet_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.HamletSchema)
@blp.response(200, schemas.HamletAnswerSchema, headers=etags.ETAG_HEADER)
def change_hamlet(data: hamlets.HamletFields, hamlet_id: int) -> ResponseReturnValue:
    """Change a hamlet: its name, commune, position, and what else the office knows."""
    expected = etags.expected()
    return etags.with_etag(hamlets.change_hamlet(actor(), hamlet_id, expected, data, clock_now()))


@blp.delete("/hamlets/<int:hamlet_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def remove_hamlet(hamlet_id: int) -> None:
    """Remove a hamlet from the list."""
    hamlets.remove_hamlet(actor(), hamlet_id, etags.expected())


@places.get("/units/<code>/places")
@places.doc(security=PERSON)
@places.arguments(schemas.PlaceQuerySchema, location="query")
@places.response(200, schemas.PlacePageSchema)
def list_places(query: service.PlaceQuery, code: str) -> service.PlacePage:
    """List the places without coverage of a province, for its officials."""
    return service.list_places(actor(), code, query, clock_now())


@places.post("/units/<code>/places")
@places.doc(security=PERSON)
@places.arguments(schemas.NewPlaceSchema)
@places.response(201, schemas.PlaceDetailsSchema, headers=etags.ETAG_HEADER, description="Added")
def add_place(data: service.NewPlace, code: str) -> ResponseReturnValue:
    """Add a place without coverage: a hamlet, or a position that the official sets."""
    return etags.with_etag(service.add_place(actor(), code, data, clock_now()), 201)


@public.get("/places")
@public.doc(security=[{}, *PERSON])
@public.arguments(schemas.PublicPlacesQuerySchema, location="query")
@public.response(200, schemas.PublicPlacesSchema)
@public.alt_response(304, description="Nothing changed since the places of If-None-Match")
def list_published(query: publication.PublicPlacesQuery) -> Response:
    """List the published places without coverage of a province or a commune."""
    return etags.with_digest(publication.list_published(query["unit"], clock_now()))


@places.put("/places/<int:place_id>/publication")
@places.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@places.arguments(schemas.PublicationSchema)
@places.response(200, schemas.PlaceDetailsSchema, headers=etags.ETAG_HEADER)
def set_publication(data: publication.Publication, place_id: int) -> ResponseReturnValue:
    """Publish a place that an operator has been told of, or take it back."""
    expected, now = etags.expected(), clock_now()
    return etags.with_etag(publication.set_publication(actor(), place_id, expected, data, now))


@places.get("/places/<int:place_id>")
@places.doc(security=PERSON)
@places.response(200, schemas.PlaceDetailsSchema, headers=etags.ETAG_HEADER)
def show_place(place_id: int) -> ResponseReturnValue:
    """Show a place without coverage, with its history and its evidence of today."""
    return etags.with_etag(service.show_place(actor(), place_id, clock_now()))


@places.post("/places/<int:place_id>/steps")
@places.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@places.arguments(schemas.StepSchema)
@places.response(201, schemas.PlaceDetailsSchema, headers=etags.ETAG_HEADER, description="Added")
def add_step(data: service.NewStep, place_id: int) -> ResponseReturnValue:
    """Add the next step of a place, or one that corrects the newest."""
    expected = etags.expected()
    return etags.with_etag(service.add_step(actor(), place_id, expected, data, clock_now()), 201)


@places.get("/units/<code>/places/proposals")
@places.doc(security=PERSON)
@places.response(200, schemas.ProposedPlacesSchema)
def list_proposals(code: str) -> proposals.ProposedPlaces:
    """List hamlets and cells with evidence and without a place, those with most first."""
    return proposals.list_proposals(actor(), code, clock_now())
