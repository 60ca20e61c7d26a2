"""The dialect of Chat Completions, for clients."""
