"""Commands of the demo."""

from flask.cli import AppGroup

cli = AppGroup("demo", help="Load or remove the demo months.")
