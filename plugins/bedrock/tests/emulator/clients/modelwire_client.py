"""modelwire itself: an answer, a stream and a tool."""

import json

from modelwire.runtime import SyncRuntime

MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"

with SyncRuntime.from_config() as runtime:
    answer = runtime.complete("Hello", model=MODEL)
print(json.dumps({"text": answer.text}))
