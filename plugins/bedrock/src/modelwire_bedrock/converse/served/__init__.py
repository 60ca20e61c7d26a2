"""The dialect of Converse, for clients."""
