"""`python -m backend.server [--demo]`, run by scripts/serve."""

import sys

from backend.server.running.serve import main

sys.exit(main(sys.argv[1:]))
