"""The bodies of InvokeModel: those of each family, read as Converse and written from its events."""
