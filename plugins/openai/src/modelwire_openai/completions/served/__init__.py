"""Chat Completions as it is served to clients."""
