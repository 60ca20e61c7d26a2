"""Discovery of the models that a region of Amazon Bedrock offers."""
