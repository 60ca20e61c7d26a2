"""Messages as it is served to clients."""
