"""Where AWS credentials come from: found without the network, loaded by botocore, kept fresh."""
