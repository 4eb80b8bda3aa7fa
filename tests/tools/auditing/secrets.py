"""Search the tree and the history for keys and passwords; exit 1 if one is found."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SECRET = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36}\b"
    r"|\bxox[abpr]-[A-Za-z0-9-]{20,}"
    r"|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\."
    r"|postgres(?:ql)?://[\w.-]+:(?!pass|secret|\.\.\.|…|[$<{])[^\s@/'\"]{8,}@"
)
# Vendored files are recorded with their digests.
EXCLUDED = ("backend/static/vendor/", "tests/tools/auditing/")


def found(text: str) -> list[str]:
    """Return possible secrets of a text, shortened so that no log repeats them."""
    return [one.group(0)[:24] + "…" for one in SECRET.finditer(text)]


def committed() -> Iterator[tuple[str, str]]:
    """Yield every file of the tree, and every line that a commit added."""
    names = git("ls-files", "-z").split("\0")
    for name in names:
        if name and not name.startswith(EXCLUDED) and (ROOT / name).is_file():
            yield name, (ROOT / name).read_text(errors="replace")
    leave = [f":!{path}" for path in EXCLUDED]
    added = git("log", "-p", "--no-color", "--format=%h", "--", ".", *leave)
    yield "history", "\n".join(line for line in added.splitlines() if line.startswith("+"))


def git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode(errors="replace")


def main() -> int:
    clean = True
    for place, text in committed():
        for secret in found(text):
            clean = False
            print(f"{place}: {secret}")
    print("nothing that looks like a key or a password" if clean else "see above")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
