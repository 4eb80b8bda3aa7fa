"""The access matrix: the status of every endpoint for each of eight actors.

A row is an endpoint, with a case in brackets if one row is not enough. The requests are valid
(requests.py), so that a status of 200 or more means success. The organiser belongs to the
organisation of the campaign and the team, the official to the province.
"""

from tests.support.access.table_admin import ADMIN_PAGES
from tests.support.access.table_pages import EVERYBODY, PAGES

ACTORS = (
    "nobody",
    "device",
    "team leader",
    "organiser",
    "other organiser",
    "official",
    "other official",
    "admin",
)

CAMPAIGN = "/api/v1/campaigns/<int:campaign_id>"
CODE = f"{CAMPAIGN}/teams/<int:team_id>/join-code"
ORGANISATION = "/api/v1/organisations/<int:organisation_id>"
REPORT = "/api/v1/reports/<int:report_id>"
MEMBERSHIP = "/api/v1/memberships/<int(max=9223372036854775807):membership_id>"

IDENTITY = "/api/v1/account/identities/<int:identity_id>"
LIFT = "/api/v1/units/<code>/exclusions/<int:exclusion_id>/lift"

# nobody, device, team leader, organiser, other organiser, official, other official, admin
TABLE = {
    **PAGES,
    **ADMIN_PAGES,
    # units and coverage are public
    "GET /api/v1/units": EVERYBODY,
    "GET /api/v1/units/search": EVERYBODY,
    "GET /api/v1/units/<code>": EVERYBODY,
    "GET /api/v1/units/<code>/geometry": EVERYBODY,
    "POST /api/v1/units/locate": EVERYBODY,
    "GET /api/v1/coverage": EVERYBODY,
    "GET /api/v1/alerts": EVERYBODY,
    # targets are public; admins set them
    "GET /api/v1/targets": EVERYBODY,
    "POST /api/v1/targets": "401 401 403 403 403 403 403 201",
    "PATCH /api/v1/targets/<int:target_id>": "401 401 403 403 403 403 403 200",
    "GET /api/v1/statistics": EVERYBODY,
    "GET /api/v1/units/<code>/comparison": EVERYBODY,
    "GET /api/v1/units/<code>/statistics": EVERYBODY,
    "GET /api/v1/units/<code>/history": EVERYBODY,
    "GET /api/v1/units/<code>/hours": EVERYBODY,
    "GET /api/v1/units/<code>/cells": "200 401 200 200 200 200 200 200",
    "GET /api/v1/no-connection": EVERYBODY,
    "GET /api/v1/units/<code>/no-connection": EVERYBODY,
    "GET /api/v1/units/<code>/no-connection-notes": "404 401 404 404 404 200 404 200",
    "POST /api/v1/units/<code>/no-connection-notes/exclusions": "401 401 404 404 404 200 404 200",
    # VNNIC's counts are public; officials import rows of their area
    "GET /api/v1/vnnic": EVERYBODY,
    "GET /api/v1/vnnic/ispeed": "401 401 403 403 403 200 200 200",
    "POST /api/v1/vnnic/import": "401 401 403 403 403 200 200 200",
    "POST /api/v1/units/<code>/vnnic": "401 401 403 403 403 200 403 200",
    "GET /api/v1/units/<code>/steering": "404 401 404 404 404 200 404 200",
    "POST /api/v1/units/<code>/steering": "401 401 404 404 404 200 404 200",
    # outreach: officials of the area, organisers of the campaign, the leader of the team
    "GET /api/v1/units/<code>/outreach": "404 401 404 404 404 200 404 200",
    "POST /api/v1/units/<code>/outreach": "401 401 404 404 404 201 404 201",
    f"GET {CAMPAIGN}/teams/<int:team_id>/outreach": "404 401 200 200 404 404 404 200",
    f"POST {CAMPAIGN}/teams/<int:team_id>/outreach": "401 401 201 201 404 404 404 201",
    "PUT /api/v1/outreach/<int:entry_id>": "401 401 404 404 404 200 404 200",
    "PUT /api/v1/outreach/<int:entry_id> (of a team)": "401 401 200 200 404 403 404 200",
    "DELETE /api/v1/outreach/<int:entry_id>": "404 401 404 404 404 204 404 204",
    # hamlets: officials of the province alone
    "GET /api/v1/units/<code>/hamlets": "404 401 404 404 404 200 404 200",
    "POST /api/v1/units/<code>/hamlets": "401 401 404 404 404 201 404 201",
    "PUT /api/v1/hamlets/<int:hamlet_id>": "401 401 404 404 404 200 404 200",
    "DELETE /api/v1/hamlets/<int:hamlet_id>": "404 401 404 404 404 204 404 204",
    # places without coverage: as hamlets
    "GET /api/v1/units/<code>/places": "404 401 404 404 404 200 404 200",
    "POST /api/v1/units/<code>/places": "401 401 404 404 404 201 404 201",
    "GET /api/v1/units/<code>/places/proposals": "404 401 404 404 404 200 404 200",
    "GET /api/v1/places": EVERYBODY,
    "PUT /api/v1/places/<int:place_id>/publication": "401 401 404 404 404 200 404 200",
    "GET /api/v1/places/<int:place_id>": "404 401 404 404 404 200 404 200",
    "POST /api/v1/places/<int:place_id>/steps": "401 401 404 404 404 201 404 201",
    # OGC API Features, for QGIS
    "GET /ogc/": EVERYBODY,
    "GET /ogc/conformance": EVERYBODY,
    "GET /ogc/collections": EVERYBODY,
    "GET /ogc/collections/<name>": EVERYBODY,
    "GET /ogc/collections/<name>/items": EVERYBODY,
    "GET /ogc/collections/<name>/items/<code>": EVERYBODY,
    # OData, for Excel: an own area needs a person; a campaign or an area without rows is empty
    "GET /api/v1/odata/": EVERYBODY,
    "GET /api/v1/odata/$metadata": EVERYBODY,
    "GET /api/v1/odata/<name>": EVERYBODY,
    "GET /api/v1/odata/<name> (contributions)": "401 401 200 200 200 200 200 200",
    "GET /api/v1/odata/<name> (samples)": "401 401 200 200 200 200 200 200",
    "GET /api/v1/odata/<name>/$count": EVERYBODY,
    # events: officials of their area, admins all; webhooks are set by admins
    "GET /api/v1/events": "401 401 403 403 403 200 200 200",
    "GET /api/v1/webhooks": "401 401 403 403 403 403 403 200",
    "POST /api/v1/webhooks": "401 401 403 403 403 403 403 201",
    "GET /api/v1/webhooks/<int:webhook_id>": "401 401 403 403 403 403 403 200",
    "PATCH /api/v1/webhooks/<int:webhook_id>": "401 401 403 403 403 403 403 200",
    "POST /api/v1/webhooks/<int:webhook_id>/replay": "401 401 403 403 403 403 403 200",
    "POST /api/v1/webhooks/<int:webhook_id>/secret": "401 401 403 403 403 403 403 200",
    "DELETE /api/v1/webhooks/<int:webhook_id>": "401 401 403 403 403 403 403 204",
    # devices: a phone registers itself; its token gives access to its own data alone
    "GET /api/v1/consent": EVERYBODY,
    "GET /api/v1/rules": EVERYBODY,
    "POST /api/v1/devices": "201 201 201 201 201 201 201 201",
    "POST /api/v1/withdrawals": EVERYBODY,
    "POST /api/v1/withdrawals/effects": EVERYBODY,
    "GET /api/v1/devices/me": "401 200 401 401 401 401 401 401",
    "DELETE /api/v1/devices/me": "401 200 401 401 401 401 401 401",
    "GET /api/v1/devices/me/withdrawal": "401 200 401 401 401 401 401 401",
    "DELETE /api/v1/devices/me/positions": "401 200 401 401 401 401 401 401",
    # of another phone
    "POST /api/v1/devices/me/notices/<int:notice_id>/read": "401 404 401 401 401 401 401 401",
    "POST /api/v1/devices/me/consents": "401 201 401 401 401 401 401 401",
    # without a measuring server for it, the app cannot be connected
    "POST /api/v1/devices/me/open-rmbt": "401 404 401 401 401 401 401 401",
    "POST /api/v1/no-connection-notes": "401 201 401 401 401 401 401 401",
    "GET /api/v1/no-connection-notes": "401 200 401 401 401 401 401 401",
    "GET /api/v1/devices/me/export": "401 200 401 401 401 401 401 401",
    "POST /api/v1/tests": "401 201 401 401 401 401 401 401",
    "GET /api/v1/tests/keys": EVERYBODY,
    "GET /api/v1/hosts": EVERYBODY,
    "POST /api/v1/measurements": "401 201 401 401 401 401 401 401",
    "GET /api/v1/measurements": "401 200 401 401 401 401 401 401",
    "GET /api/v1/measurements/<identity>": "401 200 401 401 401 401 401 401",
    "GET /api/v1/measurements/<identity> (another's)": "401 404 401 401 401 401 401 401",
    "POST /api/v1/measurements/check": "401 200 401 401 401 401 401 401",
    # people: sign-in is public; passwords, second factors and tokens need a session
    "POST /api/v1/sessions": EVERYBODY,
    "DELETE /api/v1/sessions/current": "401 401 204 204 204 204 204 204",
    "POST /api/v1/account/password": "401 401 204 204 204 204 204 204",
    "POST /api/v1/invitations/accept": EVERYBODY,
    "GET /api/v1/account": "401 401 200 200 200 200 200 200",
    "PATCH /api/v1/account/password": "401 401 204 204 204 204 204 204",
    "PATCH /api/v1/account/name": "401 401 204 204 204 204 204 204",
    # the admin already has a second factor; the last admin cannot be removed
    "POST /api/v1/account/totp": "401 401 200 200 200 200 200 409",
    "POST /api/v1/account/totp/confirm": "401 401 200 200 200 200 200 200",
    # codes need a second factor, which the admin has
    "POST /api/v1/account/recovery-codes": "401 401 409 409 409 409 409 201",
    "DELETE /api/v1/account/totp": "401 401 204 204 204 204 204 204",
    "DELETE /api/v1/account": "401 401 204 204 204 204 204 409",
    # without a provider nothing can be linked
    "GET /api/v1/account/identities": "401 401 200 200 200 200 200 200",
    "POST /api/v1/account/identities": "401 401 404 404 404 404 404 404",
    f"DELETE {IDENTITY}": "401 401 204 204 204 204 204 204",
    f"DELETE {IDENTITY} (another's)": "401 401 404 404 404 404 404 404",
    "GET /api/v1/account/tokens": "401 401 200 200 200 200 200 200",
    "POST /api/v1/account/tokens": "401 401 201 201 201 201 201 201",
    "DELETE /api/v1/account/tokens/<int:token_id>": "401 401 204 204 204 204 204 204",
    "DELETE /api/v1/account/tokens/<int:token_id> (another's)": "401 401 404 404 404 404 404 404",
    # other people: admins alone
    "GET /api/v1/users": "401 401 403 403 403 403 403 200",
    "POST /api/v1/users/<int:user_id>/password-link": "401 401 403 403 403 403 403 201",
    "POST /api/v1/users/<int:user_id>/confirmation": "401 401 403 403 403 403 403 204",
    # an organiser invites leaders of own teams alone
    "POST /api/v1/invitations": "401 401 403 201 403 403 403 201",
    "POST /api/v1/invitations (of an organiser)": "401 401 403 403 403 403 403 201",
    "POST /api/v1/invitations (of an admin)": "401 401 403 403 403 403 403 201",
    "POST /api/v1/users/<int:user_id>/roles": "401 401 403 201 403 403 403 201",
    "POST /api/v1/users/<int:user_id>/roles (of an official)": "401 401 403 403 403 403 403 201",
    "DELETE /api/v1/users/<int:user_id>/roles/<int:role_id>": "401 401 403 204 403 403 403 204",
    "DELETE /api/v1/users/<int:user_id>/roles/<int:role_id> (of an organiser)": (
        "401 401 403 403 403 403 403 204"
    ),
    "GET /api/v1/audit": "401 401 403 403 403 403 403 200",
    # organisations are public; admins create them, organisers those below their own
    "GET /api/v1/organisations": EVERYBODY,
    "POST /api/v1/organisations": "401 401 403 403 403 403 403 201",
    "POST /api/v1/organisations (below the organiser's)": "401 401 403 201 403 403 403 201",
    "GET /api/v1/organisations/<int:organisation_id>": EVERYBODY,
    "PATCH /api/v1/organisations/<int:organisation_id>": "401 401 403 200 403 403 403 200",
    "DELETE /api/v1/organisations/<int:organisation_id>": "401 401 403 200 403 403 403 200",
    # officials delegate their area; admins grant roles and confirm successors of units
    "POST /api/v1/deputies": "401 401 403 403 403 201 403 403",
    "GET /api/v1/deputies": "401 401 200 200 200 200 200 200",
    "POST /api/v1/deputies/<int:deputy_id>/renewal": "401 401 404 404 404 204 404 404",
    "DELETE /api/v1/deputies/<int:deputy_id>": "401 401 404 404 404 404 404 204",
    # teams are visible to their own people; others get 404
    "GET /api/v1/organisations/<int:organisation_id>/teams": "401 401 403 200 403 403 403 200",
    "POST /api/v1/organisations/<int:organisation_id>/teams": "401 401 403 201 403 403 403 201",
    "GET /api/v1/teams/<int:team_id>": "401 401 200 200 404 404 404 200",
    "GET /api/v1/teams/<int:team_id> (not the leader's)": "401 401 404 200 404 404 404 200",
    "PATCH /api/v1/teams/<int:team_id>": "401 401 403 200 404 404 404 200",
    "PATCH /api/v1/teams/<int:team_id> (capacity)": "401 401 200 200 404 404 404 200",
    "PATCH /api/v1/teams/<int:team_id> (not the leader's)": "401 401 404 200 404 404 404 200",
    "DELETE /api/v1/teams/<int:team_id>": "401 401 403 204 404 404 404 204",
    "GET /api/v1/teams/<int:team_id>/members": "404 401 200 200 404 404 404 200",
    "GET /api/v1/teams/<int:team_id>/members (not the leader's)": "404 401 404 200 404 404 404 200",
    # campaigns are public except drafts; a device cannot sign in, and its token is refused where
    # a person's is needed
    "GET /api/v1/campaigns": "200 401 200 200 200 200 200 200",
    "POST /api/v1/campaigns": "401 401 403 201 403 403 403 201",
    "GET /api/v1/campaigns/<int:campaign_id>": "200 401 200 200 200 200 200 200",
    "GET /api/v1/campaigns/<int:campaign_id> (draft)": "404 401 404 200 404 404 404 200",
    "PATCH /api/v1/campaigns/<int:campaign_id>": "401 401 403 200 403 403 403 200",
    "PATCH /api/v1/campaigns/<int:campaign_id> (draft)": "401 401 404 200 404 404 404 200",
    "DELETE /api/v1/campaigns/<int:campaign_id>": "401 401 403 409 403 403 403 409",
    "DELETE /api/v1/campaigns/<int:campaign_id> (draft)": "401 401 404 204 404 404 404 204",
    # the leader sees a join code, the organiser creates it
    f"POST {CODE}": "401 401 403 201 404 404 404 201",
    f"POST {CODE} (draft)": "401 401 404 201 404 404 404 201",
    f"GET {CODE}": "404 401 200 200 404 404 404 200",
    f"GET {CODE} (not the leader's)": "404 401 404 200 404 404 404 200",
    # a volunteer is identified by the device alone
    "GET /api/v1/memberships/today": "401 200 401 401 401 401 401 401",
    "GET /api/v1/memberships/ended": "401 200 401 401 401 401 401 401",
    "POST /api/v1/join-codes/check": EVERYBODY,
    "POST /api/v1/memberships": "401 201 401 401 401 401 401 401",
    "GET /api/v1/memberships": "401 200 401 401 401 401 401 401",
    f"DELETE {MEMBERSHIP}": "401 200 401 401 401 401 401 401",
    f"DELETE {MEMBERSHIP} (another's)": "401 404 401 401 401 401 401 401",
    "PATCH /api/v1/volunteers/me": "401 200 401 401 401 401 401 401",
    "POST /api/v1/passes": "401 201 401 401 401 401 401 401",
    "POST /api/v1/passes/check": EVERYBODY,
    "POST /api/v1/passes/use": "401 201 401 401 401 401 401 401",
    "GET /api/v1/next": "401 200 401 401 401 401 401 401",
    # changes of an open campaign change contributions of teams
    f"POST {CAMPAIGN}/changes": "401 401 403 200 403 403 403 200",
    f"POST {CAMPAIGN}/changes (draft)": "401 401 404 200 404 404 404 200",
    # decisions of an organiser on single measurements of an own campaign
    f"POST {CAMPAIGN}/corrections": "401 401 403 200 403 403 403 200",
    f"POST {CAMPAIGN}/corrections (draft)": "401 401 404 200 404 404 404 200",
    f"POST {CAMPAIGN}/exclusions": "401 401 403 200 403 403 403 200",
    f"POST {CAMPAIGN}/exclusions (draft)": "401 401 404 200 404 404 404 200",
    # figures and plans: organisers see all teams, leaders their own
    f"GET {CAMPAIGN}/contributions": "401 401 200 200 403 403 403 200",
    f"GET {CAMPAIGN}/contributions (by member)": "401 401 200 200 403 403 403 200",
    f"GET {CAMPAIGN}/contributions (not the leader's)": "401 401 403 200 403 403 403 200",
    f"GET {CAMPAIGN}/contributions (draft)": "404 401 404 200 404 404 404 200",
    f"GET {CAMPAIGN}/summary": "401 401 200 200 403 403 403 200",
    f"GET {CAMPAIGN}/summary (draft)": "404 401 404 200 404 404 404 200",
    # a campaign that still runs has no certificate
    f"GET {CAMPAIGN}/certificate": "401 404 401 401 401 401 401 401",
    f"GET {CAMPAIGN}/plan": "401 401 200 200 403 403 403 200",
    f"GET {CAMPAIGN}/plan (not the leader's)": "401 401 404 200 403 403 403 200",
    f"GET {CAMPAIGN}/plan (draft)": "404 401 404 200 404 404 404 200",
    # signals: the organiser of the campaign, the official of the area
    f"GET {CAMPAIGN}/signals": "401 401 403 200 403 403 403 200",
    f"GET {CAMPAIGN}/signals (draft)": "404 401 404 200 404 404 404 200",
    "GET /api/v1/units/<code>/signals": "404 401 404 404 404 200 404 200",
    "PATCH /api/v1/signals": "401 401 404 200 404 404 404 200",
    "PATCH /api/v1/signals (of a unit)": "401 401 404 404 404 200 404 200",
    # a letterhead: officials of the unit
    "GET /api/v1/units/<code>/letterhead": "404 401 404 404 404 200 404 200",
    "PUT /api/v1/units/<code>/letterhead": "401 401 403 403 403 200 403 200",
    # monthly reports: officials of the area until approval, then public
    "GET /api/v1/reports": "200 401 200 200 200 200 200 200",
    "POST /api/v1/reports": "401 401 403 403 403 201 403 201",
    "GET /api/v1/reports/deadlines": "200 401 200 200 200 200 200 200",
    f"GET {REPORT}": "404 401 404 404 404 200 404 200",
    f"GET {REPORT} (approved)": "200 401 200 200 200 200 200 200",
    f"DELETE {REPORT}": "401 401 404 404 404 204 404 204",
    f"GET {REPORT}/figures": "404 401 404 404 404 200 404 200",
    f"GET {REPORT}/figures (approved)": "200 401 200 200 200 200 200 200",
    f"GET {REPORT}/files/<name>": "404 401 404 404 404 200 404 200",
    f"GET {REPORT}/files/<name> (approved)": "200 401 200 200 200 200 200 200",
    f"POST {REPORT}/freeze": "401 401 404 404 404 200 404 200",
    f"POST {REPORT}/approve": "401 401 404 404 404 200 404 200",
    f"POST {REPORT}/supersede": "401 401 404 404 404 201 404 201",
    f"POST {REPORT}/supersede (approved)": "401 401 403 403 403 201 403 201",
    # a draft's remarks, letter and checklist: officials of the unit
    f"GET {REPORT}/remarks": "404 401 404 404 404 200 404 200",
    f"GET {REPORT}/remarks (approved)": "404 401 404 404 404 200 404 200",
    f"PUT {REPORT}/remarks/<section>": "401 401 404 404 404 200 404 200",
    f"PUT {REPORT}/remarks/<section> (approved)": "401 401 403 403 403 409 403 409",
    # documents that letters answer: of a unit by its officials, of the installation by admins
    # the signed letter: officials of the unit
    f"POST {REPORT}/attachments": "401 401 403 403 403 201 403 201",
    f"GET {REPORT}/attachments/<int:attachment_id>": "404 401 404 404 404 200 404 200",
    # sealed reports of all provinces: admins, observers
    "GET /api/v1/reports/provinces": "404 401 404 404 404 404 404 200",
    "GET /api/v1/reports/provinces/<code>/report.json": "404 401 404 404 404 404 404 200",
    "GET /api/v1/reports/provinces/<code>/seal.json": "404 401 404 404 404 404 404 200",
    "GET /api/v1/reports/keys": EVERYBODY,
    "GET /api/v1/reports/by-digest/<digest>": EVERYBODY,
    # single samples: officials of the area
    "GET /api/v1/units/<code>/measurements": "404 401 404 404 404 200 404 200",
    "GET /api/v1/units/<code>/measurements/<identity>": "404 401 404 404 404 200 404 200",
    # exclusions from the counts: officials of the province
    "GET /api/v1/units/<code>/exclusions": "404 401 404 404 404 200 404 200",
    "POST /api/v1/units/<code>/exclusions": "401 401 404 404 404 200 404 200",
    f"POST {LIFT}": "401 401 404 404 404 200 404 200",
}

# Actions on pages only: personal tokens, which may be lost, are refused.
BY_SESSION = frozenset(
    {
        "DELETE /api/v1/sessions/current",
        "POST /api/v1/account/password",
        "PATCH /api/v1/account/password",
        "PATCH /api/v1/account/name",
        "POST /api/v1/account/recovery-codes",
        "POST /api/v1/account/totp",
        "POST /api/v1/account/totp/confirm",
        "DELETE /api/v1/account/totp",
        "DELETE /api/v1/account",
        "POST /api/v1/account/identities",
        f"DELETE {IDENTITY}",
        f"DELETE {IDENTITY} (another's)",
        "POST /api/v1/account/tokens",
        "POST /account/tokens",
    }
)


def endpoint(row: str) -> tuple[str, str]:
    """Return method and path of a row, without its case."""
    method, path = row.split(" (")[0].split(" ")
    return method, path


def expected(row: str) -> dict[str, int]:
    """Return the status for each actor."""
    return dict(zip(ACTORS, map(int, TABLE[row].split()), strict=True))
