"""The command `modelwire batch`: asks the rows of a file."""
