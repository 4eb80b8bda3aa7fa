"""Names of organisations, teams and campaigns: one written form, one form for comparing."""

import unicodedata

# What is not seen: control characters and marks of direction or of joining, with which one name
# could be made to look like another.
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp"})


def normalised(name: str) -> str:
    """A name as it is kept: NFC, trimmed, single blanks, nothing that cannot be seen."""
    blanks = " ".join(name.split())
    seen = "".join(c for c in blanks if unicodedata.category(c) not in UNSEEN)
    return " ".join(unicodedata.normalize("NFC", seen).split())


def folded(name: str) -> str:
    """A name as it is compared: capital and small letters are the same."""
    return unicodedata.normalize("NFC", normalised(name).casefold())
