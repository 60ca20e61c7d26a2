"""The checks of `modelwire doctor`, one a file; `modelwire.cli.doctor.examination` has the table."""
