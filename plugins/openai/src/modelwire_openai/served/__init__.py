"""The common parts of the dialects of Chat Completions and Responses."""
