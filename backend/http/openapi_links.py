"""Names of operations in the OpenAPI document, and links between them, for clients and fuzzers."""

from typing import Any

from apispec import BasePlugin

ROOT = "/api/v1"
ID = "$response.body#/id"
TAG = {"If-Match": "$response.header.ETag"}


def _row(path: str, *methods: str) -> dict[str, dict[str, str]]:
    """Return the operations on the row that was added; changes send its version."""
    name = path[path.index("{") + 1 : path.index("}")]
    return {f"{method} {path}": {name: ID} | ({} if method == "get" else TAG) for method in methods}


CRUD = ("get", "patch", "delete")
_ORGANISATION = "/organisations/{organisation_id}"
_TEAM = "/campaigns/{campaign_id}/teams/{team_id}"
_CAMPAIGN = "/campaigns/{campaign_id}"
_REPORT = "/reports/{report_id}"

# Operation: operations that use its answer, with the sources of their parameters.
FOLLOWS: dict[str, dict[str, dict[str, str]]] = {
    "post /devices": {"get /devices/me": {}, "get /devices/me/export": {}},
    "post /measurements": {
        "get /measurements/{identity}": {"identity": ID},
        "get /measurements": {},
    },
    "get /measurements": {"get /measurements": {"cursor": "$response.body#/next"}},
    "get /units": {
        f"get /units/{{code}}{part}": {"code": "$response.body#/items/0/code"}
        for part in ("", "/geometry", "/history", "/hours", "/cells", "/statistics")
    },
    "post /withdrawal-requests": {"post /withdrawal-requests/{identity}/steps": {"identity": ID}},
    "post /targets": {"patch /targets/{target_id}": {"target_id": ID} | TAG},
    "post /organisations": {
        **_row(_ORGANISATION, *CRUD),
        f"post {_ORGANISATION}/teams": {"organisation_id": ID},
        f"get {_ORGANISATION}/teams": {"organisation_id": ID},
    },
    f"post {_ORGANISATION}/teams": {
        **_row("/teams/{team_id}", *CRUD),
        "get /teams/{team_id}/members": {"team_id": ID},
    },
    "post /clusters": _row("/clusters/{cluster_id}", *CRUD),
    "post /campaigns": {
        **_row(_CAMPAIGN, *CRUD),
        **_row(f"{_CAMPAIGN}/changes", "post"),
        **{
            f"get {_CAMPAIGN}/{part}": {"campaign_id": ID}
            for part in ("plan", "contributions", "leaderboard", "summary", "signals")
        },
    },
    f"post {_TEAM}/join-code": {
        f"get {_TEAM}/{part}": {
            "campaign_id": "$request.path.campaign_id",
            "team_id": "$request.path.team_id",
        }
        for part in ("join-code", "join-code.svg", "join-code.png", "poster")
    },
    "post /memberships": {"delete /memberships/{membership_id}": {"membership_id": ID}},
    "post /invitations": {
        "post /users/{user_id}/roles": {"user_id": "$response.body#/user_id"},
        "post /users/{user_id}/password-link": {"user_id": "$response.body#/user_id"},
    },
    "post /users/{user_id}/roles": {
        "delete /users/{user_id}/roles/{role_id}": {
            "user_id": "$request.path.user_id",
            "role_id": ID,
        }
    },
    "post /deputies": {"delete /deputies/{deputy_id}": {"deputy_id": ID}},
    "post /account/tokens": {"delete /account/tokens/{token_id}": {"token_id": ID}},
    "post /units/{code}/exclusions": {
        "post /units/{code}/exclusions/{exclusion_id}/lift": {
            "code": "$request.path.code",
            "exclusion_id": ID,
        }
    },
    "post /reports": {
        **_row(_REPORT, *CRUD),
        f"get {_REPORT}/figures": {"report_id": ID},
        **_row(f"{_REPORT}/freeze", "post"),
    },
    f"post {_REPORT}/freeze": _row(f"{_REPORT}/approve", "post"),
    f"post {_REPORT}/approve": {
        **_row(f"{_REPORT}/supersede", "post"),
        f"get {_REPORT}/supplement": {"report_id": ID},
        f"post {_REPORT}/attachments": {"report_id": ID},
        "get /reports/by-digest/{digest}": {"digest": "$response.body#/digest"},
    },
}


class Links(BasePlugin):
    """Adds links to the answers of each operation."""

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **more: Any
    ) -> None:
        """Add the links of a path; called by apispec."""
        for method, operation in (operations or {}).items():
            follows = FOLLOWS.get(f"{method} {(path or '').removeprefix(ROOT)}", {})
            links = {_name(target): _link(target, sources) for target, sources in follows.items()}
            for status, answer in operation["responses"].items():
                if links and str(status).startswith("2"):
                    answer["links"] = links


class OperationNames(BasePlugin):
    """Names each operation by its view: generated clients name their functions so."""

    def operation_helper(
        self, path: str | None = None, operations: dict[str, Any] | None = None, **more: Any
    ) -> None:
        """Name the operation of a view; called by apispec for each."""
        for operation in (operations or {}).values():
            operation["operationId"] = more["rule"].endpoint.rpartition(".")[2]


def _link(target: str, sources: dict[str, str]) -> dict[str, Any]:
    method, _, path = target.partition(" ")
    pointer = f"{ROOT}{path}".replace("/", "~1")
    return {"operationRef": f"#/paths/{pointer}/{method}", "parameters": sources}


def _name(target: str) -> str:
    """Return a valid name of a component: letters, digits and `.-_`."""
    words = [word for word in target.replace(" ", "/").split("/") if word]
    return "-".join(word for word in words if not word.startswith("{"))
