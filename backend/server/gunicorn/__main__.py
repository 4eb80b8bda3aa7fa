"""Start the web server: `python -m backend.server.gunicorn`."""

import gc
import os
import sys

if __name__ == "__main__":
    # Garbage collections are a fifth of the time that importing takes, and find almost nothing.
    # The workers have them again (config/gunicorn.py), and the process that prepares.
    gc.disable()
    # numpy would start a thread for each processor, which the forks end again.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # structlog would load rich, for tracebacks at a terminal; flask-smorest yaml, for a command.
    sys.modules |= dict.fromkeys(("rich", "yaml"))  # type: ignore[arg-type]
    import flask_smorest  # noqa: F401
    import structlog  # noqa: F401

    del sys.modules["rich"], sys.modules["yaml"]
    from backend.server.gunicorn.forking import use_one_heap
    from backend.server.gunicorn.web import main

    use_one_heap()

    main(sys.argv[1:])
