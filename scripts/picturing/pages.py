"""The pages that are pictured, by the name of their picture."""

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
    "docs": "/docs",
}
