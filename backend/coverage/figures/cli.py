"""The command group `flask coverage`."""

from flask.cli import AppGroup

cli = AppGroup("coverage", help="Recompute stored figures.")
commands = (cli,)
