"""The commands that manage a gateway: keys, usage and the database."""
