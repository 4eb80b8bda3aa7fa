"""The pages of the screenshots by name, and the roles that sign in for them.

A page is a path of the demo, or a path and the prefix of a link to follow.
"""

Place = str | tuple[str, str]

PAGES: dict[str, Place] = {
    "country": "/?month=2026-11",
    "country-2024": "/?month=2024-11",
    "province": "/unit/19?month=2024-11",
    "commune": "/unit/05443?month=2024-11",
    "island": "/unit/318?month=2024-11",
    "speeds": "/network-speed?month=2024-11",
    "speeds-province": "/network-speed?unit=19&month=2024-11",
    "wall": "/wall",
    "wall-province": "/unit/19/wall?month=2026-11",
    "search": "/search?q=thanh",
    "reform": "/reform/2024/168",
    "predecessors": "/reform/2025/05611?month=2024-11",
    "search-none": "/search?q=khongco",
    "gap-places": "/unit/19/places",
    "widget": "/unit/19/widget?month=2024-11",
    "data": "/data",
    "embed": "/embed?unit=19",
    "wrong": "/unit/zz",
    "sign-in": "/sign-in",
    "invitation": f"/invitation#{'x' * 43}",
    "measuring": "/do/",
    "apps": "/do/apps",
    "withdraw": "/withdraw",
    "seal": "/seal",
    "docs": "/docs",
    "help": "/huong-dan?q=ranh+gioi",
    "help-english": "/guide",
    "help-guide": "/huong-dan/can-bo",
    "help-guide-english": "/guide/volunteers",
    "help-rules": "/huong-dan/quy-tac",
    "help-rules-english": "/guide/rules",
    "help-card": "/huong-dan/nguoi-do/the",
    "help-card-english": "/guide/officials/card",
}

OF_PEOPLE: dict[str, dict[str, Place]] = {
    "organiser": {
        "board": "/campaigns",
        "board-campaign": "/campaigns/2",
        "board-ending": "/campaigns/1",
        "board-summary": "/campaigns/1/summary",
        "board-end": "/campaigns/2/end",
        "board-contributions": "/campaigns/1/teams?by=day",
        "board-teams": "/campaigns/1/teams",
        "board-team": ("/campaigns/1/teams", "/campaigns/1/teams/1"),  # beside it is the import
        "board-outreach": "/campaigns/1/teams/1/outreach",
        "board-plan": "/campaigns/2/plan",
        "board-slips": "/campaigns/2/plan/slips",
        "board-signals": "/campaigns/2/signals?month=2026-10",
        "board-corrections": "/campaigns/1/corrections",
        "board-settings": "/campaigns/1/settings",
        "board-new": "/campaigns/new",
        "setup-ready": "/campaigns/2/ready",
        "setup-add-team": "/campaigns/2/teams/add",
        "setup-change-team": "/campaigns/1/teams/1/change",
        "setup-leader": "/campaigns/1/teams/1/leaders",
    },
    "official": {
        "desk": "/desk/area/19",
        "desk-2024": "/desk/area/19?month=2024-11",
        "desk-remind": "/desk/area/19/remind",
        "desk-remind-mail": "/desk/area/19/remind/mail",
        "desk-letter": "/desk/area/19/reminder-letter",
        "desk-contacts": "/desk/area/19/contacts",
        "desk-contact-import": "/desk/area/19/contacts/import",
        "desk-samples": "/desk/area/19/samples?month=2024-11",
        "desk-sample": ("/desk/area/19/samples?month=2024-11", "/desk/area/19/samples/"),
        "desk-signals": "/desk/area/19/signals?month=2026-10",
        "desk-exclude": "/desk/area/19/exclude?month=2024-11",
        "desk-exclusions": "/desk/area/19/exclusions?month=2024-11",
        "desk-exclusion": ("/desk/area/19/exclusions?month=2024-11", "/desk/area/19/exclusions/"),
        "desk-no-connection": "/desk/area/19/no-connection",
        "desk-outreach": "/desk/area/19/outreach",
        "desk-outreach-import": "/desk/area/19/outreach/import",
        "desk-places": "/desk/area/19/places",
        # The first place; the tab of proposals has an address of the same beginning.
        "desk-place": ("/desk/area/19/places", "/desk/area/19/places/1"),
        "desk-proposals": "/desk/area/19/places/proposals",
        "desk-place-letter": "/desk/area/19/places/letter",
        "desk-place-answers": "/desk/area/19/places/answers",
        "desk-hamlets": "/desk/area/19/hamlets",
        "desk-hamlet-import": "/desk/area/19/hamlets/import",
        "desk-vnnic": "/desk/area/19/vnnic?month=2024-11",
        "desk-letterhead": "/desk/area/19/letterhead",
        "account-deputies": "/account/deputies",
        "desk-reports": "/desk/reports",
        "desk-report": ("/desk/reports", "/desk/reports/"),
        "seal-report": "/seal/0",
    },
    "admin": {
        "desk-areas": "/desk",
        "desk-provinces": "/desk/provinces?month=2026-10",
        "desk-province": "/desk/provinces/19?month=2026-10",
        "admin": "/admin",
        "admin-connections": "/admin/connections",
        "admin-webhooks": "/admin/webhooks",
        "admin-webhook": ("/admin/webhooks", "/admin/webhooks/"),
        "admin-sets": "/admin/sets",
        "admin-check": ("/admin", "/admin/checks/"),
        "account": "/account",
        "account-sessions": "/account/sessions",
        "account-tokens": "/account/tokens",
        "admin-people": "/admin/people",
        "admin-officials": "/admin/people/officials?home=19",
        "admin-person": ("/admin/people", "/admin/people/"),
        "admin-organisations": "/admin/organisations",
        "admin-clusters": "/admin/clusters",
        "cluster": ("/admin/clusters", "/cluster/"),
        "admin-targets": "/admin/targets",
        "admin-target": ("/admin/targets", "/admin/targets/"),
        "admin-notices": "/admin/notices",
        "admin-withdrawals": "/admin/withdrawals",
        "admin-audit": "/admin/audit",
    },
}


def open_at(place: Place) -> tuple[str, str | None]:
    """Return the path to open, and the prefix of the link to follow, if any."""
    return (place, None) if isinstance(place, str) else place


def example(place: Place) -> str:
    """Return an example of the page's path, since ids are unknown."""
    opened, followed = open_at(place)
    return (f"{followed}1" if followed else opened).partition("?")[0].partition("#")[0]
