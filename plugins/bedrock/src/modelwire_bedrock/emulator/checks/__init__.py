"""Checks of the rules; each returns AWS's message for a violation, or `None`."""
