"""Start, supervise and reload the processes of one installation."""
