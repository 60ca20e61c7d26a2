"""AWS credentials: detected without the network, loaded by botocore, refreshed before expiry."""
