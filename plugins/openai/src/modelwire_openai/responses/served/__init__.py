"""Responses as it is served to clients."""
