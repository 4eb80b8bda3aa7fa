"""The pages that are pictured, by the name of their picture, and who has to sign in for them."""

PAGES = {
    "country": "/?month=2026-11",
    "country-2024": "/?month=2024-11",
    "province": "/unit/19?month=2024-11",
    "commune": "/unit/05443?month=2024-11",
    "island": "/unit/318?month=2024-11",
    "search": "/search?q=thanh",
    "widget": "/unit/19/widget?month=2024-11",
    "wrong": "/unit/zz",
    "styleguide": "/styleguide",
    "sign-in": "/sign-in",
    "join": "/join#ACDEFGHJ",
    "measuring": "/do/",
    "withdraw": "/withdraw",
    "seal": "/seal",
    "docs": "/docs",
}

OF_PEOPLE = {
    "organiser": {
        "board": "/campaigns",
        "board-campaign": "/campaigns/1",
        "board-contributions": "/campaigns/1/contributions",
        "board-teams": "/campaigns/1/teams",
        "board-team": "/campaigns/1/teams/1",
        "board-plan": "/campaigns/2/plan",
        "board-signals": "/campaigns/1/signals",
        "board-corrections": "/campaigns/1/corrections",
        "board-settings": "/campaigns/1/settings",
        "board-import": "/campaigns/1/teams/import",
        "board-new": "/campaigns/new",
    },
    "official": {
        "desk": "/desk/area/19",
        "desk-2024": "/desk/area/19?month=2024-11",
        "desk-samples": "/desk/area/19/samples?month=2024-11",
        "desk-wall": "/desk/wall",
    },
    "admin": {
        "admin": "/admin",
        "admin-people": "/admin/people",
        "admin-organisations": "/admin/organisations",
        "admin-targets": "/admin/targets",
        "admin-withdrawals": "/admin/withdrawals",
        "admin-audit": "/admin/audit",
    },
}
