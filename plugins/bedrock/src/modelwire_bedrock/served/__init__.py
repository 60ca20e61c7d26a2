"""Dialects of Bedrock beside Converse, and what they share with it."""
