"""Embeddings: the route `embeddings`, which both APIs of OpenAI share."""
