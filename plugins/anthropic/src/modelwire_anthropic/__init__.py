"""Anthropic's Messages API for modelwire."""
