"""Which models a region of Amazon Bedrock offers."""
