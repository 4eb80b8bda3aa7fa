"""The command group `flask coverage`, to which packages above add their commands."""

from flask.cli import AppGroup

cli = AppGroup("coverage", help="Recompute stored figures.")
commands = (cli,)
