"""Command group `flask measurements` with the command that folds counts."""

from flask.cli import AppGroup

from backend.measurements.recording import counting

cli = AppGroup("measurements", help="Recompute and compare what is stored about measurements.")
commands = (cli,)


@cli.command()
def fold() -> None:
    """Fold pending changes of counts into the counts."""
    counting.fold_all()
