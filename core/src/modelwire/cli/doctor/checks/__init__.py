"""The checks of `modelwire doctor`, one a file; `modelwire.cli.doctor.run` has the table."""
