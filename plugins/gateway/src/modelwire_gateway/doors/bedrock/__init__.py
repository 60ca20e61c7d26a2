"""The doors for clients of Amazon Bedrock: Converse, and InvokeModel with bodies of Claude."""
