"""What every peer is asked."""

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
REGION = "us-east-1"
TOOL = "write"
GPT = "openai.gpt-5.6-luna"
GPT_OSS = "openai.gpt-oss-120b-1:0"
CLAUDE = "us.anthropic.claude-opus-5"
TOKEN = "bedrock-api-key-unknown"  # noqa: S105 - no service takes it
