"""Answers kept on disk by what was asked, so that tests and demos need no model."""
