"""Converse as it is served to clients."""
