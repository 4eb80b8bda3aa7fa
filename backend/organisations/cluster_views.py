"""The API of clusters of communes."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser, row_id
from backend.clock import local_day
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import clock_now
from backend.organisations import clusters as service
from backend.organisations.cluster_schemas import (
    ClusterChangeSchema,
    ClusterNewSchema,
    ClusterPageSchema,
    ClusterSchema,
    ClustersQuerySchema,
)

cluster_blp = Blueprint("clusters", __name__, url_prefix="/api/v1", description="Cụm xã")
cluster_blp.ARGUMENTS_PARSER = PeopleParser()


@cluster_blp.get("/clusters")
@cluster_blp.arguments(ClustersQuerySchema, location="query")
@cluster_blp.response(200, ClusterPageSchema)
def list_clusters(query: dict[str, Any]) -> Any:
    """List clusters of communes."""
    return service.list_clusters(query, local_day(clock_now()))


@cluster_blp.post("/clusters")
@cluster_blp.doc(security=PERSON)
@cluster_blp.arguments(ClusterNewSchema)
@cluster_blp.response(201, ClusterSchema, headers=etags.TOLD, description="Added")
def create_cluster(asked: dict[str, Any]) -> Any:
    """Add a cluster of communes."""
    return etags.answered(service.create_cluster(actor(), asked, clock_now()), 201)


@cluster_blp.get("/clusters/<cluster_id>")
@cluster_blp.response(200, ClusterSchema, headers=etags.TOLD)
@cluster_blp.alt_response(304, description="As the client has it")
def show_cluster(cluster_id: str) -> Any:
    """Show a cluster of communes."""
    return etags.answered(service.show_cluster(row_id(cluster_id)))


@cluster_blp.patch("/clusters/<cluster_id>")
@cluster_blp.doc(security=PERSON, parameters=etags.WANTED)
@cluster_blp.arguments(ClusterChangeSchema)
@cluster_blp.response(200, ClusterSchema, headers=etags.TOLD)
def change_cluster(changes: dict[str, Any], cluster_id: str) -> Any:
    """Change a cluster of communes."""
    identity, seen = row_id(cluster_id), etags.expected()
    return etags.answered(service.change_cluster(actor(), identity, seen, changes))


@cluster_blp.delete("/clusters/<cluster_id>")
@cluster_blp.doc(security=PERSON, parameters=etags.WANTED)
@cluster_blp.response(200, ClusterSchema, headers=etags.TOLD, description="Ended")
@cluster_blp.alt_response(204, description="Removed: it was nobody's area")
def end_cluster(cluster_id: str) -> Any:
    """End a cluster of communes, or remove it where it was nobody's area."""
    identity, seen = row_id(cluster_id), etags.expected()
    return etags.ended(service.end_cluster(actor(), identity, seen, clock_now()))
