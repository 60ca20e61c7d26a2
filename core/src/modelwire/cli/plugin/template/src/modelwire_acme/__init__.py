"""Acme for modelwire."""
