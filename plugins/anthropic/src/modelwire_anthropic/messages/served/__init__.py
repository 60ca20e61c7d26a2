"""The dialect of the Messages API, for clients."""
