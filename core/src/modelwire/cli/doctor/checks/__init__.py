"""Checks of `modelwire doctor`, one per file; `modelwire.cli.doctor.run` has the table."""
