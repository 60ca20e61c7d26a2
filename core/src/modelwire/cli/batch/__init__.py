"""The command `modelwire batch`: sends the rows of a file."""
