"""Build the client kits from the OpenAPI document; without names, all of them."""

import argparse
import sys
from pathlib import Path

from tests.tools.client_kits.building import KITS, ROOT, BuildError


def main(arguments: list[str]) -> int:
    """Return 1 if a kit could not be built."""
    parser = argparse.ArgumentParser(prog="scripts/clients", description=__doc__)
    parser.add_argument("kits", nargs="*", metavar="KIT", help=" or ".join(KITS))
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "clients")
    options = parser.parse_args(arguments)
    unknown = set(options.kits) - set(KITS)
    if unknown:
        parser.error(f"there is no kit {', '.join(sorted(unknown))}")
    for name in options.kits or KITS:
        try:
            path = KITS[name](options.folder.resolve())
        except BuildError as error:
            print(f"Error: {error}", file=sys.stderr)
            return 1
        print(f"{name}: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
