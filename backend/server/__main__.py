"""`python -m backend.server [--demo]`, what scripts/serve runs."""

import sys

from backend.server.running.serve import main

sys.exit(main(sys.argv[1:]))
