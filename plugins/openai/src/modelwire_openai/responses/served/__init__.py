"""The dialect of Responses, for clients."""
