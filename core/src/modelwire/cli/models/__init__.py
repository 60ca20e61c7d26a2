"""`modelwire models`: one file per subcommand."""
