"""Facts about the models on Amazon Bedrock."""
