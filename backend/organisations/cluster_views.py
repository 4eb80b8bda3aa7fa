"""The API of clusters of communes."""

from typing import Any

from backend.accounts.authentication import SignedInParser, actor
from backend.clock import local_day
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.organisations import clusters as service
from backend.organisations.cluster_schemas import (
    ClusterChangeSchema,
    ClusterCreateSchema,
    ClusterPageSchema,
    ClusterSchema,
    ClustersQuerySchema,
)

blp = Blueprint("clusters", __name__, description="Cụm xã", parser=SignedInParser())


@blp.get("/clusters")
@blp.arguments(ClustersQuerySchema, location="query")
@blp.response(200, ClusterPageSchema)
def list_clusters(query: dict[str, Any]) -> Any:
    """List clusters of communes."""
    return service.list_clusters(query, local_day(clock_now()))


@blp.post("/clusters")
@blp.doc(security=PERSON)
@blp.arguments(ClusterCreateSchema)
@blp.response(201, ClusterSchema, headers=etags.ETAG_HEADER, description="Added")
def create_cluster(data: dict[str, Any]) -> Any:
    """Add a cluster of communes."""
    return etags.with_etag(service.create_cluster(actor(), data, clock_now()), 201)


@blp.get("/clusters/<int:cluster_id>")
@blp.response(200, ClusterSchema, headers=etags.ETAG_HEADER)
@blp.alt_response(304, description="As the client has it")
def show_cluster(cluster_id: int) -> Any:
    """Show a cluster of communes."""
    return etags.with_etag(service.show_cluster(cluster_id))


@blp.patch("/clusters/<int:cluster_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(ClusterChangeSchema)
@blp.response(200, ClusterSchema, headers=etags.ETAG_HEADER)
def change_cluster(changes: dict[str, Any], cluster_id: int) -> Any:
    """Change a cluster of communes."""
    expected = etags.expected()
    return etags.with_etag(service.change_cluster(actor(), cluster_id, expected, changes))


@blp.delete("/clusters/<int:cluster_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(200, ClusterSchema, headers=etags.ETAG_HEADER, description="Ended")
@blp.alt_response(204, description="Removed: it was nobody's area")
def end_cluster(cluster_id: int) -> Any:
    """End a cluster of communes, or remove it where it was nobody's area."""
    expected = etags.expected()
    return etags.with_etag_or_204(service.end_cluster(actor(), cluster_id, expected, clock_now()))
