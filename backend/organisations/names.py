"""Names of organisations, teams and campaigns: the stored form and the form for comparing."""

import unicodedata

# Invisible characters: control characters, marks of direction or joining, by which one name could
# look like another, and what is no character (U+FFFE) or has no agreed form.
INVISIBLE = frozenset({"Cc", "Cf", "Cn", "Co", "Zl", "Zp"})


def normalised(name: str) -> str:
    """Return the stored form of a name: NFC, trimmed, single blanks, no invisible characters."""
    blanks = " ".join(name.split())
    visible = "".join(c for c in blanks if unicodedata.category(c) not in INVISIBLE)
    return " ".join(unicodedata.normalize("NFC", visible).split())


def folded(name: str) -> str:
    """Return the form of a name for comparing: without case."""
    return unicodedata.normalize("NFC", normalised(name).casefold())
