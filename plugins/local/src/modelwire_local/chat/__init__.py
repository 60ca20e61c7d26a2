"""The engine's chat completions: requests and responses."""
