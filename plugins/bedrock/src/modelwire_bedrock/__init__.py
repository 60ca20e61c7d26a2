"""Amazon Bedrock for modelwire: provider `amazon-bedrock`, API `bedrock-converse-stream`."""
