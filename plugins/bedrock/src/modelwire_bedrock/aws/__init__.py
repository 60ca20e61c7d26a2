"""AWS access: credentials, regions, endpoints, signing and clients."""
