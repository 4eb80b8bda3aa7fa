"""The command group `flask coverage`."""

from flask.cli import AppGroup

cli = AppGroup("coverage", help="Stored figures: compute them again.")
commands = (cli,)
