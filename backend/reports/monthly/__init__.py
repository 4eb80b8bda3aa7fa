"""The life of a report: draft, frozen, approved, sealed, sent."""
