"""Checks of the rules; each returns what is wrong in AWS's words, or `None`."""
