"""What every peer is asked."""

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
REGION = "us-east-1"
TOOL = "write"
